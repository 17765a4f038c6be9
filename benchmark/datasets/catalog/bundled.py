"""Functions that bring or make the data sets of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np


def load_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the images of 8 by 8 pixels that scikit-learn holds, their values 0 to 16, and their labels."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return found.images.astype(np.uint8), found.target


def bundled(function: str) -> Callable[[], tuple[np.ndarray, np.ndarray]]:
    """Return what loads a table that scikit-learn holds."""
    return partial(_load, function)


def _load(function: str) -> tuple[np.ndarray, np.ndarray]:
    import sklearn.datasets

    found = getattr(sklearn.datasets, function)()
    return found.data, np.array(found.target_names)[found.target]


def made(function: str, **options: Any) -> Callable[[], tuple[np.ndarray, np.ndarray]]:
    """Return what has scikit-learn make five thousand points."""
    return partial(_make, function, options)


def _make(function: str, options: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    import sklearn.datasets

    X, y = getattr(sklearn.datasets, function)(n_samples=5000, random_state=0, **options)
    # Along a sheet: as many points in each of ten pieces.
    return X, y if y.dtype.kind == "i" else (np.argsort(np.argsort(y)) * 10) // len(y)
