"""What a piece of work costs: wall time, memory and device memory, on set threads, in set precision."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from benchmark.errors import InputError
from benchmark.measure.peak_memory import MIB, memory_peak_since, release_free_memory, start_memory_peak

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_NUMBA_VARIABLE = "NUMBA_NUM_THREADS"


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
    release_free_memory()
    synchronise()
    device_before = _start_device_peak(device)
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
        measurement.peak_device_memory_mb = _device_peak_since(device, device_before)


@contextmanager
def limit_threads(n: int) -> Iterator[None]:
    """Let BLAS, OpenMP, torch and numba use `n` threads in the body, and restore what was set before.

    Libraries that are first imported within the body take `n` from the environment, and keep it.

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
        restore.enter_context(_thread_variables(n))
        if torch is not None:
            restore.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(n)
        if numba is not None:
            restore.callback(numba.set_num_threads, numba.get_num_threads())
            numba.set_num_threads(min(n, numba.config.NUMBA_NUM_THREADS))
        restore.enter_context(threadpool_limits(n))
        yield


@contextmanager
def _thread_variables(n: int) -> Iterator[None]:
    """Set the environment variables from which libraries read their number of threads at import."""
    # Once numba's threads run, another number in its variable is an error at the next compilation.
    names = [*_THREAD_VARIABLES, *([] if "numba" in sys.modules else [_NUMBA_VARIABLE])]
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, str(n)))
    try:
        yield
    finally:
        if "numba" in sys.modules:
            before.pop(_NUMBA_VARIABLE, None)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def full_precision(device: str) -> Iterator[None]:
    """Keep TF32 out of the body where `device` is "cuda", and restore what was set before.

    What is recorded as fp32 is then fp32: by torch's default, cuDNN's convolutions would round
    their inputs to the 10 bits of mantissa that TF32 has.
    """
    if device != "cuda":
        yield
        return
    import torch

    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32
    try:
        matmul.allow_tf32 = cudnn.allow_tf32 = False
        yield
    finally:
        matmul.allow_tf32, cudnn.allow_tf32 = before


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
