"""What the harness costs above the work that it measures."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmark.reporting.style import format_seconds
from sections import Row
from targets import OVERHEAD

TITLE = "The harness"
HOW = (
    "The wall time of `python -m benchmark run --all --suite quick` as a whole, from the command to its end, "
    "above the sum of what its jobs spent in warm-up, fit, transform and scoring."
)
_SPENT = ["warmup_seconds", "fit_seconds", "transform_seconds", "score_seconds"]
_FEW = ("--reducer", "pca", "--reducer", "autoencoder", "--dataset", "digits")


def measure(quick: bool) -> dict[str, Any]:
    """Return the wall seconds of a run and those of its jobs."""
    from benchmark import load_results
    from harness import command_line
    from race import stopwatch

    what = _FEW if quick else ("--all",)
    with tempfile.TemporaryDirectory() as directory:
        places = ("--results-dir", f"{directory}/results", "--reports-dir", f"{directory}/reports")
        words = ("run", *what, "--suite", "quick", "--device", "cpu", "--name", "quick", *places)
        wall = stopwatch(lambda: command_line(*words))
        table = load_results("quick", Path(directory) / "results")
    ok = table[table["status"] == "ok"]
    assert len(ok) == len(table), table[["reducer", "status", "error"]].to_string()
    return {"jobs": len(ok), "wall_seconds": wall, "job_seconds": float(ok[_SPENT].sum().sum())}


def rows(figures: dict[str, Any]) -> list[Row]:
    """Return the one row."""
    wall, spent = figures["wall_seconds"], figures["job_seconds"]
    share = wall / spent - 1
    beside = f"{figures['jobs']} jobs spent {format_seconds(spent)} of {format_seconds(wall)}"
    return [
        Row(
            "above the jobs' own time",
            f"{share:.1%}, {format_seconds(wall - spent)}",
            beside,
            OVERHEAD,
            share,
        )
    ]
