"""Arrays larger than memory: left in their file, and read a block at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reducers.rows import Rows, loses_digits

# From this size on (bytes) an array stays in its file. Fixed, not a share of this machine's memory:
# the order of training samples differs between the two, and a result must not depend on the machine.
MAPPED_BYTES = 2**30
_BLOCK_BYTES = 16 * 2**20
# Scattered rows bring whole pages along, so few are taken before these are given back.
_ROWS_AT_ONCE = 128


def stays_in_file(n_bytes: int) -> bool:
    """Whether an array of `n_bytes` is left in its file."""
    return n_bytes >= MAPPED_BYTES


def stored_blocks(X: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the rows of an array in order, as they are stored: of a mapped one some megabytes at a time."""
    if not isinstance(X, np.memmap):
        yield X
        return
    rows = max(_BLOCK_BYTES // max(X[:1].nbytes, 1), 1)
    for start in range(0, len(X), rows):
        yield np.array(X[start : start + rows])
        Rows(X).forget()


def take(X: np.ndarray, index: np.ndarray) -> np.ndarray | Rows:
    """Return the samples of `index`, without copying them where it has all, which must then be in order.

    Those of a file are left there where they are large; it is read fastest in its own order.
    """
    every = len(index) == len(X)
    if not isinstance(X, np.memmap):
        return X if every else X[index]
    if stays_in_file(len(index) * X[:1].nbytes):
        return Rows(X, None if every else index)
    chosen = np.empty((len(index), X.shape[1]), dtype=X.dtype)
    for start in range(0, len(index), _ROWS_AT_ONCE):
        chosen[start : start + _ROWS_AT_ONCE] = X[index[start : start + _ROWS_AT_ONCE]]
        Rows(X).forget()
    return chosen if X.dtype == np.uint8 or loses_digits(chosen) else chosen.astype(np.float32, copy=False)
