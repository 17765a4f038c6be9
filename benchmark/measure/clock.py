"""What a piece of work costs: wall time and memory; and how much of the machine others took meanwhile."""

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
from typing import Any, NamedTuple

import psutil

from benchmark.errors import InputError

_MIB = 2**20
# With a larger share of all cores, times are not those of the job alone. Two cores showed 0.005 with nothing
# beside, 0.4 to 0.5 with one busy process; ticks of 10 ms let it stray by 0.03 in the least window (seconds).
DISTURBED = 0.05
_LEAST_SECONDS = 0.4


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
    charged to the body that queued it. Garbage is collected before the clock starts. Another device is
    an `InputError`.
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


class CpuTimes(NamedTuple):
    """Seconds that all cores spent since the machine started: in all, busy, and busy for this process."""

    cores: int
    total: float
    busy: float
    own: float


def cpu_times() -> CpuTimes | None:
    """Return where the processor times stand; None where the system does not tell, without ``/proc`` say.

    What a hypervisor took for other machines counts as busy, what this process's children took as its own.
    """
    own = _own_seconds()
    try:
        times = psutil.cpu_times()._asdict()
        cores = len(psutil.cpu_times(percpu=True))
    except (OSError, ValueError, IndexError):
        return None
    # Time of guests is within that of their hosts already.
    total = sum(times.values()) - times.get("guest", 0.0) - times.get("guest_nice", 0.0)
    return CpuTimes(cores, total, total - times["idle"] - times.get("iowait", 0.0), own)


def foreign_share(begun: CpuTimes | None, ended: CpuTimes | None) -> float | None:
    """Return the share of all cores, 0 to 1, that other processes took between two moments.

    None where the system does not tell, or where they are too close to tell it.
    """
    if begun is None or ended is None:
        return None
    total = ended.total - begun.total
    if total < ended.cores * _LEAST_SECONDS:
        return None
    foreign = (ended.busy - begun.busy) - (ended.own - begun.own)
    return min(max(foreign / total, 0.0), 1.0)


def _own_seconds() -> float:
    """Return the processor time of this process and of all it started, those that ended included."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    own = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    with suppress(psutil.Error, OSError):
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                # Of itself and of the children it has waited for.
                own += sum(child.cpu_times()[:4])
    return own
