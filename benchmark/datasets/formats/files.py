"""Your own data: arrays (.npz, .npy) and tables (.csv, .parquet), read without running any code of theirs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmark.datasets.arrays import Arrays, check_agreement, check_features
from benchmark.datasets.formats.csv_table import read_csv
from benchmark.datasets.formats.npy import read_npz
from benchmark.datasets.formats.parquet import read_parquet
from benchmark.datasets.labels import encode_labels
from benchmark.datasets.mapped import load_npy
from benchmark.errors import InputError, choices

Content = Mapping[str, np.ndarray]
Columns = Sequence[str] | None


def read_file(path: str | Path) -> Arrays:
    """Read a data set from a file.

    Parameters
    ----------
    path : path
        ``.npz`` with `X`, `y` or with `X_train`, `y_train`, `X_test`, `y_test` (labels optional),
        ``.npy`` with X, or ``.csv`` or ``.parquet`` with columns of numbers and optionally the
        column `label`. X is (n, n_features) or images (n, height, width).

    Raises
    ------
    InputError
        The file is missing, of another type, damaged, or holds what cannot be benchmarked.
    """
    path = Path(os.path.expanduser(path))
    if not os.path.isfile(path):
        given = "a directory" if os.path.isdir(path) else "no such file"
        raise InputError(f"{path} must be a file; got {given}.")
    if path.suffix.lower() not in SUFFIXES:
        given = path.suffix or "a name without suffix"
        raise InputError(f"{path} must be a file of type {choices(SUFFIXES)}; got {given}.")
    try:
        content, columns = _LOADERS[path.suffix.lower()](path)
    except InputError:
        raise
    except Exception as error:  # a damaged file makes parsers raise anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} cannot be read as a {path.suffix} file: {reason.rstrip('.')}.") from error
    return check_agreement(_interpret(content, columns, path.name), path.name)


def _load_npz(path: Path) -> tuple[Content, Columns]:
    return read_npz(path), None


def _load_npy(path: Path) -> tuple[Content, Columns]:
    return {"x": load_npy(path)}, None


def _interpret(content: Content, columns: Columns, where: str) -> Arrays:
    whole = "x" in content
    X = content["x" if whole else "x_train"]
    X_test = content.get("x_test")
    if X_test is not None and X.shape[1:] != X_test.shape[1:]:
        raise InputError(
            f"X_train and X_test of {where} must have the same features; got the shapes {X.shape} and "
            f"{X_test.shape}."
        )
    (y, y_test), class_names = encode_labels(
        (content.get("y" if whole else "y_train"), content.get("y_test")), f"The labels of {where}"
    )
    features, features_test = _features(X, X_test, where, columns)
    image_shape = (X.shape[1], X.shape[2]) if X.ndim == 3 else None
    return Arrays(features, y, features_test, y_test, class_names, image_shape)


def _features(
    X: np.ndarray, X_test: np.ndarray | None, where: str, columns: Columns
) -> tuple[np.ndarray, np.ndarray | None]:
    if X_test is None:
        return check_features(X, f"X of {where}", columns), None
    train = check_features(X, f"X_train of {where}")
    test = check_features(X_test, f"X_test of {where}")
    if train.dtype != test.dtype:
        return train.astype(np.float32), test.astype(np.float32)
    return train, test


_LOADERS: dict[str, Callable[[Path], tuple[Content, Columns]]] = {
    ".csv": read_csv,
    ".npy": _load_npy,
    ".npz": _load_npz,
    ".parquet": read_parquet,
}
SUFFIXES = tuple(_LOADERS)
