"""Commands in processes of their own, and what they cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
MOST_SECONDS = 3600.0
# Linux counts in KiB, macOS in bytes.
_MEMORY_UNIT = 1 if sys.platform == "darwin" else 2**10


@dataclass(frozen=True)
class Cost:
    """What a command took: wall time, the peak memory of its largest process, and what it printed."""

    seconds: float
    memory_mb: float
    output: str


def measured(directory: Path, *words: object) -> Cost:
    """Run a command of this Python in a directory; raise where it fails.

    Whoever calls this should be small: a process starts with the peak of the one it is made by.
    """
    paths = [str(HERE.parents[1]), str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
    with tempfile.TemporaryFile("w+") as output:
        before = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *map(str, words)],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        limit = threading.Timer(MOST_SECONDS, process.kill)
        limit.start()
        try:
            # It tells the memory of this child and of those that this child waited for.
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            limit.cancel()
        seconds = time.perf_counter() - before
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read()
    if process.returncode:
        raise RuntimeError(f"{words} ended with code {process.returncode}: {said[-2000:]}")
    return Cost(seconds, usage.ru_maxrss * _MEMORY_UNIT / 1e6, said)


def step(name: str, directory: Path) -> tuple[dict[str, float], Cost]:
    """Run a step of `many_steps`; return its figures and its cost."""
    cost = measured(directory, HERE / "many_steps.py", name, directory)
    return json.loads(cost.output.splitlines()[-1]), cost


def suite(directory: Path, *words: object) -> Cost:
    """Run ``python -m benchmark`` with `words`."""
    return measured(directory, "-m", "benchmark", *words)
