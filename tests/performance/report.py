"""Measure how fast this installation is on this machine, and write a report of it.

``python tests/performance/report.py`` runs every section in a process of its own, one after the other,
keeps the raw figures in ``reports/performance/performance.json`` as each one ends, and renders
``reports/performance/report.md`` from that file. The machine should have nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sections
from rendering import render, without_paths

ROOT = Path(__file__).parents[2]
FULL, QUICK = ROOT / "reports" / "performance", ROOT / "build" / "performance"
FIGURES = "performance.json"


def main(words: Sequence[str] | None = None) -> int:
    """Measure what was asked for and write the report; return 1 where a section failed."""
    asked = _parser().parse_args(words)
    if asked.into:
        save(asked.into, measure(asked.only[0], asked.quick))
        return 0
    directory = asked.output or (QUICK if asked.quick else FULL)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / FIGURES
    chosen = [] if asked.render else asked.only or sections.NAMES
    ended_well = [_add(name, asked.quick, path) for name in chosen]
    found = render(read(path), directory)
    print(f"The report is {os.path.relpath(found)}.")
    return 0 if all(ended_well) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, to try the command")
    parser.add_argument(
        "--only", action="append", choices=sections.NAMES, help="measure this section alone; may be repeated"
    )
    parser.add_argument("--render", action="store_true", help="measure nothing, write the report anew")
    parser.add_argument(
        "--output",
        type=Path,
        help="directory of the report (default: reports/performance; build/performance with --quick)",
    )
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)  # how a section's process is told
    return parser


def measure(name: str, quick: bool) -> dict[str, Any]:
    """Return what is kept of a section measured in this process, or the reason why it was not."""
    import torch  # noqa: F401  (only libraries that are loaded can be limited)

    from benchmark.measure.environment import environment
    from benchmark.measure.threads import available_threads, limit_threads

    entry: dict[str, Any] = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "threads": available_threads(),
        "environment": environment(),
    }
    began = time.monotonic()
    try:
        with limit_threads(entry["threads"]):
            entry["figures"] = sections.load(name).measure(quick)
    except Exception as error:
        traceback.print_exc()
        entry["error"] = without_paths(f"{type(error).__name__}: {error}")
    return {**entry, "seconds": round(time.monotonic() - began, 1)}


def _add(name: str, quick: bool, path: Path) -> bool:
    """Measure a section in a process of its own and add what it found to the file `path`."""
    print(f"{name} ...", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        entry_path = Path(directory) / "entry.json"
        command = [sys.executable, str(Path(__file__).resolve()), "--only", name, "--into", str(entry_path)]
        code = subprocess.run([*command, *(["--quick"] if quick else [])]).returncode
        entry = read(entry_path) or {"error": f"its process ended with code {code}", "quick": quick}
    kept = {other: figures for other, figures in read(path).items() if other in sections.NAMES}
    save(path, {**kept, name: entry})
    print(f"{name}: {entry.get('error', 'ok')} ({entry.get('seconds', 0):.0f} s)", flush=True)
    return "error" not in entry


def read(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file; an empty one where there is no file."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return found


def save(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file at once, or not at all."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(content, indent=1) + "\n")
    os.replace(new, path)


if __name__ == "__main__":
    sys.exit(main())
