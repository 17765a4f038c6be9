"""How much memory a file may take: a small one that unpacks to gigabytes is damaged, or made to do harm."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.errors import InputError

SMALL = 2**29
RATIO = 100
ROW_BYTES = 40  # what a sample takes besides its features: its label, and its places in the split


def _most_bytes(path: Path) -> int:
    """Return how many bytes a packed file, or a folder, may unpack to: 512 MiB, or 100 times its size."""
    files = path.rglob("*") if path.is_dir() else [path]
    return max(SMALL, RATIO * sum(file.stat().st_size for file in files))


def check_size(path: Path, promised: int) -> None:
    """Raise `InputError` where a packed file promises `promised` bytes, and may not unpack to so many."""
    most = _most_bytes(path)
    if promised > most:
        raise InputError(
            f"{path.name} must not unpack to more than {most:,} bytes, 512 MiB or {RATIO} times its size; it "
            f"would take {promised:,}: store the data unpacked, as .npy."
        )


@contextmanager
def memory_limit(path: Path) -> Iterator[None]:
    """Refuse the file with an `InputError` as soon as the block takes three times what it may unpack to.

    For libraries that believe a size that stands deep within a file. It holds on Linux; elsewhere
    the block runs without a limit.
    """
    most = 3 * _most_bytes(path)
    try:
        with _address_limit(most):
            yield
    except MemoryError as error:
        raise InputError(
            f"{path.name} needs more memory than {most:,} bytes to unpack: it is damaged, or "
            f"its data must be stored unpacked, as .npy."
        ) from error


@contextmanager
def _address_limit(more: int) -> Iterator[None]:
    if sys.platform != "linux":
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    known = [held + more, *(limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_AS, (min(known), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
