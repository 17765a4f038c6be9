"""Places that runs write to, in a test's directory or on a real disk of a size that can be filled."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE
from typing import TypeVar

import numpy as np
from waiting import wait_for

from benchmark.results import Record, Store

ROOT = Path(__file__).parents[2]
PATIENCE = 120
REDUCERS = """
import os
import time
from pathlib import Path
from reducers.base import Reducer


class Narrow(Reducer):
    "The first features, unchanged."
    name = "narrow"
    reference = "none"

    def _fit(self, X, rng):
        self.fitted_ = True

    def _transform(self, X):
        return X[:, : self.n_components]


class After(Narrow):
    name = "after"


class Waits(Narrow):
    "Says that it is being fitted, and goes on when it is let."
    name = "waits"

    def _fit(self, X, rng):
        gate = Path(os.environ["GATE"])
        (gate / "reached").touch()
        while not (gate / "open").exists():
            time.sleep(0.02)
"""


@dataclass
class Place:
    """A directory in which runs are started; `inside` begins the commands that see its disk."""

    path: Path
    inside: tuple[str, ...] = ()
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, verb: str, *words: object) -> subprocess.Popen[str]:
        """Start ``python -m benchmark``, for no longer than the test."""
        # Whoever enters a mount namespace begins at its root.
        command = [*self.inside, "sh", "-c", 'cd "$0" && exec "$@"', self.path, sys.executable]
        directories = ("--results-dir", "disk/results", "--reports-dir", "disk/reports")
        process = subprocess.Popen(
            [str(word) for word in (*command, "-m", "benchmark", verb, *words, *directories)],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "OMP_NUM_THREADS": "1",
                "TMPDIR": str(self.path / "tmp"),
                "GATE": str(self.path),
            },
            stdin=subprocess.DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, *reducers: str, seeds: int = 1) -> subprocess.Popen[str]:
        chosen = [word for reducer in reducers for word in ("--reducer", reducer)]
        options = ("--dataset", "data.npy", "--suite", "wide.toml", "--plugin", "plugin.py", "--threads", 1)
        return self.start("run", *chosen, *options, "--name", "mine", "--seeds", seeds)

    def run_to_the_gate(self, *reducers: str) -> subprocess.Popen[str]:
        """Start a run, and return when it fits the reducer that waits."""
        process = self.run(*reducers)
        assert wait_for(lambda: (self.path / "reached").exists() or process.poll() is not None, PATIENCE)
        assert process.poll() is None, process.communicate()
        return process

    def open_gate(self) -> None:
        (self.path / "open").touch()

    def system(self, *words: object) -> None:
        """Run a command that sees the disk."""
        subprocess.run([*self.inside, *map(str, words)], check=True, timeout=PATIENCE)

    @property
    def disk(self) -> Path:
        return self.path / "disk"

    @property
    def store(self) -> Store:
        return Store(self.disk / "results", "mine")

    def records(self) -> dict[tuple[str, int], Record]:
        """Every record that was stored, after a look whether all that is there is whole."""
        records = list(self.store.records())
        assert len(records) == len(list((self.store.path / "jobs").iterdir())), "a file is damaged or half"
        for record in records:
            assert record.status == "ok", record.error
            codes = self.store.load_arrays("embeddings", record.key)["Z_test"]
            assert codes.shape == (200, 64)
        return {(record.reducer, record.seed): record for record in records}


@dataclass
class Disk(Place):
    """A place whose directory ``disk`` is a disk of its own; the test reads it through its keeper."""

    keeper: int = 0

    @property
    def disk(self) -> Path:
        return Path(f"/proc/{self.keeper}/root{self.path}/disk")

    def make_room(self) -> None:
        self.system("mount", "-o", "remount,size=16m", self.path / "disk")

    def make_read_only(self) -> None:
        """Cover the disk with a read-only look at itself: it cannot change while the run's lock is open."""
        self.system("mount", "--bind", self.path / "disk", self.path / "disk")
        self.system("mount", "-o", "remount,bind,ro", self.path / "disk")

    def make_writable(self) -> None:
        self.system("umount", self.path / "disk")

    def fill(self) -> Path:
        """Write a file until not a byte more fits, and return it."""
        ballast = self.disk / "ballast"
        with ballast.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(b"x" * 4096):
                pass
        return ballast


AnyPlace = TypeVar("AnyPlace", bound=Place)


@contextmanager
def prepared(made: AnyPlace) -> Iterator[AnyPlace]:
    """Write what a run needs; end whatever of the runs is left when the body ends."""
    # 1000 samples, whose codes of 64 features take a quarter of the disk.
    np.save(made.path / "data.npy", np.random.default_rng(0).normal(size=(1000, 70)).astype(np.float32))
    (made.path / "wide.toml").write_text("components = [64]\n")
    (made.path / "plugin.py").write_text(REDUCERS)
    for name in ("tmp", "disk"):
        (made.path / name).mkdir(exist_ok=True)
    try:
        yield made
    finally:
        for process in made.started:
            process.kill()
            process.communicate()
