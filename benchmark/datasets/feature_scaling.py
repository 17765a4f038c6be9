"""The values that reducers are given: missing ones filled, different units standardised, all scaled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.datasets.arrays import Arrays
from benchmark.datasets.data_options import DataOptions
from reducers.rows import Rows, extent

# Columns of one unit, pixels or counts say, have spreads that say something; beyond this ratio of the largest
# to the smallest they are taken to be of several units.
_DIFFERENT_UNITS = 10.0
_LOST = (
    "Features lie so far from 0 for their range that single precision, in which all is measured, loses their "
    "digits: --scale unit or standard keeps them."
)
Samples = np.ndarray | Rows


@dataclass(frozen=True, eq=False)
class Preparation:
    """How samples, as their source holds them, become what reducers are given.

    Attributes
    ----------
    feature_names : tuple of str
        Of a table; empty for all else.
    fill : float32 ndarray (n_features,) or None
        Means of the columns, in place of missing values.
    mean, spread : float64 ndarray (n_features,) or None
        Of columns that are standardised.
    offset, scale : float
        ``(X - offset) / scale``: one affine map for all features, after all else.
    """

    feature_names: tuple[str, ...] = ()
    fill: np.ndarray | None = None
    mean: np.ndarray | None = None
    spread: np.ndarray | None = None
    offset: float = 0.0
    scale: float = 1.0

    def rows(self, X: np.ndarray) -> Rows:
        """Return new samples, of shape (n, n_features), as reducers are given them."""
        X = X if self.fill is None else _filled(X, self.fill)
        if self.mean is not None and self.spread is not None:
            X = _standardised(X, self.mean, self.spread)
        return Rows(X, offset=self.offset, scale=self.scale)


def prepare(
    X_train: Samples, X_test: Samples, arrays: Arrays, options: DataOptions
) -> tuple[Samples, Samples, Preparation, list[str]]:
    """Return both parts, their columns filled and standardised, how they are prepared in all, and notes.

    Whatever is computed from the data is computed from `X_train`.
    """
    notes: list[str] = []
    fill = mean = spread = None
    if arrays.is_table and options.missing == "mean":
        X_train, X_test = np.asarray(X_train), np.asarray(X_test)
        filled = int(np.isnan(X_train).sum() + np.isnan(X_test).sum())
        if X_train.dtype != np.uint8:
            fill = _known_means(X_train)
            X_train, X_test = _filled(X_train, fill), _filled(X_test, fill)
        notes += [f"{filled:,} missing values are the mean of their column."] if filled else []
    ratio = _ratio_of_spreads(X_train) if arrays.is_table and isinstance(X_train, np.ndarray) else 1.0
    scaling = options.scale or ("standard" if ratio > _DIFFERENT_UNITS else "unit")
    if options.scale is None and scaling == "standard":
        notes.append(
            f"The columns differ in spread by a factor of {ratio:,.0f}, so each is standardised; --scale "
            "unit keeps their proportions."
        )
    if scaling == "standard" and isinstance(X_train, np.ndarray) and isinstance(X_test, np.ndarray):
        mean, spread = X_train.mean(axis=0, dtype=np.float64), X_train.std(axis=0, dtype=np.float64)
        spread[spread == 0] = 1.0
        X_train, X_test = (_standardised(X, mean, spread) for X in (X_train, X_test))
    if scaling == "none" and isinstance(X_train, np.ndarray) and X_train.dtype == np.float64:
        notes.append(_LOST)
    offset, scale = _affine(X_train, scaling, arrays.white)
    return X_train, X_test, Preparation(arrays.feature_names, fill, mean, spread, offset, scale), notes


def _affine(X_train: Samples, scaling: str, white: float) -> tuple[float, float]:
    """Return offset and scale of the map of all features, to [0, 1] unless they are taken as they are."""
    if scaling == "none":
        return 0.0, 1.0
    if X_train.dtype == np.uint8 and scaling == "unit":
        return 0.0, white
    low, high = extent(X_train)
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, (high - low) or 1.0)


def _known_means(X: np.ndarray) -> np.ndarray:
    known = ~np.isnan(X)
    sums = np.where(known, X, 0).sum(axis=0, dtype=np.float64)
    means: np.ndarray = (sums / np.maximum(known.sum(axis=0), 1)).astype(X.dtype)
    return means


def _filled(X: np.ndarray, means: np.ndarray) -> np.ndarray:
    missing = np.isnan(X)
    return np.where(missing, means, X) if missing.any() else X


def _ratio_of_spreads(X: np.ndarray) -> float:
    """Return the largest standard deviation of a column over the smallest, 1 for data of one unit."""
    low, high = extent(X)
    if low >= 0 and (high <= 1 or (high <= 255 and bool((np.round(X) == X).all()))):
        return 1.0
    spreads = X.std(axis=0, dtype=np.float64)
    spreads = spreads[spreads > 0]
    return float(spreads.max() / spreads.min()) if len(spreads) else 1.0


def _standardised(X: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    standardised: np.ndarray = ((X - mean) / spread).astype(np.float32)
    return standardised
