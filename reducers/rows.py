"""Samples read a block at a time: pixels kept as bytes, or a file larger than memory."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

# Enough rows to be worth a call, few enough that their copy in double precision stays in cache.
_ROWS_AT_ONCE = 1024
# Single precision tells 2**24 values from 0 to any number apart: this many times its range away from 0, a
# feature has 2**12 of them left.
_FAR = 2.0**11


class Rows:
    """A table of samples whose float32 values are ``(stored - offset) / scale``, made when asked for.

    Indexed by a slice or by an array of row numbers it gives a float32, C-contiguous array, as an
    ndarray would; ``np.asarray`` gives all of it.

    Parameters
    ----------
    array : ndarray of shape (n, n_features), uint8 or any real type
        What is stored; a `numpy.memmap` is never read as a whole, and never stays in memory.
    index : int array of shape (m,), optional
        The rows that belong to the table, in order; all of them by default.
    offset, scale : float
        The affine map from what is stored to the values.
    """

    dtype = np.dtype(np.float32)
    ndim = 2

    def __init__(
        self, array: NDArray[Any], index: NDArray[np.intp] | None = None,
        offset: float = 0.0, scale: float = 1.0,
    ) -> None:  # fmt: skip
        self.array, self.index, self.offset, self.scale = array, index, offset, scale
        self.shape = (len(array) if index is None else len(index), int(array.shape[1]))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | NDArray[np.intp]) -> FloatArray:
        stored = self._stored(rows)
        values: FloatArray = np.array(stored, order="C") if self._as_stored else self._scaled(stored)
        self.forget()
        return values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if self._as_stored and not self.mapped and self.index is None and not copy:
            return self.array if dtype is None else self.array.astype(dtype, copy=False)
        whole = np.empty(self.shape, dtype=np.float32)
        for rows in _slices(len(self)):
            whole[rows] = self[rows]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    @property
    def mapped(self) -> bool:
        """Whether the rows lie in a file and are read from there each time."""
        return isinstance(self.array, np.memmap)

    @property
    def compact(self) -> bool:
        """Whether the rows take less memory as they are stored: in a file, or as bytes that are scaled."""
        whole_bytes = self.array.dtype == np.uint8 and self.index is None and self.offset == 0.0
        return self.mapped or whole_bytes

    def extent(self) -> tuple[float, float]:
        """Return the smallest and the largest value; only these two are scaled, the order being kept."""
        lows, highs = [], []
        for rows in _slices(len(self)):
            stored = self._stored(rows)
            lows.append(stored.min())
            highs.append(stored.max())
            self.forget()
        ends: NDArray[Any] = np.array([min(lows), max(highs)])
        double = loses_digits(ends[:, None])
        low, high = (ends - self.offset) / self.scale if double else self._scaled(ends)
        return float(low), float(high)

    def rescaled(self, offset: float, scale: float) -> Rows:
        """Return the same rows under another affine map."""
        return Rows(self.array, self.index, offset, scale)

    def _stored(self, rows: slice | NDArray[np.intp]) -> NDArray[Any]:
        return self.array[rows if self.index is None else self.index[rows]]

    @property
    def _as_stored(self) -> bool:
        return self.array.dtype == np.float32 and (self.offset, self.scale) == (0.0, 1.0)

    def _scaled(self, stored: NDArray[Any]) -> FloatArray:
        if self.array.dtype == np.uint8 and self.offset == 0.0 and np.float32(self.scale) == self.scale:
            # A quotient of two numbers that single precision holds needs no double.
            values = stored.astype(np.float32)
            values /= np.float32(self.scale)
            return values
        out = np.empty(stored.shape, dtype=np.float32)
        # Single precision is what the values are, unless it loses their digits; the map is in double.
        values_are: Any = np.float64 if abs(self.offset) > _FAR * self.scale else np.float32
        for rows in _slices(len(stored)):
            out[rows] = (stored[rows].astype(values_are) - np.float64(self.offset)) / self.scale
        return out

    def forget(self) -> None:
        """Give the pages that were read back to the system, which would count them as ours."""
        file = getattr(self.array, "_mmap", None)
        if self.mapped and file is not None and hasattr(mmap, "MADV_DONTNEED"):
            file.madvise(mmap.MADV_DONTNEED)


def _slices(n: int) -> Iterator[slice]:
    return (slice(start, start + _ROWS_AT_ONCE) for start in range(0, n, _ROWS_AT_ONCE))


def extent(X: FloatArray | Rows) -> tuple[float, float]:
    """Return the smallest and the largest value of samples, held in memory or not."""
    return X.extent() if isinstance(X, Rows) else (float(X.min()), float(X.max()))


def loses_digits(X: NDArray[Any]) -> bool:
    """Return whether single precision loses what tells the rows of `X`, (n, n_features), apart.

    It does where a feature lies so far from 0 that less than 2**12 steps of its range are left, which its
    values are not.
    """
    if X.dtype.kind not in "iuf" or X.dtype.itemsize < 4 or X.dtype == np.float32 or X.size == 0:
        return False
    low, high = (end.reduce(X, axis=0).astype(np.float64) for end in (np.fmin, np.fmax))
    spread, largest = high - low, np.maximum(np.abs(low), np.abs(high))
    # What differs by rounding errors of double precision alone is constant.
    far = (largest > _FAR * spread) & (spread > 2.0**-40 * largest)
    return bool(far.any() and (X[:, far] != X[:, far].astype(np.float32)).any())
