"""Arrays larger than memory: left in their file, and read a block at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from benchmark.datasets.formats.npy import check_npy
from benchmark.errors import InputError
from reducers.rows import Rows

# From this size on (bytes) an array stays in its file. Fixed, not a share of this machine's memory:
# the order of training samples differs between the two, and a result must not depend on the machine.
MAPPED_BYTES = 2**30
_BLOCK_BYTES = 16 * 2**20
# Scattered rows bring whole pages along, so few are taken before these are given back.
_ROWS_AT_ONCE = 128


class Digest(Protocol):
    """A running hash."""

    def update(self, data: Any, /) -> None:
        """Hash more bytes."""


def load_npy(path: Path) -> np.ndarray:
    """Return the array of a .npy file, memory-mapped where the file has at least `MAPPED_BYTES`.

    Raises
    ------
    InputError
        The file holds another number of bytes than its header promises, or objects; or a mapped
        array is not stored row by row.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        check_npy(file, size, path.name)
    large = size >= MAPPED_BYTES
    stored: np.ndarray = np.load(path, mmap_mode="r" if large else None, allow_pickle=False)
    if large and not stored.flags.c_contiguous:
        raise InputError(
            f"{path.name} must be stored row by row (C order) to be read in blocks; got columns first "
            "(Fortran order)."
        )
    return stored


def is_mapped(X: object) -> bool:
    """Whether `X` lies in a file."""
    return isinstance(X, np.memmap) or (isinstance(X, Rows) and X.mapped)


def stored_blocks(X: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the rows of a mapped array in order, as they are stored, some megabytes at a time."""
    rows = max(_BLOCK_BYTES // max(X[:1].nbytes, 1), 1)
    for start in range(0, len(X), rows):
        yield np.array(X[start : start + rows])
        Rows(X).forget()


def update_digest(digest: Digest, X: np.ndarray) -> None:
    """Hash the bytes of `X`, in C order."""
    for block in stored_blocks(X) if is_mapped(X) else (np.ascontiguousarray(X),):
        digest.update(block.data)


def take(X: np.ndarray, index: np.ndarray | None) -> np.ndarray | Rows:
    """Return the rows of `index`: in memory, or left in their file where they are large.

    Rows of a file are read fastest in its order, so `index` should be sorted there.
    """
    if is_mapped(X) and (len(X) if index is None else len(index)) * X[:1].nbytes >= MAPPED_BYTES:
        return Rows(X, index)
    if not is_mapped(X):
        return X if index is None else X[index]
    rows = np.arange(len(X)) if index is None else index
    chosen = np.empty((len(rows), X.shape[1]), dtype=np.uint8 if X.dtype == np.uint8 else np.float32)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        chosen[start : start + _ROWS_AT_ONCE] = X[rows[start : start + _ROWS_AT_ONCE]]
        Rows(X).forget()
    return chosen
