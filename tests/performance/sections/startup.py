"""How long the command line and a job's process take to begin."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from benchmark.reporting.style import format_seconds
from sections import Row
from targets import HELP, JOB_READY, LISTING

TITLE = "Starting up"
HOW = (
    "Whole processes of the command line, and the time from asking for a job to the first line of its "
    "reducer in the job's own process, once the process that starts the jobs is up; the best of several."
)
_COMMANDS = {"--help": HELP, "list reducers": LISTING}


def measure(quick: bool) -> dict[str, Any]:
    """Return seconds by what was started, each several times."""
    from benchmark.execution.local import LocalWorker
    from harness import command_line, seconds_until_ready, trivial_job
    from race import stopwatch

    rounds = 3 if quick else 10
    found = {
        command: [stopwatch(partial(command_line, *command.split())) for _ in range(rounds)]
        for command in _COMMANDS
    }
    with tempfile.TemporaryDirectory() as directory, LocalWorker() as worker:
        assert worker.devices
        job, store = trivial_job(Path(directory))
        found["job"] = [seconds_until_ready(worker, job, store) for _ in range(rounds)]
    return found


def rows(figures: dict[str, Any]) -> list[Row]:
    """Return a row for each."""
    found = [
        Row(
            f"`python -m benchmark {command}`",
            *_best_and_worst(figures[command]),
            target,
            min(figures[command]),
        )
        for command, target in _COMMANDS.items()
    ]
    job = figures["job"]
    return [*found, Row("a job's process, ready to fit", *_best_and_worst(job), JOB_READY, min(job))]


def _best_and_worst(seconds: list[float]) -> tuple[str, str]:
    return format_seconds(min(seconds)), f"worst of {len(seconds)}: {format_seconds(max(seconds))}"
