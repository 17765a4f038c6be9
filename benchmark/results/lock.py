"""The lock that keeps one writer a run; it dies with the process that holds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.errors import InputError

# Git and the readers of a run pass by what begins with a dot.
RUN_LOCK = ".lock"


@contextmanager
def run_lock(directory: Path) -> Iterator[None]:
    """Hold a run's directory of results for the body; it is made where it is missing.

    Raises
    ------
    InputError
        Another process holds it, or its lock cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(directory / RUN_LOCK)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(
            f"The run {directory.name!r} in {directory.parent} is being written by another process: wait "
            "until that ends, or give this one another name with --name."
        ) from None
    except OSError as error:
        raise InputError(f"The lock {directory / RUN_LOCK} cannot be taken: {error.strerror}.") from None
    try:
        yield
    finally:
        lock.release()
