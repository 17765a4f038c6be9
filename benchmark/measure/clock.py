"""What a piece of work costs: wall time, and the peaks of resident memory and of a device's memory."""

from __future__ import annotations

import ctypes
import gc
import math
import re
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmark.errors import InputError

_MIB = 2**20


@dataclass
class Measurement:
    """Cost of one measured body; complete once the body has ended.

    Attributes
    ----------
    seconds : float
        Wall time, also where the body raised; NaN until it ends.
    peak_memory_mb : float or None
        Resident memory (MiB) at its peak in the body, above what was resident just before it. None
        where the system does not tell: without Linux's ``clear_refs``, a body that stayed below an
        earlier peak of the process; without ``/proc``, a rise of the peak counts from the earlier
        peak, so the figure is a lower bound.
    peak_device_memory_mb : float or None
        The same for the memory that torch allocated on a CUDA device (MiB); None elsewhere.
    """

    seconds: float = math.nan
    peak_memory_mb: float | None = None
    peak_device_memory_mb: float | None = None


@contextmanager
def measured(device: str) -> Iterator[Measurement]:
    """Measure the body of a ``with`` statement that works on `device`: "cpu", "cuda" or "mps".

    The device is synchronised before each reading of the clock, so work that was only queued is
    charged to the body that queued it. Garbage is collected before the clock starts.

    Raises
    ------
    InputError
        `device` is none of these.
    """
    backend = _torch_backend(device)
    synchronise = backend.synchronize if backend else lambda: None
    cuda = backend if device == "cuda" else None  # the only one that tells its peak
    measurement = Measurement()
    gc.collect()
    _release_free_memory()
    synchronise()
    if cuda:
        cuda.reset_peak_memory_stats()
        allocated = cuda.memory_allocated()
    is_reset = _reset_memory_peak()
    resident, earlier_peak = _memory()
    start = perf_counter()
    try:
        yield measurement
    finally:
        try:
            synchronise()
        finally:
            measurement.seconds = perf_counter() - start
            _, peak = _memory()
            if is_reset or peak > earlier_peak:
                measurement.peak_memory_mb = max(peak - resident, 0) / _MIB
        if cuda:
            measurement.peak_device_memory_mb = (cuda.max_memory_allocated() - allocated) / _MIB


def _torch_backend(device: str) -> Any:
    """Return torch's module for a device; None for the CPU."""
    if device == "cpu":
        return None
    if device not in ("cuda", "mps"):
        raise InputError(f"A device is cpu, cuda or mps; got {device!r}.")
    import torch

    return getattr(torch, device)


def _release_free_memory() -> None:
    """Give freed memory back to the system (glibc), as what is measured next would reuse it unseen."""
    if sys.platform.startswith("linux"):
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def _reset_memory_peak() -> bool:
    """Set the peak of resident memory to its present value (Linux: proc_pid_clear_refs(5))."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _memory() -> tuple[int, int]:
    """Return the resident memory of this process, its peak where that is unknown, and its peak (bytes)."""
    try:
        status = Path("/proc/self/status").read_text()
        found = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", status, re.MULTILINE))
        return int(found["VmRSS"]) * 1024, int(found["VmHWM"]) * 1024
    except (OSError, KeyError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak *= 1 if sys.platform == "darwin" else 1024
        return peak, peak
