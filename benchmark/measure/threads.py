"""What a measurement sets of the libraries around it: their threads, and the arithmetic of a GPU."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from benchmark.errors import InputError

# Where libraries read their number of threads at import.
_NUMBA_VARIABLE = "NUMBA_NUM_THREADS"
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", _NUMBA_VARIABLE)


@contextmanager
def limit_threads(n: int) -> Iterator[None]:
    """Let BLAS, OpenMP, torch and numba use `n` threads in the body, and restore what was set before.

    Libraries that are first imported within the body take `n` from the environment, and keep it. An `n` below
    1 is an `InputError`.
    """
    from threadpoolctl import threadpool_limits

    if n < 1:
        raise InputError(f"The number of threads must be at least 1; got {n}.")
    torch, numba = sys.modules.get("torch"), sys.modules.get("numba")
    with ExitStack() as restore:
        # Once numba's threads run, another number in its variable is an error at the next compilation.
        for name in _THREAD_VARIABLES if numba is None else _THREAD_VARIABLES[:-1]:
            restore.callback(_restore_variable, name, os.environ.get(name))
            os.environ[name] = str(n)
        if torch is not None:
            restore.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(n)
        if numba is not None:
            restore.callback(numba.set_num_threads, numba.get_num_threads())
            numba.set_num_threads(min(n, numba.config.NUMBA_NUM_THREADS))
        restore.enter_context(threadpool_limits(n))
        yield


def _restore_variable(name: str, value: str | None) -> None:
    # What numba took from it when it was imported meanwhile, it must go on finding there.
    if name == _NUMBA_VARIABLE and "numba" in sys.modules:
        return
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
