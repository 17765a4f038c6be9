"""The best of several settings is chosen on held-out training samples, and it alone is tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from short_report import short_report
from test_runner import FakePool

from benchmark import load_results
from benchmark.cli import app as cli
from benchmark.datasets import load_dataset
from benchmark.datasets.feature_scaling import Preparation
from benchmark.datasets.mapped import take
from benchmark.errors import InputError
from benchmark.execution import runner
from benchmark.execution.merging import merge_runs
from benchmark.measure.measurement import measure
from benchmark.measure.outcome import Outcome, make_record
from benchmark.measure.preparation import hold_out
from benchmark.plan.job import Job
from benchmark.plan.suite import check_request
from benchmark.plan.suite_plan import SuitePlan
from benchmark.request import Request
from benchmark.results import Record, Store
from reducers.rows import Rows

GRID = ("pca.whiten=true,false", "umap.n_neighbors=5,15,50")


class ScoringPool(FakePool):
    """A pool whose jobs end with a score that a function gives them; None lets one fail."""

    def __init__(self, score: Callable[[Job], float | None], metric: str) -> None:
        super().__init__()
        self.score, self.metric = score, metric

    def run_all(
        self, jobs: Sequence[Job], store: Store, started: Callable[[Job], None], timeout: float | None
    ) -> Iterator[Record]:
        for job in jobs:
            self.asked.append(job)
            started(job)
            score = self.score(job)
            outcome = Outcome("failed") if score is None else Outcome("ok", scores={self.metric: score})
            yield make_record(job, replace(outcome, fit_times=[1.0]), self.environment)


@pytest.fixture
def choose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Job]]:
    """Return a function that runs with scores of its choice, and returns the jobs that were asked for."""

    def run(score: Callable[[Job], float | None], whole_report: bool = False, **changes: Any) -> list[Job]:
        pool = ScoringPool(score, changes.get("select") or "knn_accuracy")
        monkeypatch.setattr(runner, "open_pool", lambda request, note: pool)
        options = {"name": "r", "seeds": 2, "settings": GRID, "select": "knn_accuracy"}
        paths = {"results_dir": str(tmp_path / "results"), "reports_dir": str(tmp_path / "reports")}
        request = Request(("pca", "umap", "raw"), "digits", **(options | paths | changes))
        runner.run(request, None, None, None if whole_report else short_report)
        return pool.asked

    return run


SETTINGS = ("n_neighbors=5", "", "n_neighbors=50", "n_neighbors=70")


def best_on_average(job: Job) -> float:
    """A setting that is the luckiest with one seed, and another that is the best over all."""
    scores = dict(zip(SETTINGS, ((0.9, 0.1, 0.1), (0.6, 0.6, 0.6), (0.2, 0.3, 0.1)), strict=False))
    return scores.get(job.setting, (0.5, 0.5, 0.5))[job.seed]


def test_only_the_setting_that_was_chosen_is_tested(choose: Callable[..., list[Job]], tmp_path: Path) -> None:
    asked = choose(best_on_average, whole_report=True)
    trials = [(job.reducer, job.setting) for job in asked if job.part == "validation"]
    assert len(trials) == len(set(trials)) * 2 == 10, "every setting with every seed"
    tested = {(job.reducer, job.setting, job.seed): job.chosen for job in asked if job.part == "test"}
    assert set(tested) == {
        (name, setting, seed) for name, setting in (("pca", ""), ("umap", ""), ("raw", "")) for seed in (0, 1)
    }
    assert tested["umap", "", 0] == "best of 3 by knn_accuracy on a fifth of the training set"
    assert tested["raw", "", 0] == "", "there was nothing to choose"
    store = Store(tmp_path / "results", "r")
    sizes = {record.part: (record.n_train, record.n_test) for record in store.records()}
    assert sizes == {"test": (1438, 359), "validation": (1150, 288)}
    table = load_results("r", tmp_path / "results")
    assert len(table) == 6, "trials are kept, but are no test scores"
    assert len(list(store.records())) == 16
    report = (tmp_path / "reports" / "r" / "report.md").read_text()
    assert "umap to 10 components, default: best of 3 by knn" in report
    assert "looks too good" not in report


def test_a_trial_that_others_disturbed_is_not_measured_again(
    choose: Callable[..., list[Job]], monkeypatch: pytest.MonkeyPatch
) -> None:
    disturbed = make_record

    def disturbing(job: Job, outcome: Outcome, environment: dict[str, Any]) -> Record:
        return disturbed(
            job, replace(outcome, foreign_cpu=0.5 if job.reducer == "umap" else 0.0), environment
        )

    monkeypatch.setattr("test_selection.make_record", disturbing)
    asked = choose(best_on_average)
    again = [(job.reducer, job.part) for place, job in enumerate(asked) if job in asked[:place]]
    assert again == [("umap", "test")] * 2, "the times of a trial decide nothing"


def test_the_command_line_says_which_setting_was_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pool = ScoringPool(best_on_average, "kmeans_nmi")
    monkeypatch.setattr(runner, "open_pool", lambda request, note: pool)
    monkeypatch.chdir(tmp_path)
    words = (
        "run --reducer umap --set umap.n_neighbors=5,15,50 --select kmeans_nmi --dataset digits --suite quick"
    )
    for extra in ([], ["--wide"], ["--quiet"]):
        monkeypatch.setattr("sys.argv", ["benchmark", *words.split(), "--seeds", "2", *extra])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 0
        said = capsys.readouterr().out.splitlines()
        chosen = "umap to 10 components, default: best of 3 by kmeans_nmi on a fifth of the training set"
        assert (chosen in said) == (extra != ["--quiet"])


def test_what_was_chosen_is_not_chosen_again(choose: Callable[..., list[Job]], tmp_path: Path) -> None:
    choose(best_on_average)
    assert choose(best_on_average) == []
    more = choose(best_on_average, seeds=3, settings=(*GRID, "umap.n_neighbors=70"))
    trials = [job for job in more if job.part == "validation" and job.reducer == "umap"]
    new = {("n_neighbors=70", 0), ("n_neighbors=70", 1), *((setting, 2) for setting in SETTINGS)}
    assert {(job.setting, job.seed) for job in trials} == new
    assert len(trials) == len(new)


def test_a_setting_that_fails_is_not_chosen(choose: Callable[..., list[Job]]) -> None:
    asked = choose(lambda job: None if job.setting == "n_neighbors=5" and job.seed else best_on_average(job))
    assert {job.setting for job in asked if job.part == "test" and job.reducer == "umap"} == {""}


def test_where_every_trial_fails_the_table_says_so(choose: Callable[..., list[Job]], tmp_path: Path) -> None:
    choose(lambda job: None if job.reducer == "umap" else 0.5)
    table = load_results("r", tmp_path / "results")
    assert table.loc[table["reducer"] == "umap", "status"].tolist() == ["failed"] * 2


def test_an_error_is_better_where_it_is_smaller(choose: Callable[..., list[Job]]) -> None:
    asked = choose(best_on_average, select="reconstruction_mse")
    assert {job.setting for job in asked if job.chosen and job.reducer == "umap"} == {"n_neighbors=50"}


def test_trials_of_merged_runs_stay_trials(choose: Callable[..., list[Job]], tmp_path: Path) -> None:
    choose(best_on_average)
    choose(best_on_average, name="s", settings=("pca.whiten=true,false",))
    merge_runs(["r", "s"], "both", tmp_path / "results", tmp_path / "reports")
    parts = [record.part for record in Store(tmp_path / "results", "both").records()]
    assert parts.count("validation") == 10
    assert len(load_results("both", tmp_path / "results")) == parts.count("test")


def test_settings_compared_on_the_test_set_are_said_to_be(
    choose: Callable[..., list[Job]], tmp_path: Path
) -> None:
    choose(best_on_average, select=None, whole_report=True)
    assert "so the best of them looks too good" in (tmp_path / "reports" / "r" / "report.md").read_text()


def test_a_metric_that_is_none_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"--select takes one of kmeans_nmi, .*'knn_acuracy'. Did you mean 'knn_accuracy'"
    ):
        check_request(Request(("pca",), select="knn_acuracy"))


def test_no_test_sample_is_seen_by_a_trial() -> None:
    data = load_dataset("digits", seed=1)
    part = hold_out(data, 1)
    whole = {row.tobytes() for row in np.asarray(data.X_train)}
    assert (part.n_train, part.n_test) == (1150, 288)
    rows = [row.tobytes() for X in (part.X_train, part.X_test) for row in np.asarray(X)]
    assert set(rows) == whole
    assert part.y_test is not None
    assert np.bincount(part.y_test).min() > 20, "a part of every class"
    again = hold_out(data, 1)
    np.testing.assert_array_equal(part.X_test, again.X_test)
    assert not np.array_equal(part.X_test, hold_out(data, 2).X_test)


def test_what_stays_in_its_file_is_held_out_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.datasets.mapped.MAPPED_BYTES", 1)
    np.save(tmp_path / "x.npy", np.arange(60, dtype=np.float32).reshape(20, 3))
    X = take(np.load(tmp_path / "x.npy", mmap_mode="r"), np.arange(10, 20))
    assert isinstance(X, Rows)
    data = replace(load_dataset("digits"), X_train=X, y_train=np.arange(10, 20), preparation=Preparation())
    part = hold_out(data, 0)
    assert isinstance(part.X_train, Rows)
    for samples, labels in ((part.X_train, part.y_train), (part.X_test, part.y_test)):
        np.testing.assert_array_equal(np.asarray(samples)[:, 0], 3 * np.asarray(labels))
    assert (len(part.X_train), len(part.X_test)) == (8, 2)


def test_a_trial_is_measured_on_what_was_held_out() -> None:
    plan = SuitePlan(Request(("pca",), "digits"), SimpleNamespace(devices=("cpu",), threads=1))
    (job,) = plan.jobs
    trial = replace(job, part="validation")
    assert trial.key != job.key
    outcomes = [measure(one) for one in (job, trial)]
    assert [outcome.status for outcome in outcomes] == ["ok", "ok"]
    lengths = [len(outcome.artifacts["embeddings"]["Z_test"]) for outcome in outcomes]
    assert lengths == [359, 288]
