"""Methods that place no new samples: scored on the rows of their fit, and never beside held-out rows."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from in_process import measured_here
from rich.console import Console
from test_terminal import made, watched

from benchmark import run
from benchmark.analysis.columns import held_out
from benchmark.analysis.ranking import with_ranks
from benchmark.analysis.tables import leaderboard
from benchmark.cli.closing_table import closing_table
from benchmark.reporting.report_data import gather
from benchmark.reporting.stored_run import StoredRun
from benchmark.results import Record, Store
from benchmark.scoring import METRICS, Embedding
from reducers import make_reducer
from reducers.base import NotApplicableError

MDS, SPECTRAL = "sklearn.manifold.MDS", "sklearn.manifold.SpectralEmbedding"
SUITE = "n_train = 120\nn_test = 40\ncomponents = [2]\nseeds = 2\n"
ACCURACIES = ["knn_accuracy", "forest_accuracy", "linear_accuracy"]


def measured(path: Path, data: Any, **options: Any) -> StoredRun:
    with measured_here():
        return run(
            ["pca", "random-projection", MDS, SPECTRAL], data, threads=1, name="few",
            results_dir=path / "results", reports_dir=path / "reports", **options,
        )  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    path = tmp_path_factory.mktemp("run")
    (path / "few.toml").write_text(SUITE)
    return measured(path, "digits", suite=path / "few.toml")


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    data = np.random.default_rng(0).random((80, 6), dtype=np.float32)
    return measured(tmp_path_factory.mktemp("unlabelled"), data, components=2)


def store_of(found: StoredRun) -> Store:
    assert found.report is not None
    return Store(found.report.parents[2] / "results", "few")


def report_of(found: StoredRun) -> str:
    assert found.report is not None
    return found.report.read_text()


def fitted(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["reducer"].isin([MDS, SPECTRAL])]


@pytest.mark.slow
def test_a_record_says_what_was_scored(found: StoredRun) -> None:
    table = found.table
    assert (table["status"] == "ok").all()
    assert (fitted(table)["scored_on"] == "fitted").all()
    assert (fitted(table)["n_test"] == 120).all()
    others = table.drop(fitted(table).index)
    assert (others["scored_on"] == "heldout").all()
    assert (others["n_test"] == 40).all()


@pytest.mark.slow
def test_what_needs_held_out_rows_is_not_measured(found: StoredRun) -> None:
    rows = fitted(found.table)
    assert rows[[*ACCURACIES, "transform_seconds"]].isna().all(axis=None)
    assert rows[["kmeans_nmi", "trustworthiness", "fit_seconds"]].notna().all(axis=None)


def test_a_metric_says_that_it_needs_held_out_rows() -> None:
    rng = np.random.default_rng(0)
    codes, classes = rng.normal(size=(60, 2)), np.arange(60) % 3
    of_the_fit = Embedding(codes, codes, classes, classes, held_out=False)
    for name in ACCURACIES:
        assert METRICS[name](of_the_fit) is None
        assert METRICS[name](replace(of_the_fit, held_out=True)) is not None


@pytest.mark.slow
def test_held_out_rows_are_ranked_as_if_there_were_no_others(found: StoredRun) -> None:
    store, frame = store_of(found), found.table
    board, alone = (
        with_ranks(leaderboard(rows), rows, store).set_index("reducer")
        for rows in (frame, frame.drop(fitted(frame).index))
    )
    ranks = [name for name in board if name.endswith("_rank")]
    pd.testing.assert_frame_equal(board.loc[alone.index, ranks], alone[ranks])
    # The others have an order of their own.
    assert board.loc[[MDS, SPECTRAL], "kmeans_nmi_worst_rank"].max() <= 2


@pytest.mark.slow
def test_the_board_has_them_last_and_the_front_leads_past_them(found: StoredRun) -> None:
    assert found.board["scored_on"].tolist() == ["heldout"] * 2 + ["fitted"] * 2
    drawn = found.figure("pareto")
    labels = {text.get_text() for axes in drawn.axes for text in axes.texts}
    assert "pca" in labels
    assert not any("sklearn" in label for label in labels)
    assert len(held_out(found.board)) == 2
    assert len(held_out(fitted(found.board))) == 2


@pytest.mark.slow
def test_the_report_says_so_and_names_none_of_them_the_best(found: StoredRun) -> None:
    text = report_of(found)
    headline = text.split("## What was run")[0]
    assert re.search(r"Scored on the rows of the fit.*sklearn\.manifold\.", headline)
    assert "MDS" not in headline.partition("Scored on the rows")[0]
    assert "| scored on |" in text
    assert text.count("| fitted |") >= 2


@pytest.mark.slow
def test_without_labels_the_most_rows_do_not_make_the_headline(unlabelled: StoredRun) -> None:
    headline = report_of(unlabelled).split("## What was run")[0].partition("Scored on the rows")[0]
    assert "trustworthiness" in headline
    assert "sklearn" not in headline
    assert unlabelled.board["scored_on"].tolist() == ["heldout"] * 2 + ["fitted"] * 2


@pytest.mark.slow
def test_the_terminal_says_so_in_80_columns(found: StoredRun) -> None:
    console = Console(width=80, record=True, file=StringIO())
    console.print(closing_table(gather(store_of(found)).board, found.table, "few"))
    text = console.export_text()
    assert sum(" fitted " in line for line in text.splitlines()) == 2
    assert "Scored on the rows of the fit" in text
    shown, out = watched(is_terminal=False, width=140)
    record: Record = replace(made(), scored_on="fitted")
    shown.finished(record)
    shown.finished(made(seed=1))
    assert [("on fitted rows" in line) for line in out.getvalue().splitlines()[-2:]] == [True, False]


@pytest.mark.slow
def test_codes_are_kept_once(found: StoredRun) -> None:
    frame = found.embedding(MDS, seed=1)
    assert frame["split"].tolist() == ["train"] * 120
    assert frame["row"].is_unique
    assert len(found.embedding("pca", seed=1)) == 160


@pytest.mark.parametrize("name", [MDS, SPECTRAL, "sklearn.manifold.TSNE"])
def test_codes_of_other_samples_do_not_exist(name: str) -> None:
    X = np.random.default_rng(0).random((50, 5), dtype=np.float32)
    made_of = make_reducer(name, n_components=2).fit(X)
    assert not made_of.supports_unseen
    assert made_of.transform(X.copy()).shape == (50, 2)
    for other in (X[:40], X[::-1], X + 1):
        with pytest.raises(NotApplicableError, match="has no transform for unseen samples"):
            made_of.transform(other)


@pytest.mark.slow
def test_settings_of_such_a_method_are_chosen_on_rows_of_their_fit_too(tmp_path: Path) -> None:
    data = np.random.default_rng(0).random((60, 5), dtype=np.float32)
    with measured_here():
        chosen = run(
            [MDS], data, components=2, threads=1, select="trustworthiness", settings=[f"{MDS}.n_init=1,2"],
            results_dir=tmp_path / "results", reports_dir=tmp_path / "reports",
        )  # fmt: skip
    (row,) = chosen.table.to_dict("records")
    assert (row["scored_on"], row["n_train"], row["n_test"]) == ("fitted", 48, 48)


def test_a_record_of_other_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="scored_on must be one of heldout, fitted, all; got 'seen'"):
        replace(made(), scored_on="seen")
