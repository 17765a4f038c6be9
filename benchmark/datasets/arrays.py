"""Arrays as a file gives them, checked: features become uint8 or float32, or float64 where they must."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.datasets.label_encoding import encode_labels
from benchmark.datasets.mapped import stored_blocks
from benchmark.errors import InputError
from reducers.rows import loses_digits

_MIN_SAMPLES = 5


@dataclass(frozen=True, eq=False)
class Arrays:
    """A data set before it is split: (n, n_features) as `check_features` gives it, labels int64 or None.

    `X_test` is None where the file has no split of its own. `white` is the value of a full pixel
    where X is uint8. `notes` are what the user should know of the data; of a table the features may be
    in different units. `rows` and `rows_test` are the samples' numbers in the source, where these are not
    their places.
    """

    X_train: np.ndarray
    y_train: np.ndarray | None = None
    X_test: np.ndarray | None = None
    y_test: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    image_shape: tuple[int, int] | None = None
    white: float = 255.0
    notes: tuple[str, ...] = ()
    is_table: bool = False
    feature_names: tuple[str, ...] = ()
    rows: np.ndarray | None = None
    rows_test: np.ndarray | None = None

    def sha256(self) -> str:
        """Return the SHA-256 over names, types, shapes and bytes of all parts."""
        digest = hashlib.sha256(repr(self.class_names).encode())
        for part in (self.X_train, self.y_train, self.X_test, self.y_test):
            if part is None:
                digest.update(b"none")
                continue
            digest.update(f"{part.dtype.str}{part.shape}".encode())
            for block in stored_blocks(part):
                digest.update(np.ascontiguousarray(block).data)
        return digest.hexdigest()


def check_arrays(
    where: str,
    X: np.ndarray,
    y: np.ndarray | None = None,
    X_test: np.ndarray | None = None,
    y_test: np.ndarray | None = None,
    columns: Sequence[str] | None = None,
    *,
    missing: bool = False,
) -> Arrays:
    """Return what the file `where` holds as the arrays of a data set, which are right and fit each other.

    Parameters
    ----------
    X, X_test : ndarray, (n, n_features) or images (n, height, width)
        The samples; `X_test` is None where the file has no split of its own.
    y, y_test : ndarray (n,), optional
        Labels, as `encode_labels` takes them.
    columns : sequence of str, optional
        Names of the features.
    missing : bool, default False
        Whether NaN stands for a missing value, and is kept.

    Raises
    ------
    InputError
        What `check_features` and `encode_labels` refuse, or parts that do not fit.
    """
    if X_test is not None and X.shape[1:] != X_test.shape[1:]:
        raise InputError(
            f"X_train and X_test of {where} must have the same features; got the shapes {X.shape} and "
            f"{X_test.shape}."
        )
    (y, y_test), class_names = encode_labels((y, y_test), f"The labels of {where}")
    image_shape = (X.shape[1], X.shape[2]) if X.ndim == 3 else None
    given = {"X": X} if X_test is None else {"X_train": X, "X_test": X_test}
    parts = [check_features(part, f"{n} of {where}", columns, missing=missing) for n, part in given.items()]
    if len({part.dtype for part in parts}) > 1:
        common = np.result_type(*parts)
        parts = [part.reshape(len(part), parts[0].shape[1]).astype(common) for part in given.values()]
    for name, samples, labels in zip(("train", "test"), parts, (y, y_test), strict=False):
        if labels is not None and len(samples) != len(labels):
            raise InputError(
                f"{where} must have as many labels as samples; got {len(samples)} samples and {len(labels)} "
                f"labels ({name} part)."
            )
    X, X_test = parts[0], None if X_test is None else parts[1]
    return Arrays(X, y, X_test, y_test, class_names, image_shape, feature_names=tuple(columns or ()))


def check_enough(where: str, arrays: Arrays) -> Arrays:
    """Return arrays that are enough to train and to test with; raise `InputError` for too few samples."""
    sizes = [len(part) for part in (arrays.X_train, arrays.X_test) if part is not None]
    if sum(sizes) < _MIN_SAMPLES or 0 in sizes:
        raise InputError(
            f"{where} must have at least {_MIN_SAMPLES} samples, and no part may be empty; got {sum(sizes)}."
        )
    return arrays


def check_features(
    X: np.ndarray, where: str, columns: Sequence[str] | None = None, *, missing: bool = False
) -> np.ndarray:
    """Return X flattened to (n, n_features), C-contiguous: uint8 stays, all else becomes float32.

    What float32 would lose the digits of becomes float64, and is scaled before it is cast. `X` may be images
    (n, height, width), too; messages call it `where`, as "X of data.npz", and its features by the names in
    `columns`, or by their numbers from 0.

    Raises
    ------
    InputError
        Not numbers, not of 2 or 3 dimensions, no features, NaN or infinite, or beyond float32.
    """
    if X.dtype.kind not in "buif" or X.dtype.itemsize > 8:
        raise InputError(f"{where} must hold real numbers; got the type {X.dtype}.")
    if X.ndim not in (2, 3):
        raise InputError(
            f"{where} must have the shape (samples, features) or (images, height, width); got {X.shape}."
        )
    if 0 in X.shape[1:]:
        raise InputError(f"{where} must have at least one feature; got the shape {X.shape}.")
    X = X.reshape(len(X), math.prod(X.shape[1:]))
    if X.dtype != np.uint8 and len(X):
        _check_range(X, where, columns, missing)
    if isinstance(X, np.memmap):
        return X
    if X.dtype == np.uint8:
        return np.ascontiguousarray(X)
    return np.ascontiguousarray(X, dtype=np.float64 if loses_digits(X) else np.float32)


def _check_range(X: np.ndarray, where: str, columns: Sequence[str] | None, missing: bool) -> None:
    limit = float(np.finfo(np.float32).max)
    lows, highs = [], []
    for stored in stored_blocks(X):
        block = np.nan_to_num(stored, posinf=np.inf, neginf=-np.inf) if missing else stored
        lows.append(float(block.min()))
        highs.append(float(block.max()))
        if not (np.isfinite(lows[-1]) and np.isfinite(highs[-1])):
            wrong = _count(~np.isfinite(block), columns)
            way = "" if columns is None else ": say --missing drop or --missing mean, or --drop COLUMN"
            raise InputError(f"{where} must be finite; {wrong} NaN or infinite{way}.")
        if lows[-1] < -limit or highs[-1] > limit:
            wrong = _count(np.abs(block) > limit, columns)
            raise InputError(f"{where} must lie within float32's ±{limit:.2g}; {wrong} beyond it.")
    low, high = min(lows), max(highs)
    if low != high and np.float32(low) == np.float32(high):
        raise InputError(
            f"{where} must differ by what float32 can tell apart; its values lie between {low} and {high}."
        )


def _count(wrong: np.ndarray, columns: Sequence[str] | None) -> str:
    """Say how many values are wrong, in the first column that has any and in all."""
    counts = wrong.sum(axis=0)
    first = int(np.flatnonzero(counts)[0])
    name = repr(columns[first]) if columns is not None else str(first)
    n_first, total = int(counts[first]), int(counts.sum())
    more = f" ({total} in {np.count_nonzero(counts)} columns)" if total > n_first else ""
    values, are = ("values", "are") if n_first > 1 else ("value", "is")
    return f"column {name} has {n_first} {values}{more} that {are}"
