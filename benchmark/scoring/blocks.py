"""Samples that a metric reads a block at a time, where they are too many to hold."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from reducers.rows import FloatArray, Rows

Samples = FloatArray | Rows


class Reconstruction:
    """The reconstructions of codes, made when asked for.

    Parameters
    ----------
    inverse_transform : callable
        Maps codes of shape (n, d) to reconstructions of shape (n, n_features).
    Z : array of shape (n, d)
    n_features : int
    """

    def __init__(
        self, inverse_transform: Callable[[FloatArray], FloatArray], Z: FloatArray, n_features: int
    ) -> None:
        self._inverse_transform, self._codes = inverse_transform, Z
        self.shape = (len(Z), n_features)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | NDArray[np.intp]) -> FloatArray:
        return self._inverse_transform(self._codes[rows])
