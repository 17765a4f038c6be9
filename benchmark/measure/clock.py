"""What a piece of work costs: wall time, memory and device memory."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from benchmark.errors import InputError
from benchmark.measure.peak_memory import MIB, memory_peak_since, release_free_memory, start_memory_peak


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
    release_free_memory()
    synchronise()
    if cuda:
        cuda.reset_peak_memory_stats()
        allocated = cuda.memory_allocated()
    memory = start_memory_peak()
    start = perf_counter()
    try:
        yield measurement
    finally:
        try:
            synchronise()
        finally:
            measurement.seconds = perf_counter() - start
            measurement.peak_memory_mb = memory_peak_since(memory)
        if cuda:
            measurement.peak_device_memory_mb = (cuda.max_memory_allocated() - allocated) / MIB


def _torch_backend(device: str) -> Any:
    """Return torch's module for a device; None for the CPU."""
    if device == "cpu":
        return None
    if device not in ("cuda", "mps"):
        raise InputError(f"A device is cpu, cuda or mps; got {device!r}.")
    import torch

    return getattr(torch, device)
