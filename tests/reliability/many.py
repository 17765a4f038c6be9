"""Many small jobs: ``python tests/reliability/many.py --jobs 10000 [--shape seeds] [--real 300]``.

Every step of a run is measured in a process of its own. Exit code 1 means that a target was missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import many_runs
from many_report import HEADER, Figure, figures_of, real_figures

SHAPES = ("seeds", "widths")


def main() -> int:
    """Measure, print a line a figure, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--jobs", type=int, default=10_000, help="jobs of a drawn run (default: 10000)")
    parser.add_argument(
        "--shape", action="append", choices=SHAPES, help="what most jobs differ in; repeatable (default: all)"
    )
    parser.add_argument("--real", type=int, default=300, help="jobs that are really run (default: 300)")
    parser.add_argument("--keep", type=Path, help="a new directory in which the runs and reports stay")
    given = parser.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for title, figures in _parts(given, (given.keep or Path(scratch)).resolve()):
            print(f"\n{title}\n{HEADER}", flush=True)
            for figure in figures:
                print(figure, flush=True)
                missed += not figure.met
    print(f"\n{missed} targets missed")
    return 1 if missed else 0


def _parts(given: argparse.Namespace, directory: Path) -> Iterator[tuple[str, Iterator[Figure]]]:
    for name in given.shape or SHAPES:
        shape = many_runs.shape_of(name, given.jobs)
        place = directory / name
        place.mkdir(parents=True)
        yield f"{shape.jobs:,} jobs, {shape.configurations:,} configurations", figures_of(place, shape)
    if given.real:
        place = directory / "real"
        place.mkdir(parents=True)
        yield f"{given.real} jobs that are run", real_figures(place, given.real)


if __name__ == "__main__":
    sys.exit(main())
