"""Functions that bring or make the data sets of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np


def load_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the images of 8 by 8 pixels that scikit-learn holds, their values 0 to 16, and their labels."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return found.images.astype(np.uint8), found.target


def load_table(function: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a table that scikit-learn holds, and the names of its classes."""
    import sklearn.datasets

    found = getattr(sklearn.datasets, function)()
    return found.data, np.array(found.target_names)[found.target]


def make_points(function: str, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return five thousand points that scikit-learn makes, in ten classes."""
    import sklearn.datasets

    X, y = getattr(sklearn.datasets, function)(n_samples=5000, random_state=0, **options)
    # Along a sheet: as many points in each of ten pieces.
    return X, y if y.dtype.kind == "i" else (np.argsort(np.argsort(y)) * 10) // len(y)
