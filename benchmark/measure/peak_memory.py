"""Resident memory of this process, and its peak since a moment of one's choosing."""

from __future__ import annotations

import ctypes
import re
import resource
import sys
from pathlib import Path
from typing import NamedTuple

MIB = 2**20


class MemoryStart(NamedTuple):
    """Where memory stood when a peak began to be looked for (bytes)."""

    resident: int | None
    peak: int
    peak_is_reset: bool


def start_memory_peak() -> MemoryStart:
    """Forget the process's earlier peak, where the system can; return where memory stands now."""
    peak_is_reset = _reset_memory_peak()
    return MemoryStart(*_memory(), peak_is_reset)


def memory_peak_since(start: MemoryStart) -> float | None:
    """Return the peak of resident memory since `start`, above what was resident then (MiB).

    None where the system does not tell: without Linux's ``clear_refs``, where no earlier peak was
    passed. Without ``/proc``, the figure counts from the earlier peak, so it is a lower bound.
    """
    _, peak = _memory()
    if not start.peak_is_reset and peak <= start.peak:
        return None
    before = start.peak if start.resident is None else start.resident
    return max(peak - before, 0) / MIB


def release_free_memory() -> None:
    """Give memory that was freed back to the system, where the C library is glibc.

    Otherwise what is measured next would reuse it unseen.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):
        return


def _reset_memory_peak() -> bool:
    """Set the peak of resident memory to its present value (Linux: proc_pid_clear_refs(5))."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _memory() -> tuple[int | None, int]:
    """Return the resident memory of this process, None where unknown, and its peak (bytes)."""
    try:
        status = Path("/proc/self/status").read_text()
        found = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", status, re.MULTILINE))
        return int(found["VmRSS"]) * 1024, int(found["VmHWM"]) * 1024
    except (OSError, KeyError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return None, peak if sys.platform == "darwin" else peak * 1024
