"""Whether this checkout is slower than another commit, on this machine, now.

``python tests/performance/compare.py BASE`` checks the commit BASE out beside this one and runs the
pytest-benchmark cases of both in turns, so that what else the machine does slows both alike. A case's
figure is its fastest round; its ratio is the median over the turns of head over base. Head is the working
tree as it stands, committed or not.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
THRESHOLD = 1.25
# Without the project's own options: those skip timings, and refuse a marker that base does not know.
_OPTIONS = ("-o", "addopts=", "-p", "no:cacheprovider", "--benchmark-only", "-q", "-m", "not slow")
_NOTHING_SELECTED = 5  # pytest's exit code

# Seconds of the fastest round, by case.
Times = Mapping[str, float]


@dataclass(frozen=True)
class Comparison:
    """A case that both commits have: median seconds, and median ratio of head to base."""

    name: str
    base: float
    head: float
    ratio: float


def main(words: Sequence[str] | None = None) -> int:
    """Compare, print a table, and return 1 where a case became slower than the threshold allows."""
    asked = _parser().parse_args(words)
    base: list[Times] = []
    head: list[Times] = []
    with worktree(asked.base) as tree:
        for turn in range(1, asked.rounds + 1):
            for name, root, found in (("base", tree, base), ("head", ROOT, head)):
                print(f"turn {turn} of {asked.rounds}: {name}", flush=True)
                found.append(timings(root, asked.select))
    compared = compare(base, head)
    print("\n".join(report(compared, asked.threshold)))
    print("\n".join(unmatched(base, head)))
    if not compared:
        print("Nothing was compared: no case is in both.")
    slower = [case for case in compared if case.ratio > asked.threshold]
    return 1 if slower or not compared else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("base", help="a commit, branch or tag")
    parser.add_argument("--rounds", type=_positive, default=3, help="turns of each (default 3)")
    parser.add_argument("-k", dest="select", help="compare only the cases that match, as pytest's -k")
    parser.add_argument(
        "--threshold", type=float, default=THRESHOLD, help=f"ratio that is too slow (default {THRESHOLD})"
    )
    return parser


def _positive(word: str) -> int:
    value = int(word)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1; got {value}")
    return value


@contextmanager
def worktree(commit: str) -> Iterator[Path]:
    """Check `commit` out in a temporary directory for the body."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "base"
        _git("worktree", "add", "--quiet", "--detach", str(path), commit)
        try:
            yield path
        finally:
            _git("worktree", "remove", "--force", str(path))


def _git(*words: str) -> None:
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr.strip())


def timings(root: Path, select: str | None) -> Times:
    """Return the timings of the checkout at `root`, made with its own code and its own cases."""
    with tempfile.TemporaryDirectory() as directory:
        stored = Path(directory) / "times.json"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "tests/performance",
            *_OPTIONS,
            f"--benchmark-json={stored}",
        ]
        # Before the installed packages, which are those of head.
        paths = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
        done = subprocess.run(
            [*command, *(["-k", select] if select else [])],
            cwd=root,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
        )
        if done.returncode not in (0, _NOTHING_SELECTED):
            sys.exit(f"{done.stdout}{done.stderr}\nThe timings of {root} failed.")
        text = stored.read_text() if stored.is_file() else ""
    entries = json.loads(text)["benchmarks"] if text else []
    return {entry["fullname"]: entry["stats"]["min"] for entry in entries}


def compare(base: Sequence[Times], head: Sequence[Times]) -> list[Comparison]:
    """Return the cases that every turn of both has, the one that lost the most first."""
    shared = set.intersection(*(set(times) for times in (*base, *head)))
    found = [
        Comparison(
            name,
            statistics.median(times[name] for times in base),
            statistics.median(times[name] for times in head),
            statistics.median(new[name] / old[name] for old, new in zip(base, head, strict=True)),
        )
        for name in shared
    ]
    return sorted(found, key=lambda case: (-case.ratio, case.name))


def report(compared: Sequence[Comparison], threshold: float) -> list[str]:
    """Return the lines of the table."""
    width = max((len(case.name) for case in compared), default=4)
    lines = [f"{'case':{width}}  {'base (s)':>10}  {'head (s)':>10}  {'ratio':>6}"]
    for case in compared:
        verdict = "  slower" if case.ratio > threshold else ""
        lines.append(f"{case.name:{width}}  {case.base:10.4g}  {case.head:10.4g}  {case.ratio:6.2f}{verdict}")
    return lines


def unmatched(base: Sequence[Times], head: Sequence[Times]) -> list[str]:
    """Return a line for every case that only one of the commits has."""
    old, new = (set().union(*times) for times in (base, head))
    return [f"only in base: {name}" for name in sorted(old - new)] + [
        f"only in head: {name}" for name in sorted(new - old)
    ]


if __name__ == "__main__":
    sys.exit(main())
