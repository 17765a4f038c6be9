"""Whether the clock of a whole run tells what a known piece of work costs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from sections import Row
from targets import CLOCK

TITLE = "The clock"
HOW = (
    "Reducers that wait, or keep a core busy, for half a second in their fit or their transform, measured by "
    "a whole run; the best of several repeats."
)
SECONDS = 0.5  # as in the plugin
_PLUGIN = Path(__file__).parents[2] / "plugins" / "known_cost.py"
_TIMED = {"sleeps-in-fit": "fit", "spins-in-fit": "fit", "sleeps-in-transform": "transform"}


def measure(quick: bool) -> dict[str, Any]:
    """Return the seconds of every repeat by reducer."""
    import benchmark
    from benchmark.results import Store
    from harness import FEW

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        (path / "few.toml").write_text(FEW)
        options: dict[str, Any] = {
            "suite": path / "few.toml",
            "devices": ["cpu"],
            "repeats": 3 if quick else 10,
            "threads": 1,
            "name": "clock",
            "results_dir": path / "results",
            "reports_dir": path / "reports",
            "plugins": [_PLUGIN],
        }
        benchmark.run(list(_TIMED), "digits", **options)
        records = {record.reducer: record for record in Store(path / "results", "clock").records()}
    return {name: getattr(records[name], f"{part}_times") for name, part in _TIMED.items()}


def rows(figures: dict[str, Any]) -> list[Row]:
    """Return a row a reducer."""
    found = []
    for name, seconds in figures.items():
        best, worst = min(seconds), max(seconds)
        off = abs(best / SECONDS - 1)
        beside = f"true: {SECONDS * 1e3:.0f} ms; worst of {len(seconds)}: {worst * 1e3:.2f} ms"
        found.append(Row(name, f"{best * 1e3:.2f} ms, off by {off:.2%}", beside, CLOCK, off))
    return found
