"""The transductive protocol: fitted on all samples and scored on the same, and never beside the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from in_process import measured_here
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score
from test_cli import call_here
from test_controls import board_of

import benchmark
from benchmark.analysis.columns import RANKING, leading_metric
from benchmark.datasets import load_dataset
from benchmark.errors import InputError
from benchmark.measure.measurement import measure
from benchmark.measure.outcome import make_record
from benchmark.measure.preparation import pool
from benchmark.plan.job import Job
from benchmark.plan.suite import check_request
from benchmark.plan.suite_plan import SuitePlan
from benchmark.reporting.report_data import gather
from benchmark.reporting.stored_run import StoredRun
from benchmark.request import Request
from benchmark.results import open_store
from reducers import make_reducer

SENTENCE = "fitted on all samples and scored on the same"
SUITE = "n_train = 200\nn_test = 80\ncomponents = [3]\n"


def job_of(protocol: str, reducer: str = "pca") -> Job:
    request = Request((reducer,), "digits", protocol=protocol)
    (job,) = SuitePlan(request, SimpleNamespace(devices=("cpu",), threads=1)).jobs
    return job


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    path = tmp_path_factory.mktemp("run")
    (path / "few.toml").write_text(SUITE)
    with measured_here():
        for protocol in ("heldout", "transductive"):
            found = benchmark.run(
                ["pca", "random-projection"], "digits", suite=path / "few.toml", threads=1, name="few",
                protocol=protocol, results_dir=path / "results", reports_dir=path / "reports",
            )  # fmt: skip
    return found


def test_all_samples_are_fitted_and_scored() -> None:
    data = load_dataset("digits")
    X, y = np.concatenate(data.scaled()), np.concatenate([data.y_train, data.y_test])
    job = job_of("transductive")
    outcome = measure(job)
    record = make_record(job, outcome, {})
    assert (record.status, record.scored_on) == ("ok", "all")
    assert record.n_train == record.n_test == len(X) == 1797
    codes = make_reducer("pca", n_components=10).fit_transform(X)
    np.testing.assert_allclose(outcome.artifacts["embeddings"]["Z_test"], codes, atol=1e-4)
    clusters = KMeans(10, n_init=10, random_state=0).fit_predict(codes)
    expected = normalized_mutual_info_score(y, clusters)
    assert record.scores["kmeans_nmi"] == pytest.approx(expected, abs=0.02)


def test_what_needs_held_out_samples_is_absent() -> None:
    scores = measure(job_of("transductive")).scores
    assert not {"knn_accuracy", "forest_accuracy", "linear_accuracy"} & set(scores)
    assert {"kmeans_nmi", "trustworthiness", "reconstruction_mse"} <= set(scores)


def test_a_job_without_the_word_is_what_it_always_was() -> None:
    held, transductive = job_of("heldout"), job_of("transductive")
    assert held.key == replace(transductive, scored_on="heldout").key != transductive.key
    asked = Request(("pca",), "digits", protocol="transductive").command()
    assert asked.endswith("--protocol transductive")
    assert "--protocol" not in Request(("pca",), "digits").command()


def test_pooled_data_keep_their_labels_and_their_order() -> None:
    data = load_dataset("digits", n_train=30, n_test=20)
    pooled = pool(data)
    assert pooled.n_train == pooled.n_test == 50
    assert pooled.y_test is not None
    np.testing.assert_array_equal(pooled.y_test[:30], data.y_train)
    np.testing.assert_array_equal(np.asarray(pooled.rows()[1])[30:], data.scaled()[1])
    assert pool(replace(data, y_test=None)).y_train is None


@pytest.mark.slow
def test_two_protocols_never_share_a_row_or_a_ranking(both: StoredRun) -> None:
    table, board = both.table, board_of(both)
    assert sorted(table["scored_on"]) == ["all"] * 2 + ["heldout"] * 2
    assert set(table.loc[table["scored_on"] == "all", "n_test"]) == {280}
    assert len(board) == 4
    for _, rows in board.groupby("scored_on"):
        assert rows["kmeans_nmi_best_rank"].min() == 1
        assert rows["kmeans_nmi_worst_rank"].max() == 2


@pytest.mark.slow
def test_the_headline_is_of_one_protocol_and_says_which(both: StoredRun) -> None:
    assert both.report is not None
    headline = next(line for line in both.report.read_text().splitlines() if line.startswith("On digits"))
    assert "heldout" in headline
    assert "k-NN accuracy" in headline


@pytest.mark.slow
def test_report_and_terminal_say_what_transductive_is(
    tmp_path: Path, both: StoredRun, capsys: pytest.CaptureFixture[str]
) -> None:
    assert both.report is not None
    # In the headline, and below the leaderboard.
    assert both.report.read_text().count(SENTENCE) == 2
    (tmp_path / "few.toml").write_text(SUITE)
    places = ["--results-dir", str(tmp_path / "results"), "--reports-dir", str(tmp_path / "reports")]
    asked = ["--reducer", "pca", "--dataset", "digits", "--suite", str(tmp_path / "few.toml")]
    with measured_here():
        code, out, _ = call_here(capsys, "run", *asked, "--protocol", "transductive", *places)
    assert code == 0
    assert SENTENCE in " ".join(out.split())
    board = gather(open_store(tmp_path / "results", "digits-few")).board
    metric = leading_metric(board)
    assert metric is not None
    assert metric.name == RANKING[1]


def test_a_choice_of_settings_needs_what_is_not_there() -> None:
    asked = Request(("pca",), "digits", protocol="transductive", select="kmeans_nmi")
    with pytest.raises(InputError, match="--select scores held-out samples, and --protocol transductive"):
        check_request(asked)


def test_an_unknown_protocol_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call_here(capsys, "run", "--reducer", "pca", "--dataset", "digits", "--protocol", "all")
    assert code == 2
    assert "--protocol must be one of heldout, transductive; got 'all'." in " ".join(err.split())
