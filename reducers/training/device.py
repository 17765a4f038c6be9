"""What every torch-based reducer shares: device, generator, batched application, memory kept meanwhile."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from reducers.base import Reducer
from reducers.parameters import one_of
from reducers.rows import FloatArray, Rows, extent
from reducers.training.batches import Batches, make_batches, to_tensor

# Options of glibc's mallopt: what is free above the first leaves the process, the second is asked for at
# a time, what is larger than the third has pages of its own, of which there are at most the fourth.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -2, -3, -4
_KEEP = {_TRIM_THRESHOLD: 2**31 - 1, _TOP_PAD: 64 * 2**20, _MMAP_MAX: 0}
# Where glibc itself arrives once a process has freed large blocks.
_USUAL = {_TRIM_THRESHOLD: 64 * 2**20, _TOP_PAD: 128 * 2**10, _MMAP_THRESHOLD: 32 * 2**20, _MMAP_MAX: 65536}


class TorchReducer(Reducer):
    """A reducer whose arithmetic is torch's.

    Parameters
    ----------
    device : {'auto', 'cpu', 'cuda', 'mps'}, default 'auto'
        Where to compute; ``auto`` takes the GPU where there is one.
    """

    devices = ("cpu", "cuda", "mps")
    streams = True

    device: str = one_of("auto", "cpu", "cuda", "mps")

    def _torch_device(self) -> torch.device:
        return resolve_device(self.device)

    def _check_probabilities(self, X: FloatArray | Rows, why: str = "") -> None:
        """Raise ValueError where a value of `X` lies outside [0, 1]."""
        low, high = extent(X)
        if not (low >= 0.0 and high <= 1.0):
            raise self._refusal(f"inputs in [0, 1]{why}", f"[{low:g}, {high:g}]")

    def _to_device(self, X: NDArray[Any]) -> torch.Tensor:
        return to_tensor(X, self._torch_device())

    def _batches(self, X: FloatArray | Rows) -> Batches:
        return make_batches(X, self._torch_device())

    def _generator(self, rng: np.random.Generator) -> torch.Generator:
        return torch.Generator(self._torch_device()).manual_seed(int(rng.integers(2**63)))

    def _apply(self, function: Callable[[torch.Tensor], torch.Tensor], X: FloatArray | Rows) -> FloatArray:
        """Return ``function(X)`` as an array, computed without gradients in batches on the device."""
        # Bytes become numbers where they are multiplied, a block at a time.
        with torch.inference_mode(), freed_memory_kept():
            parts = [function(block).float().cpu() for block in self._batches(X).blocks()]
            result: FloatArray = torch.cat(parts).numpy()
            return result


def resolve_device(name: str) -> torch.device:
    """Return the torch device called `name`; ``auto`` is the GPU where there is one.

    Raises
    ------
    ValueError
        The device is not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    found = [device for device, is_there in there.items() if is_there]
    if name == "auto":
        return torch.device(found[0])
    if name not in found:
        raise ValueError(f"device '{name}' is not available here; found: {', '.join(sorted(found))}.")
    return torch.device(name)


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Let the C library keep what is freed, for the next batch; give it back at the end (glibc only).

    The outputs of a convolution take some 10 MiB a batch. The library returns blocks of that size to the
    system as soon as they are free, and every page of the next one must be fetched and cleared anew:
    up to a third of the training.
    """
    library = _glibc()
    if library is None:
        yield
        return
    for option, value in _KEEP.items():
        library.mallopt(option, value)
    try:
        yield
    finally:
        for option, value in _USUAL.items():
            library.mallopt(option, value)
        library.malloc_trim(0)


@cache
def _glibc() -> Any:
    """Return the C library where it is one that can be told; else None."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
