"""Wait for a child process, limit its time, and end it with all that it started."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from typing import Any, NamedTuple

# How long a process may take to die after SIGKILL; one that waits for a broken disk may take for ever.
GRACE_SECONDS = 10.0
_POLL_SECONDS = 0.002


class ProcessEnd(NamedTuple):
    """How a process ended: at its time limit or not, after how long, and with how much memory at its peak.

    A negative `code` is the signal that ended it; None means that nobody was left to tell.
    """

    code: int | None = None
    seconds: float | None = None
    peak_memory_mb: float | None = None
    timed_out: bool = False


class Supervisor:
    """Waits for children of this process, for the order to end them, and for time limits, all at once.

    That the file descriptor `orders` can be read from, be it its end, is the order to end the child.
    """

    def __init__(self, orders: int) -> None:
        self._orders = orders
        self._woken, wake = os.pipe()
        for handle in (self._woken, wake):
            os.set_blocking(handle, False)
        # A child's end must reach `select`: the pipe turns the signal into something to read.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    def wait(self, pid: int, timeout: float | None = None, until: int | None = None) -> ProcessEnd | None:
        """Return how child `pid` ended, by itself, at the limit of `timeout` seconds, or by order.

        None where a byte could be read from the file descriptor `until` before that.
        """
        begun, timed_out = time.monotonic(), False
        watched = [self._woken, self._orders] + ([] if until is None else [until])
        while not (found := os.wait4(pid, os.WNOHANG))[0]:
            left = None if timeout is None else max(begun + timeout - time.monotonic(), 0)
            ready = select.select(watched, [], [], left)[0]
            if self._woken in ready:
                os.read(self._woken, 4096)
            elif until in ready:
                with suppress(ConnectionResetError):
                    if os.read(until, 1):
                        return None
                # Its other end is gone, and its process about to be.
                watched.remove(until)
            else:
                found, timed_out = _kill_and_reap(pid), not ready
                break
        seconds = time.monotonic() - begun
        _, status, usage = found
        # The unit depends on the system.
        mib = 2**20 if sys.platform == "darwin" else 2**10
        peak = usage.ru_maxrss / mib if usage is not None else None
        return ProcessEnd(os.waitstatus_to_exitcode(status), seconds, peak, timed_out)


def terminate_group(group: int) -> None:
    """End every process of a group, and the one it is named after, at once."""
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            kill(group, signal.SIGKILL)


def terminate_descendants(spare: Collection[int] = ()) -> None:
    """End every process that this one started or adopted, whatever its session, but for those in `spare`."""
    import psutil

    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline:
        left = [p for p in psutil.Process().children(recursive=True) if p.pid not in spare]
        if not left:
            return
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        # Those that were children of these are children of this process next time.
        psutil.wait_procs(left, timeout=_POLL_SECONDS)


def terminate_marked(mark: str, value: str) -> None:
    """End every process whose environment variable `mark` has this value, and so whoever inherited it."""
    import psutil

    for process in psutil.process_iter(["environ"]):
        with suppress(psutil.Error):
            if (process.info["environ"] or {}).get(mark) == value:
                process.kill()
                process.wait(GRACE_SECONDS)


def become_supervisor() -> None:
    """Let this process outlive the signals that end a run, and adopt what its children leave behind.

    A batch system sends those signals to all processes: they are for the one who asked. Processes
    whose parents die become children of this one where the system offers it (Linux).
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _prctl(36, 1)  # PR_SET_CHILD_SUBREAPER


def become_child(parent: int) -> None:
    """Undo in a child what its parent, a supervisor, had set; let it die with its parent (Linux)."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        # It died before it could be said what that means.
        os._exit(1)


def _kill_and_reap(pid: int) -> tuple[int, int, Any]:
    """End a child and return what ``os.wait4`` says of it; of one that does not die, what it would say."""
    terminate_group(pid)
    deadline = time.monotonic() + GRACE_SECONDS
    while not (found := os.wait4(pid, os.WNOHANG))[0]:
        if time.monotonic() > deadline:
            return pid, signal.SIGKILL, None
        time.sleep(_POLL_SECONDS)
    return found


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value)
