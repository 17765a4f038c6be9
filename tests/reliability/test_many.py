"""The short form of the measurement: ``python tests/reliability/many.py`` is the long one."""

from __future__ import annotations

import csv
import io
import json
import time
from collections import defaultdict
from contextlib import chdir, redirect_stdout
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import many_report
import many_runs
import many_steps
import pandas as pd
import pytest
from many_children import Cost, measured
from many_report import Figure, figures_of, real_figures

from benchmark import load_results
from benchmark.analysis.ranking import with_ranks
from benchmark.analysis.tables import leaderboard, to_frame
from benchmark.cli.app import app
from benchmark.cli.closing_table import closing_table
from benchmark.reporting import figures
from benchmark.reporting.leaderboard import leaderboard as leaderboard_section
from benchmark.reporting.markdown import render
from benchmark.reporting.reducer_sections import reducers
from benchmark.reporting.report_data import ReportData
from benchmark.reporting.run_setup import run_setup
from benchmark.results import Record, Store

pytestmark = pytest.mark.slow

SHAPE = many_runs.Shape(widths=2, seeds=24)
# What a busy machine may take without any failure of this suite.
PATIENT_SECONDS = 300


def step_here(name: str, directory: Path) -> tuple[dict[str, float], Cost]:
    """Do a step in this process, whose libraries are imported already."""
    before = time.perf_counter()
    return many_steps.STEPS[name](directory), Cost(time.perf_counter() - before, 1.0, "")


def suite_here(directory: Path, *words: object) -> Cost:
    before, output = time.perf_counter(), io.StringIO()
    with chdir(directory), redirect_stdout(output):
        app([*map(str, words)], standalone_mode=False)
    return Cost(time.perf_counter() - before, 1.0, output.getvalue())


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Figure]]:
    """A directory with a drawn run, its report and the merged run, and what was measured."""
    directory = tmp_path_factory.mktemp("many")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(many_report, "step", step_here)
        patch.setattr(many_report, "suite", suite_here)
        return directory, list(figures_of(directory, SHAPE))


def scores_of(directory: Path, run: str) -> dict[tuple[str, int], list[float]]:
    """Return the k-NN accuracies of a configuration, read from the files of its jobs alone."""
    scores = defaultdict(list)
    for path in sorted((directory / "results" / run / "jobs").glob("*.json")):
        record = json.loads(path.read_text())
        scores[record["reducer"], record["n_components"]].append(record["scores"]["knn_accuracy"])
    return scores


def test_every_step_is_measured_and_none_is_out_of_proportion(done: tuple[Path, list[Figure]]) -> None:
    figures = {figure.what: figure for figure in done[1]}
    assert len(figures) == len(done[1]) > 15
    for figure in done[1]:
        assert figure.value > 0, figure
        if figure.unit == "s":
            assert figure.value < PATIENT_SECONDS, figure


