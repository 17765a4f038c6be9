"""One step of the measurement, in a process of its own: ``many_steps.py STEP DIRECTORY``; prints JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import many_runs
import numpy as np

from benchmark.execution.observers import Observer
from benchmark.execution.runner import run as run_suite
from benchmark.measure.environment import environment
from benchmark.results import Store, latest

if TYPE_CHECKING:
    from benchmark.plan import Plan
    from benchmark.plan.suite_plan import SuitePlan

Figures = dict[str, float]


def plan(directory: Path) -> Figures:
    """Plan in a process that has imported what the reducers need, as that which starts the jobs has."""
    many_runs.import_reducers()
    before = time.perf_counter()
    first = many_runs.plan(directory)
    return {
        "seconds": time.perf_counter() - before,
        "jobs": len(first.jobs),
        "keys": len({job.key for job in first.jobs}),
    }


def store(directory: Path) -> Figures:
    """Store a drawn record a job, its arrays first, as a run does."""
    planned = many_runs.plan(directory)
    arrays = many_runs.drawn_arrays(next(iter(planned.datasets.values())))
    target = Store(directory / "results", many_runs.RUN)
    target.save_facts(_facts(planned, directory))
    seconds, cpu = [], []
    for record in many_runs.drawn_records(planned.jobs, environment()):
        for kind, content in arrays.items():
            target.save_arrays(kind, record.key, content)
        before, worked = time.perf_counter(), time.process_time()
        target.save(record)
        seconds.append(time.perf_counter() - before)
        cpu.append(time.process_time() - worked)
    # The time of a flush is the disk's own, and changes by the minute: growth is one of work.
    first, last = _ends(cpu)
    return {
        "seconds": sum(seconds),
        "first_ms": 1000 * _ends(seconds)[0],
        "last_ms": 1000 * _ends(seconds)[1],
        "growth": last / first,
    }


def _ends(seconds: Sequence[float]) -> tuple[float, float]:
    """Return the medians of the first tenth and of the last one."""
    tenth = max(len(seconds) // 10, 1)
    return float(np.median(seconds[:tenth])), float(np.median(seconds[-tenth:]))


def _facts(planned: SuitePlan, directory: Path) -> dict[str, object]:
    from benchmark.execution.conclude import run_facts
    from benchmark.measure.outcome import utc_now

    facts = run_facts(many_runs.request(directory), planned, environment(), {}, {})
    return facts | {"finished_at": utc_now()}


class _Clock(Observer):
    """A progress that notes when the plan stands and what is done is known."""

    at = 0.0
    to_do = -1

    def planned(self, plan: Plan, to_do: int | None) -> None:
        assert to_do is not None
        self.at, self.to_do = time.perf_counter(), to_do


def resume(directory: Path) -> Figures:
    """Continue a run that has nothing left to do: how long until that is known, and until the report."""
    clock, before = _Clock(), time.perf_counter()
    run_suite(many_runs.request(directory), clock)
    after = time.perf_counter()
    return {"seconds": clock.at - before, "all_seconds": after - before, "to_do": clock.to_do}


def tables(directory: Path) -> Figures:
    """Write the tables from the records."""
    from benchmark.analysis.tables import leaderboard, save_tables

    before = time.perf_counter()
    frame = save_tables(Store(directory / "results", many_runs.RUN))
    after = time.perf_counter()
    board = leaderboard(frame)
    return {
        "seconds": after - before,
        "leaderboard_seconds": time.perf_counter() - after,
        "rows": len(frame),
        "configurations": len(board),
    }


def halves(directory: Path) -> Figures:
    """Make two runs of the records: the even seeds, and the odd ones."""
    whole = Store(directory / "results", many_runs.RUN)
    parts = [Store(directory / "results", name) for name in ("even", "odd")]
    for part in parts:
        part.save_facts({**whole.facts(), "run": part.run})
    records = latest(whole.records())
    for record in records:
        part = parts[record.seed % 2]
        for kind in ("embeddings", "views"):
            part.save_arrays(kind, record.key, whole.load_arrays(kind, record.key))
        part.add(record)
    return {"records": len(records)}


STEPS: dict[str, Callable[[Path], Figures]] = {
    step.__name__: step for step in (plan, store, resume, tables, halves)
}


def main(arguments: Sequence[str]) -> None:
    name, directory = arguments
    sys.stdout.write(json.dumps(STEPS[name](Path(directory))) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
