"""The codes of a fit, given back where the very same samples come again."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reducers.rows import FloatArray


class FittedCodes:
    """What a method that lays out its samples one beside another made of those of its fit.

    Parameters
    ----------
    X : float32 ndarray, shape (n, n_features)
    codes : ndarray, shape (n, n_components)
    """

    def __init__(self, X: FloatArray, codes: NDArray[Any]) -> None:
        self._digest, self._codes = _digest(X), codes

    def of(self, X: FloatArray) -> NDArray[Any] | None:
        """Return the codes of `X` where it holds the samples of the fit, in their order; else None."""
        return self._codes if len(X) == len(self._codes) and _digest(X) == self._digest else None


def _digest(X: FloatArray) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(X).data).digest()
