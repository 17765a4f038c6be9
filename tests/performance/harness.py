"""The command line and the processes of jobs, as a user of them sees their cost."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from benchmark.plan.suite_plan import SuitePlan
from benchmark.request import Request
from benchmark.results import Store

if TYPE_CHECKING:
    from benchmark.execution.local import LocalWorker
    from benchmark.plan.job import Job
    from benchmark.results import Record

ROOT = Path(__file__).parents[2]
PLUGIN = Path(__file__).parent / "clocks_in.py"
FEW = "n_train = 200\nn_test = 60\ncomponents = [3]\n"


def command_line(*words: str) -> None:
    """Run ``python -m benchmark`` with `words` in a process of its own, to its end."""
    command = [sys.executable, "-m", "benchmark", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)


def trivial_job(directory: Path) -> tuple[Job, Store]:
    """Return a job that fits nothing on a few digits, and a store for it in `directory`."""
    suite = directory / "few.toml"
    suite.write_text(FEW)
    request = Request(
        reducers=("clocks-in",), dataset="digits", suite=str(suite), name="ready", plugins=(str(PLUGIN),)
    )
    return SuitePlan(request, SimpleNamespace(devices=("cpu",), threads=1)).jobs[0], Store(directory, "ready")


def run_one(worker: LocalWorker, job: Job, store: Store) -> Record:
    """Return the record of a job that `worker` ran."""
    (record,) = worker.run_all([job], store, lambda _: None, None)
    assert record.status == "ok", record.error
    return record


def seconds_until_ready(worker: LocalWorker, job: Job, store: Store) -> float:
    """Return the seconds from asking for `job` to the first line of its reducer."""
    asked = time.monotonic()
    return float(run_one(worker, job, store).history[0]["began"]) - asked