@pytest.mark.parametrize("run", [many_runs.RUN, "whole"])
def test_no_row_is_lost_and_the_means_are_those_of_the_records(
    done: tuple[Path, list[Figure]], run: str
) -> None:
    frame = load_results(run, done[0] / "results")
    assert len(frame) == SHAPE.jobs == frame["key"].nunique()
    assert set(frame["status"]) == {"ok"}
    with (done[0] / "results" / run / "results.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == 1 + SHAPE.jobs
    scores = scores_of(done[0], run)
    board = leaderboard(frame)
    assert len(board) == len(scores) == SHAPE.configurations
    for row in board.to_dict("records"):
        drawn = scores[row["reducer"], row["n_components"]]
        assert len(drawn) == row["seeds"] == SHAPE.seeds
        assert row["knn_accuracy"] == pytest.approx(mean(drawn), rel=1e-12)
        assert row["knn_accuracy_std"] == pytest.approx(stdev(drawn), rel=1e-9)


def test_the_report_shows_every_reducer_and_says_how_many_jobs_it_is_of(
    done: tuple[Path, list[Figure]],
) -> None:
    report = (done[0] / "reports" / many_runs.RUN / "report.md").read_text()
    assert f"{SHAPE.jobs} of which" in report.replace(",", "")
    for reducer in many_runs.REDUCERS:
        assert f"### {reducer}" in report
        assert (done[0] / "reports" / many_runs.RUN / f"reducer-{reducer}.png").is_file()


def test_the_cost_of_a_process_is_its_own(tmp_path: Path) -> None:
    cost = measured(tmp_path, "-c", "import time; held = b'x' * 600_000_000; time.sleep(0.2); print('done')")
    assert cost.output == "done\n"
    assert cost.seconds >= 0.2
    assert cost.memory_mb > 600
    with pytest.raises(RuntimeError, match="code 3: no more"):
        measured(tmp_path, "-c", "print('no more'); raise SystemExit(3)")


def test_a_real_run_of_tiny_jobs_tells_what_the_harness_takes(tmp_path: Path) -> None:
    command, job, beyond, memory = real_figures(tmp_path, 4)
    assert 0 < beyond.value < job.value < command.value < PATIENT_SECONDS
    assert memory.value > 10


@pytest.mark.parametrize("name", ["seeds", "widths"])
def test_shapes_have_about_as_many_jobs_as_asked_for(name: str) -> None:
    assert many_runs.shape_of(name, 10_000).jobs == 10_000
    assert many_runs.shape_of(name, 1).jobs >= 1


def test_a_target_that_is_missed_is_told() -> None:
    assert str(Figure("plan", 3.0, "s", 2.0)).endswith("NO")
    assert str(Figure("plan", 2.0, "s", 2.0)).endswith("yes")
    assert Figure("plan", 3.0, "s").met


def board_of(widths: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of one seed of every configuration, and its leaderboard."""
    records = [
        Record(
            run="r", dataset="d", reducer=name, device="cpu", precision="fp32", threads=1, seed=0,
            status="ok", key=f"{name}-{width}", n_train=9, n_test=9, n_features=99, n_components=width,
            fit_seconds=0.01 * place, transform_seconds=0.01, params={"n_components": width},
            scores={"knn_accuracy": 0.5 + 0.4 * width / widths - 0.01 * place},
        )
        for place, name in enumerate(many_runs.REDUCERS, start=1) for width in range(1, widths + 1)
    ]  # fmt: skip
    frame = to_frame(records)
    return frame, with_ranks(leaderboard(frame), frame, Store("nowhere", "none"))


@pytest.mark.parametrize("widths", [3, 60])
def test_tables_and_figures_of_many_configurations_stay_readable(widths: int) -> None:
    frame, board = board_of(widths)
    data = ReportData({"components": list(range(1, widths + 1))}, frame, board, [], {})
    lines = render(leaderboard_section(data)).splitlines()
    rows = [line for line in lines if line.startswith("| pca ")]
    assert len([line for line in lines if line.startswith("| ")]) == 2 + min(5 * widths, 200)
    assert rows[0].startswith(f"| pca | {widths} |"), "the best ones are shown"
    cut = "The 200 best ranked of 300 configurations are shown; results.csv holds every job."
    assert (cut in lines) == (widths == 60)
    costs = render(reducers(replace(data, cards=dict.fromkeys(many_runs.REDUCERS, "")), set()))
    assert len([line for line in costs.splitlines() if line.startswith("| cpu")]) == 5 * min(widths, 50)
    assert ("60 from 1 to 60" in render(run_setup(data))) == (widths == 60)


@pytest.mark.parametrize("widths", [3, 6, 7, 60])
def test_quality_against_time_is_drawn_at_few_widths_each_with_few_names(widths: int) -> None:
    _, board = board_of(widths)
    figure = figures.pareto_figure(board)
    assert figure is not None
    told = [panel.get_title(loc="left") for panel in figure.axes]
    shown = [int(title.split(", ")[1].split("-D")[0]) for title in told]
    assert len(shown) == min(widths, 6)
    assert shown == sorted(set(shown))
    assert (shown[0], shown[-1]) == (1, widths), "from the smallest to the largest"
    for panel in figure.axes:
        assert sorted(text.get_text() for text in panel.texts) == sorted(many_runs.REDUCERS)
    [legend] = figure.legends
    note = f"6 of {widths} code widths"
    assert (note in [text.get_text() for text in legend.get_texts()]) == (widths > 6)


def test_the_figure_of_times_says_that_it_shows_the_slowest() -> None:
    for widths, told in ((3, "fit, training set"), (60, "fit, training set (120 slowest of 300)")):
        figure = figures.times_figure(board_of(widths)[1])
        assert figure is not None
        assert figure.axes[0].get_title(loc="left") == told


@pytest.mark.parametrize(
    ("jobs", "told"), [(3, None), (250, "the 100 best of 250 configurations; results.csv holds all")]
)
def test_a_long_run_ends_with_its_best_rows(jobs: int, told: str | None) -> None:
    record = Record(
        run="r", dataset="d", reducer="pca", device="cpu", precision="fp32", threads=1, seed=0, status="ok",
        key="k", n_train=9, n_test=9, n_features=999, n_components=2, fit_seconds=0.1,
    )  # fmt: skip
    records = [
        replace(record, n_components=place + 1, scores={"knn_accuracy": place / 1000})
        for place in range(jobs)
    ]
    frame = to_frame(records)
    table = closing_table(with_ranks(leaderboard(frame), frame, Store("nowhere", "none")), frame, "run")
    assert table.row_count == min(jobs, 100)
    assert table.caption == told
    assert next(iter(table.columns[1].cells)) == str(jobs), "the best comes first"
