"""What is measured of runs of many jobs, each figure beside its target."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import many_runs
from many_children import Cost, step, suite

# Of the promise: a plan, a report, and the memory of each process.
PLAN_SECONDS, REPORT_SECONDS, MEMORY_MB = 2.0, 60.0, 1000.0
# A record's cost must not grow with the number of those that are there.
GROWTH = 1.5
TINY = "components = [2]\n"


@dataclass(frozen=True)
class Figure:
    """One measured figure; a target is the most it may be, or None where nothing was promised."""

    what: str
    value: float
    unit: str = ""
    target: float | None = None

    @property
    def met(self) -> bool:
        return self.target is None or self.value <= self.target

    def __str__(self) -> str:
        target = "" if self.target is None else f"{self.target:g}"
        met = "" if self.target is None else "yes" if self.met else "NO"
        return f"{self.what:<58} {self.value:>12,.2f} {self.unit:<4} {target:>7}  {met}"


HEADER = f"{'what':<58} {'measured':>12} {'':<4} {'target':>7}  met"


def figures_of(directory: Path, shape: many_runs.Shape) -> Iterator[Figure]:
    """Yield what is measured of a run of a shape, in an empty directory; wrong results are an error."""
    many_runs.write_inputs(directory, shape)
    yield from _planned(directory, shape)
    figures, cost = step("store", directory)
    yield Figure("store: all records, flushed to disk", figures["seconds"], "s")
    yield Figure("store: a record, median of the first tenth", figures["first_ms"], "ms")
    yield Figure("store: a record, median of the last tenth", figures["last_ms"], "ms")
    yield Figure("store: processor time, last tenth / first", figures["growth"], "", GROWTH)
    yield _memory("store", cost)
    figures, cost = step("resume", directory)
    _require(figures["to_do"] == 0, "records that were drawn are not taken for done")
    yield Figure("all done before: until that is known", figures["seconds"], "s")
    yield Figure("all done before: tables and report too", figures["all_seconds"], "s")
    yield _memory("all done before", cost)
    cost = suite(directory, "run", *many_runs.words())
    _require(f"{shape.jobs} done before" in cost.output, cost.output)
    yield Figure("all done before: the whole command line", cost.seconds, "s")
    yield _memory("all done before, the command line", cost)
    yield from _reported(directory, shape)
    yield from _merged(directory, shape)


def _planned(directory: Path, shape: many_runs.Shape) -> Iterator[Figure]:
    figures, cost = step("plan", directory)
    _require(figures["jobs"] == figures["keys"] == shape.jobs, f"planned: {figures}")
    yield Figure(f"plan: {shape.jobs:,} jobs", figures["seconds"], "s", PLAN_SECONDS)
    yield _memory("plan", cost)


def _reported(directory: Path, shape: many_runs.Shape) -> Iterator[Figure]:
    figures, cost = step("tables", directory)
    _require(figures["rows"] == shape.jobs, f"rows of the table: {figures['rows']}")
    _require(figures["configurations"] == shape.configurations, f"of the leaderboard: {figures}")
    yield Figure("tables: CSV and Parquet", figures["seconds"], "s")
    yield Figure("tables: means over seeds", figures["leaderboard_seconds"], "s")
    yield _memory("tables", cost)
    cost = suite(directory, "report", many_runs.RUN)
    yield Figure("report: the whole command line", cost.seconds, "s", REPORT_SECONDS)
    yield _memory("report", cost)
    report = directory / "reports" / many_runs.RUN
    yield Figure("report: report.md", (report / "report.md").stat().st_size / 1e3, "kB")
    yield Figure("report: figures", sum(path.stat().st_size for path in report.glob("*.png")) / 1e3, "kB")


def _merged(directory: Path, shape: many_runs.Shape) -> Iterator[Figure]:
    figures, _ = step("halves", directory)
    _require(figures["records"] == shape.jobs, f"records of both halves: {figures}")
    cost = suite(directory, "merge", "even", "odd", "--name", "whole")
    merged = len(list((directory / "results" / "whole" / "jobs").glob("*.json")))
    _require(merged == shape.jobs, f"records of the merged run: {merged}")
    yield Figure("merge of two halves, with its report", cost.seconds, "s")
    yield _memory("merge", cost)


def real_figures(directory: Path, jobs: int) -> Iterator[Figure]:
    """Yield what the harness costs in a real run of tiny jobs, in an empty directory."""
    many_runs.write_inputs(directory, many_runs.Shape(widths=1, seeds=1))
    (directory / "many.toml").write_text(TINY)
    words = ("--reducer", "pca", "--dataset", "data.npz", "--suite", "many.toml", "--threads", 1)
    cost = suite(directory, "run", *words, "--seeds", jobs, "--name", many_runs.RUN)
    store = directory / "results" / many_runs.RUN
    facts = json.loads((store / "run.json").read_text())
    done = len(list((store / "jobs").glob("*.json")))
    _require(done == jobs, f"records of the real run: {done}")
    yield Figure(f"real run of {jobs} jobs: the whole command line", cost.seconds, "s")
    yield Figure("real run: a job", facts["wall_seconds"] / jobs, "s")
    yield Figure("real run: of it beyond the job's measured parts", facts["overhead_seconds"] / jobs, "s")
    yield _memory("real run", cost)


def _memory(what: str, cost: Cost) -> Figure:
    return Figure(f"{what}: peak memory of the largest process", cost.memory_mb, "MB", MEMORY_MB)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise RuntimeError(otherwise)
