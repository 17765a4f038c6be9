"""Controls go the way of reducers, and win nothing."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from in_process import measured_here
from rich.console import Console

from benchmark import run
from benchmark.analysis.columns import CONTROLS
from benchmark.cli.closing_table import closing_table
from benchmark.datasets import load_dataset
from benchmark.errors import InputError
from benchmark.plan.suite import choose_reducers
from benchmark.reporting.figures import pareto_figure, times_figure
from benchmark.reporting.report_data import gather
from benchmark.reporting.stored_run import StoredRun
from benchmark.request import Request, ScaleRequest
from benchmark.results import open_store
from reducers import make_reducer

SUITE = "n_train = 200\nn_test = 80\ncomponents = [2, 3]\nseeds = 2\n"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    path = tmp_path_factory.mktemp("run")
    (path / "few.toml").write_text(SUITE)
    with measured_here():
        return run(
            ["pca", "raw", *CONTROLS], "digits", suite=path / "few.toml", threads=1, name="few",
            results_dir=path / "results", reports_dir=path / "reports",
        )  # fmt: skip


def board_of(found: StoredRun) -> pd.DataFrame:
    assert found.report is not None
    return gather(open_store(found.report.parents[2] / "results", "few")).board


def control_rows(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["reducer"].isin(list(CONTROLS))]


@pytest.mark.slow
def test_a_seed_of_a_control_is_one_job_whatever_the_components(found: StoredRun) -> None:
    rows = control_rows(found.table)
    assert (rows["status"] == "ok").all()
    assert sorted(zip(rows["reducer"], rows["n_components"], rows["seed"], strict=True)) == [
        ("labels", 10, 0), ("labels", 10, 1), ("shuffled", 2, 0), ("shuffled", 2, 1),
    ]  # fmt: skip


@pytest.mark.slow
def test_they_are_floor_and_ceiling(found: StoredRun) -> None:
    scores = found.board.set_index(["reducer", "n_components"])[["knn_accuracy", "kmeans_nmi"]]
    assert scores.loc[("labels", 10)].tolist() == pytest.approx([1.0, 1.0])
    assert scores.loc[("shuffled", 2), "knn_accuracy"] < 0.25
    assert (scores.loc[("shuffled", 2)] < scores.loc[("pca", 2)]).all()


@pytest.mark.slow
def test_they_have_neither_times_nor_reconstructions(found: StoredRun) -> None:
    rows = control_rows(found.table)
    assert rows[["fit_seconds", "transform_seconds", "reconstruction_mse"]].isna().all(axis=None)


@pytest.mark.slow
def test_shuffled_codes_are_those_of_a_projection_in_another_order(found: StoredRun) -> None:
    data = load_dataset("digits", seed=1, n_train=200, n_test=80)
    train, test = data.scaled()
    codes = make_reducer("random-projection", n_components=2, random_state=1).fit(train).transform(test)
    frame = found.embedding("shuffled", seed=1)
    kept = frame.loc[frame["split"] == "test", ["z0", "z1"]].to_numpy(np.float32)
    assert np.abs(kept - codes).max() > 0.1
    np.testing.assert_allclose(np.sort(kept, axis=0), np.sort(codes, axis=0), atol=1e-5)


@pytest.mark.slow
def test_they_win_nothing(found: StoredRun) -> None:
    board = board_of(found)
    rows = control_rows(board)
    assert rows["baseline"].all()
    assert rows.filter(like="_rank").isna().all(axis=None)
    assert board.loc[board["reducer"] == "pca", "knn_accuracy_best_rank"].notna().all()
    assert rows["knn_accuracy_ci_low"].notna().all()
    assert pareto_figure(rows) is None
    assert times_figure(rows) is None


@pytest.mark.slow
def test_the_report_marks_and_explains_them(found: StoredRun) -> None:
    assert found.report is not None
    text = found.report.read_text()
    marked = [line for line in text.splitlines() if line.startswith(("| labels (c", "| shuffled (c"))]
    assert len(marked) == 2
    assert not any("**" in line for line in marked)
    assert text.count("Controls take no rank: shuffled (") == 1
    summary = text.split("## Leaderboard")[0]
    assert not any(name in summary for name in CONTROLS)
    assert "| reducers | 2 |" in text
    assert "### labels" not in text
    assert "The codes of raw are as wide as the data" in text


@pytest.mark.slow
def test_the_terminal_marks_them_in_80_columns(found: StoredRun) -> None:
    console = Console(width=80, record=True, file=StringIO())
    console.print(closing_table(board_of(found), found.table, "few"))
    text = console.export_text()
    rows = [line for line in text.splitlines() if "(control)" in line]
    assert len(rows) == 2
    assert not any("*" in row for row in rows)
    assert "Controls take no rank" in text


def test_all_has_them_and_a_sweep_has_not() -> None:
    assert choose_reducers(Request())[-2:] == tuple(CONTROLS)
    assert not CONTROLS.keys() & set(choose_reducers(ScaleRequest()))


def test_labels_are_not_planned_without_labels(tmp_path: Path) -> None:
    data = np.random.default_rng(0).random((60, 5), dtype=np.float32)
    places = {"results_dir": tmp_path / "results", "reports_dir": tmp_path / "reports"}
    with measured_here():
        table = run([*CONTROLS], data, threads=1, **places).table
    assert table["reducer"].tolist() == ["shuffled"]
    with pytest.raises(InputError, match="'labels' needs classes"):
        run(["labels"], data, threads=1, **places)


def test_a_control_takes_no_parameters() -> None:
    with pytest.raises(InputError, match="'shuffled' has no parameters; got width"):
        run(["shuffled"], "digits", settings=["shuffled.width=3"])


def test_a_reducer_of_that_name_is_refused(tmp_path: Path) -> None:
    plugin = tmp_path / "taken.py"
    plugin.write_text("from reducers import Reducer\n\nclass Labels(Reducer):\n    name = 'labels'\n")
    with pytest.raises(InputError, match=r"'labels' is that of a control.*rename"):
        choose_reducers(Request(plugins=(str(plugin),)))
