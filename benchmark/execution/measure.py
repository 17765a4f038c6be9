"""What a piece of work costs: wall time, memory and device memory, on a set number of threads."""

from __future__ import annotations

import ctypes
import gc
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from benchmark.errors import InputError

MIB = 2**20


@dataclass
class Measurement:
    """Cost of one measured body; complete once the body has ended.

    Attributes
    ----------
    seconds : float or None
        Wall time, also where the body raised.
    peak_memory_mb : float or None
        Resident memory (MiB) at its peak in the body, above what was resident just before it. None
        where the system does not tell: without Linux's ``clear_refs``, a body that stayed below an
        earlier peak of the process; without ``/proc``, a rise of the peak counts from the earlier
        peak, so the figure is a lower bound.
    peak_device_memory_mb : float or None
        The same for the memory that torch allocated on a CUDA device (MiB); None elsewhere.
    """

    seconds: float | None = None
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
    synchronise = _synchroniser(device)
    measurement = Measurement()
    gc.collect()
    _release_free_memory()
    synchronise()
    device_before = _start_device_peak(device)
    memory = _start_memory_peak()
    start = perf_counter()
    try:
        yield measurement
    finally:
        try:
            synchronise()
        finally:
            measurement.seconds = perf_counter() - start
            measurement.peak_memory_mb = _memory_peak_since(memory)
        measurement.peak_device_memory_mb = _device_peak_since(device, device_before)


@contextmanager
def limit_threads(n: int) -> Iterator[None]:
    """Let BLAS, OpenMP, torch and numba use `n` threads in the body, and restore what was set before.

    Libraries that are first imported within the body keep their own settings.

    Raises
    ------
    InputError
        `n` is below 1.
    """
    from threadpoolctl import threadpool_limits

    if n < 1:
        raise InputError(f"The number of threads must be at least 1; got {n}.")
    torch, numba = sys.modules.get("torch"), sys.modules.get("numba")
    with ExitStack() as restore:
        if torch is not None:
            restore.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(n)
        if numba is not None:
            restore.callback(numba.set_num_threads, numba.get_num_threads())
            numba.set_num_threads(min(n, numba.config.NUMBA_NUM_THREADS))
        restore.enter_context(threadpool_limits(n))
        yield


def available_threads() -> int:
    """Return the number of cores this process may use, by affinity and by container limits."""
    from joblib import cpu_count  # type: ignore[import-untyped]

    return int(cpu_count())


def _synchroniser(device: str) -> Callable[[], Any]:
    """Return the function that waits until `device` has done all it was given."""
    if device == "cpu":
        return lambda: None
    if device not in ("cuda", "mps"):
        raise InputError(f"A device is cpu, cuda or mps; got {device!r}.")
    import torch

    return torch.cuda.synchronize if device == "cuda" else torch.mps.synchronize


def _start_device_peak(device: str) -> int:
    """Forget the device's earlier peak; return the bytes allocated now."""
    if device != "cuda":
        return 0
    import torch

    torch.cuda.reset_peak_memory_stats()
    return int(torch.cuda.memory_allocated())


def _device_peak_since(device: str, before: int) -> float | None:
    if device != "cuda":
        return None
    import torch

    return float(torch.cuda.max_memory_allocated() - before) / MIB


class _MemoryStart(NamedTuple):
    resident: int | None  # bytes
    peak: int | None  # bytes
    peak_is_reset: bool


def _start_memory_peak() -> _MemoryStart:
    peak_is_reset = _reset_memory_peak()
    return _MemoryStart(*_memory(), peak_is_reset)


def _memory_peak_since(start: _MemoryStart) -> float | None:
    _, peak = _memory()
    if peak is None or start.peak is None:
        return None
    if not start.peak_is_reset and peak <= start.peak:
        return None
    before = start.peak if start.resident is None else start.resident
    return max(peak - before, 0) / MIB


def _reset_memory_peak() -> bool:
    """Set the peak of resident memory to its present value (Linux: proc_pid_clear_refs(5))."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _memory() -> tuple[int | None, int | None]:
    """Return the resident memory of this process and its peak (bytes); None where unknown."""
    try:
        status = Path("/proc/self/status").read_text()
        found = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", status, re.MULTILINE))
        return int(found["VmRSS"]) * 1024, int(found["VmHWM"]) * 1024
    except (OSError, KeyError):
        return None, _high_water_mark()


def _high_water_mark() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _release_free_memory() -> None:
    """Give memory that was freed back to the system, where the C library is glibc.

    Otherwise the body would reuse it unseen.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):
        return
