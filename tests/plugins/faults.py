"""Reducers that bring their process down, or leave something of it behind."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from reducers.base import Reducer


class Slice(Reducer):
    """The first features, unchanged: nothing is wrong with it."""

    name = "slice"
    reference = "none"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        self.fitted_ = True

    def _transform(self, X: np.ndarray) -> np.ndarray:
        return X[:, -self.n_components :]


class Crashes(Slice):
    """Reads where there is nothing, as faulty compiled code does."""

    name = "crashes"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        print("on its way down")
        ctypes.string_at(0)


class WantsTooMuch(Slice):
    """Asks for more memory than there is."""

    name = "wants-too-much"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2**36, 2**36))
        self.everything_ = np.ones(2**40)


class RunsOutOfMemory(Slice):
    """Takes 300 MiB before the system ends its process."""

    name = "runs-out-of-memory"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        self.much_ = np.ones(300 * 2**20, dtype=np.uint8)
        os.kill(os.getpid(), signal.SIGKILL)


class Endless(Slice):
    """Never comes back, and tells its process in the file that FAULTS_PIDS names."""

    name = "endless"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        print("still at it")
        _tell_pids(os.getpid())
        while True:
            pass


class LeavesBehind(Slice):
    """Leaves a thread, a process of its session, one of another session and a file."""

    name = "leaves-behind"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        threading.Thread(target=time.sleep, args=(300,)).start()
        sleep = [sys.executable, "-c", "import time; time.sleep(300)"]
        child = subprocess.Popen(sleep)
        # Its parent is gone at once: a process that nobody waits for.
        lines = f"import subprocess; print(subprocess.Popen({sleep!r}, start_new_session=True, stdout=2).pid)"
        orphan = subprocess.check_output([sys.executable, "-c", lines], text=True)
        Path(tempfile.mkstemp()[1]).write_text("left")
        _tell_pids(child.pid, int(orphan))


class LeavesBehindAndCrashes(LeavesBehind):
    """Leaves the same, and does not come to its end."""

    name = "leaves-behind-and-crashes"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        super()._fit(X, rng)
        os.abort()


class LeavesBehindAndWaits(LeavesBehind):
    """Leaves the same, and tells its own process, which never comes back."""

    name = "leaves-behind-and-waits"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        super()._fit(X, rng)
        _tell_pids(os.getpid())
        time.sleep(300)


class FillsTheDisk(Slice):
    """Lets no file of its process grow, as a full disk does."""

    name = "fills-the-disk"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))


class RemovesResults(Slice):
    """Removes the directory that FAULTS_REMOVES names."""

    name = "removes-results"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        shutil.rmtree(os.environ["FAULTS_REMOVES"], ignore_errors=True)


class Interval(Slice):
    """Takes a while, and writes when it began and ended to the directory that FAULTS_TIMES names."""

    name = "interval"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        begun = time.monotonic()
        time.sleep(0.3)
        line = f"{begun} {time.monotonic()} {os.getppid()}\n"
        with open(Path(os.environ["FAULTS_TIMES"]) / "times", "a") as file:
            file.write(line)


def _tell_pids(*pids: int) -> None:
    with open(os.environ["FAULTS_PIDS"], "a") as file:
        file.write(" ".join(map(str, pids)) + "\n")


class RaisesOnce(Slice):
    """Works when it is tried again."""

    name = "raises-once"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        marker = Path(os.environ["FAULTS_TIMES"]) / self.name
        if not marker.exists():
            marker.touch()
            self._go_wrong()

    def _go_wrong(self) -> None:
        raise RuntimeError("not yet")


class CrashesOnce(RaisesOnce):
    """Works when it is tried again."""

    name = "crashes-once"

    def _go_wrong(self) -> None:
        os.abort()
