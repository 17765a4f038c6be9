"""A directory in which one small run is started, killed and continued, and the processes of that run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN = "mine"
MARK = "BENCHMARK_KILL_CAMPAIGN"
REDUCERS = ("pca", "random-projection", "rbm", "autoencoder")
# Fewest rows that every score can be computed of; a job of them takes a fraction of a second.
SUITE = "n_train = 160\nn_test = 60\ncomponents = [3]\nseeds = {seeds}\n"
ONE_EPOCH = "[reducers.{name}]\nepochs = 1\n"


@dataclass(frozen=True)
class Place:
    """A directory of results, reports, temporary files and locks of its own.

    Every start has a mark, which all of its processes carry in their environment.
    """

    path: Path
    reducers: tuple[str, ...] = REDUCERS
    seeds: int = 3

    @property
    def results(self) -> Path:
        """The directory of the run's results."""
        return self.path / "results" / RUN

    @property
    def reports(self) -> Path:
        """The directory of the run's report."""
        return self.path / "reports" / RUN

    @property
    def directories(self) -> dict[str, Path]:
        """Every directory that a run writes files to, by what is written there."""
        within = {kind: self.results / kind for kind in ("jobs", "embeddings", "predictions", "views")}
        return {**within, "tables": self.results, "report": self.reports}

    @property
    def messages(self) -> Path:
        """What the last start wrote to standard error."""
        return self.path / "messages.txt"

    def make(self) -> Place:
        """Make the directory, and in it the suite."""
        (self.path / "tmp").mkdir(parents=True)
        trained = [ONE_EPOCH.format(name=name) for name in ("rbm", "autoencoder") if name in self.reducers]
        (self.path / "tiny.toml").write_text(SUITE.format(seeds=self.seeds) + "".join(trained))
        return self

    def mark(self, start: int) -> str:
        """Return what the processes of a start are known by."""
        return f"{self.path}#{start}#"

    def start(self, start: int) -> subprocess.Popen[bytes]:
        """Start the run, or continue it: the command is the same."""
        chosen = [word for name in self.reducers for word in ("--reducer", name)]
        options = ["--dataset", "digits", "--suite", "tiny.toml", "--device", "cpu", "--threads", "1"]
        command = [sys.executable, "-m", "benchmark", "run", *chosen, *options, "--name", RUN]
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "TMPDIR": str(self.path / "tmp"),
            MARK: self.mark(start),
        }
        with (self.path / "output.txt").open("wb") as output, self.messages.open("wb") as messages:
            return subprocess.Popen(
                command,
                cwd=self.path,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=messages,
                start_new_session=True,
            )

    def log(self) -> bytes:
        """Return the run's log; empty where there is none yet."""
        with suppress(FileNotFoundError):
            return (self.results / "run.log").read_bytes()
        return b""


def marked(mark: str) -> list[int]:
    """Return the ids of the running processes whose mark begins so; those that ended do not count."""
    wanted = f"\0{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if wanted in b"\0" + entry.read_bytes():
                found.append(int(entry.parent.name))
    return sorted(found)


def children(pid: int) -> list[int]:
    """Return the ids of the running children of a process."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state not in "ZX":
                found.append(int(entry.parent.name))
    return found


def end(pids: Iterable[int]) -> None:
    """Send SIGKILL to processes, as far as they are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_for(condition: Callable[[], object], seconds: float) -> bool:
    """Wait until a condition holds; return whether it did in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
