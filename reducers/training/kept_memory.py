"""Memory that the next batch can use again."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

# Options of glibc's mallopt: what is free above the first leaves the process, the second is asked for at
# a time, what is larger than the third has pages of its own, of which there are at most the fourth.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -2, -3, -4
_KEEP = {_TRIM_THRESHOLD: 2**31 - 1, _TOP_PAD: 64 * 2**20, _MMAP_MAX: 0}
# Where glibc itself arrives once a process has freed large blocks.
_USUAL = {_TRIM_THRESHOLD: 64 * 2**20, _TOP_PAD: 128 * 2**10, _MMAP_THRESHOLD: 32 * 2**20, _MMAP_MAX: 65536}


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
    _set(library, _KEEP)
    try:
        yield
    finally:
        _set(library, _USUAL)
        library.malloc_trim(0)


def _set(library: Any, options: dict[int, int]) -> None:
    for option, value in options.items():
        library.mallopt(option, value)


@cache
def _glibc() -> Any:
    """Return the C library where it is one that can be told; else None."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
