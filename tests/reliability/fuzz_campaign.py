"""A campaign: many made files through one parser, in processes that may die of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz_worker import keep_input

HERE = Path(__file__).parent
WORKER = HERE / "fuzz_worker.py"
# A directory in memory, where there is one.
MEMORY = Path("/dev/shm")
OUTCOMES = ("accepted", "refused", "finding")


@dataclass
class Result:
    """What a campaign came to: inputs by outcome, and what was found, by the number of the input."""

    parser: str
    counts: Counter[str] = field(default_factory=Counter)
    findings: dict[int, str] = field(default_factory=dict)

    def __str__(self) -> str:
        told = ", ".join(f"{self.counts[outcome]:,} {outcome}" for outcome in OUTCOMES)
        return f"{self.parser:<9} {sum(self.counts.values()):>7,} inputs: {told}"


def campaign(parser: str, inputs: int, seed: int, keep: Path) -> Result:
    """Put `inputs` made files through a parser; those it fails on are kept in `keep`.

    Parameters
    ----------
    parser : str
        A name of `fuzz_parsers.PARSERS`.
    inputs : int
        How many.
    seed : int
        The same seed makes the same files.
    keep : Path
        Where inputs with findings go, as ``<parser>-<number>-<name>``, what was found beside them.
    """
    result = Result(parser)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as scratch:
        place, first = Path(scratch) / "input", 0
        while first < inputs:
            for line in _batch(parser, seed, first, inputs - first, place, keep):
                first = line["number"] + 1
                result.counts[line["outcome"]] += 1
                if line["outcome"] == "finding":
                    result.findings[line["number"]] = line["detail"]
    return result


def _batch(
    parser: str, seed: int, first: int, count: int, place: Path, keep: Path
) -> Iterator[dict[str, Any]]:
    """Yield what the worker says of each input; where it dies of one, that is said of it."""
    command = [
        sys.executable,
        str(WORKER),
        parser,
        *map(str, (seed, first, count, place, keep)),
    ]
    paths = [str(HERE.parents[1]), str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
    with tempfile.TemporaryFile("w+") as messages:
        worker = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=messages, text=True, env=environment
        )
        assert worker.stdout is not None
        number = first - 1
        with worker.stdout:
            for text in worker.stdout:
                line = json.loads(text)
                number = line["number"]
                yield line
        code = worker.wait()
        messages.seek(0)
        said = messages.read()[-2000:]
    if number + 1 < first + count:
        left = [path for path in place.glob("*") if path.is_file()]
        if (code in (0, 1) and "Timeout" not in said) or not left:
            raise RuntimeError(f"The worker of {parser} ended with code {code}: {said}")
        detail = f"the process ended with code {code}: {said}"
        keep_input(keep, f"{parser}-{number + 1}", left[0], detail)
        yield {"number": number + 1, "outcome": "finding", "detail": detail}
