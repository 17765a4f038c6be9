"""Files that are there whole or not at all, whenever the one who writes them dies."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

# What `write_atomically` calls a file that is not whole yet.
_TEMPORARY = re.compile(r"\..+\.[a-z]+\.[a-z0-9_]{8}")


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file under a temporary name with `write`, flush it to disk, and rename it to `path`.

    A directory that is missing is made, one that is removed meanwhile is made once more.

    Raises
    ------
    OSError
        The file cannot be written; what was there before is unchanged.
    """
    try:
        _write(path, write)
    except FileNotFoundError:
        _write(path, write)


def remove_temporary(directory: Path) -> None:
    """Remove what a writer left in `directory` when it was killed; nobody may be writing there now."""
    with suppress(FileNotFoundError):
        for path in list(directory.iterdir()):
            if _TEMPORARY.fullmatch(path.name):
                path.unlink(missing_ok=True)


def _write(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    with suppress(OSError):  # not every file system can flush the name of a file
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
