"""The values that reducers are given: missing ones filled, different units standardised, all scaled."""

from __future__ import annotations

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


def prepare(
    X_train: Samples, X_test: Samples, arrays: Arrays, options: DataOptions
) -> tuple[Samples, Samples, float, float, list[str]]:
    """Return both parts, the affine map ``(X - offset) / scale`` of all features, and notes.

    Whatever is computed from the data is computed from `X_train`.
    """
    notes: list[str] = []
    if arrays.is_table and options.missing == "mean":
        X_train, X_test, filled = _without_missing(np.asarray(X_train), np.asarray(X_test))
        notes += [f"{filled:,} missing values are the mean of their column."] if filled else []
    ratio = _ratio_of_spreads(X_train) if arrays.is_table and isinstance(X_train, np.ndarray) else 1.0
    scaling = options.scale or ("standard" if ratio > _DIFFERENT_UNITS else "unit")
    if options.scale is None and scaling == "standard":
        notes.append(
            f"The columns differ in spread by a factor of {ratio:,.0f}, so each is standardised; --scale "
            "unit keeps their proportions."
        )
    if scaling == "standard" and isinstance(X_train, np.ndarray) and isinstance(X_test, np.ndarray):
        X_train, X_test = _standardised(X_train, X_test)
    if scaling == "none":
        notes += [_LOST] if X_train.dtype == np.float64 and isinstance(X_train, np.ndarray) else []
        return X_train, X_test, 0.0, 1.0, notes
    if X_train.dtype == np.uint8 and scaling == "unit":
        return X_train, X_test, 0.0, arrays.white, notes
    low, high = extent(X_train)
    if low >= 0 and high <= 1:
        return X_train, X_test, 0.0, 1.0, notes
    return X_train, X_test, low, (high - low) or 1.0, notes


def _without_missing(X_train: np.ndarray, X_test: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    missing = int(np.isnan(X_train).sum() + np.isnan(X_test).sum())
    if missing:
        known = ~np.isnan(X_train)
        sums = np.where(known, X_train, 0).sum(axis=0, dtype=np.float64)
        mean = (sums / np.maximum(known.sum(axis=0), 1)).astype(X_train.dtype)
        X_train, X_test = (np.where(np.isnan(X), mean, X) for X in (X_train, X_test))
    return X_train, X_test, missing


def _ratio_of_spreads(X: np.ndarray) -> float:
    """Return the largest standard deviation of a column over the smallest, 1 for data of one unit."""
    low, high = extent(X)
    if low >= 0 and (high <= 1 or (high <= 255 and bool((np.round(X) == X).all()))):
        return 1.0
    spreads = X.std(axis=0, dtype=np.float64)
    spreads = spreads[spreads > 0]
    return float(spreads.max() / spreads.min()) if len(spreads) else 1.0


def _standardised(X_train: np.ndarray, X_test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, spread = X_train.mean(axis=0, dtype=np.float64), X_train.std(axis=0, dtype=np.float64)
    spread[spread == 0] = 1.0
    train, test = (((X - mean) / spread).astype(np.float32) for X in (X_train, X_test))
    return train, test
