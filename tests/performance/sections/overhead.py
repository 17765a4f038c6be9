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
    "above the sum of what its jobs spent in warm-up, fit, transform and scoring; and what the jobs of the "
    "reference run on all of MNIST took above that sum (processes, data, codes of the training set, files), "
    "where it was measured on this machine."
)
_SPENT = ["warmup_seconds", "fit_seconds", "transform_seconds", "score_seconds"]
_REFERENCE = "mnist-standard"
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
    spent = float(ok[_SPENT].sum().sum())
    return {"jobs": len(ok), "wall_seconds": wall, "job_seconds": spent, "reference": _reference_run()}


def _reference_run() -> dict[str, Any] | None:
    """Return what the jobs of the reference run took, where it is there and of this machine."""
    from benchmark import load_results
    from benchmark.measure.environment import environment
    from benchmark.results import Store
    from benchmark.results.record import machine_id
    from harness import ROOT

    store = Store(ROOT / "results", _REFERENCE)
    if not store.exists():
        return None
    table, facts = load_results(_REFERENCE, ROOT / "results"), store.facts()
    if set(table["machine"].dropna()) != {machine_id(environment())}:
        return None
    spent = float(table[_SPENT].sum().sum())
    return {"jobs": len(table), "wall_seconds": spent + facts["overhead_seconds"], "job_seconds": spent}


def rows(figures: dict[str, Any]) -> list[Row]:
    """Return a row for the command, and one for the reference run where it is this machine's."""
    found = [_row("the command, quick suite", figures)]
    reference = figures["reference"]
    return found if reference is None else [*found, _row("the jobs, standard suite", reference)]


def _row(what: str, figures: dict[str, Any]) -> Row:
    wall, spent = figures["wall_seconds"], figures["job_seconds"]
    share = wall / spent - 1
    beside = f"{figures['jobs']} jobs spent {format_seconds(spent)} of {format_seconds(wall)}"
    return Row(what, f"{share:.1%}, {format_seconds(wall - spent)}", beside, OVERHEAD, share)
