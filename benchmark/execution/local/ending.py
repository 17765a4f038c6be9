"""Waiting for a process, and ending it with all that it started."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

# How long a process may take to die after SIGKILL; one that waits for a broken disk may take for ever.
PATIENCE = 10.0
_STEP = 0.002


@dataclass(frozen=True)
class End:
    """How a process ended: exit code (negative: a signal), seconds, peak memory in MiB, and why."""

    code: int
    seconds: float
    peak_memory_mb: float | None
    timed_out: bool


class Watch:
    """Waits for a child of this process, for orders from outside, and for a time limit, all at once.

    Parameters
    ----------
    orders : file, unbuffered
        A line from it, or its end, is the order to end the child.
    """

    def __init__(self, orders: IO[bytes]) -> None:
        self._orders = orders
        self._woken, wake = os.pipe()
        for handle in (self._woken, wake):
            os.set_blocking(handle, False)
        # A child's end must reach `select`: the pipe turns the signal into something to read.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    def wait(self, pid: int, timeout: float | None) -> End:
        """Return how child `pid` ended, by itself, at the limit of `timeout` seconds, or by order."""
        begun, timed_out = time.monotonic(), False
        while not (found := os.wait4(pid, os.WNOHANG))[0]:
            left = None if timeout is None else max(begun + timeout - time.monotonic(), 0)
            ready = self._ready(left)
            if self._woken in ready:
                os.read(self._woken, 4096)
                continue
            if ready:
                self._orders.readline()
            found, timed_out = _end(pid), not ready
            break
        seconds = time.monotonic() - begun
        return End(os.waitstatus_to_exitcode(found[1]), seconds, _peak(found[2]), timed_out)

    def _ready(self, seconds: float | None) -> list[int]:
        return select.select([self._woken, self._orders.fileno()], [], [], seconds)[0]


def end_group(group: int) -> None:
    """End every process of a group, and the one it is named after."""
    for end in (os.killpg, os.kill):
        _kill(end, group)


def end_all(group: int) -> None:
    """End every process of a group, and every child of this process, whatever session it went to."""
    end_group(group)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not ended:
            for child in _children():
                _kill(os.kill, child)
            time.sleep(_STEP)


def adopt_orphans() -> None:
    """Let processes whose parents die become children of this one, where the system offers it (Linux)."""
    _prctl(36, 1)  # PR_SET_CHILD_SUBREAPER


def ignore_signals() -> None:
    """Leave the signals that end a run to the one who asked: a batch system sends them to all processes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def heed_signals() -> None:
    """Undo in a child what `ignore_signals` and `Watch` set."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def die_with_parent() -> None:
    """Ask the system to end this process when the one that started it dies, however it dies (Linux)."""
    _prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _end(pid: int) -> tuple[int, int, Any]:
    """End a child and return what ``os.wait4`` says of it; of one that does not die, what it would say."""
    end_group(pid)
    deadline = time.monotonic() + PATIENCE
    while not (found := os.wait4(pid, os.WNOHANG))[0]:
        if time.monotonic() > deadline:
            return pid, signal.SIGKILL, None
        time.sleep(_STEP)
    return found


def _kill(end: Callable[[int, int], None], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        end(number, signal.SIGKILL)


def _children() -> list[int]:
    """Return the ids of the children of this process; empty where there is no /proc."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError):
            if int(entry.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.append(int(entry.parent.name))
    return found


def _peak(usage: Any) -> float | None:
    """Return the peak of resident memory in MiB; its unit depends on the system."""
    if usage is None:
        return None
    return float(usage.ru_maxrss) / (2**20 if sys.platform == "darwin" else 2**10)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value)
