"""Your own data: arrays (.npz, .npy) and tables (.csv, .parquet), read without running any code of theirs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmark.datasets.arrays import Arrays, check_agreement, check_features, encode_labels
from benchmark.datasets.tables import read_csv, read_parquet
from benchmark.errors import InputError, choices

WHOLE = frozenset({"x", "y"})
SPLIT = frozenset({"x_train", "y_train", "x_test", "y_test"})

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
    stored = np.load(path, allow_pickle=False)
    if not isinstance(stored, np.lib.npyio.NpzFile):
        raise ValueError("it holds a single array, which belongs into a .npy file")
    with stored:
        names = {name.lower() for name in stored.files}  # Keras writes x_train
        known = {"x"} <= names <= WHOLE or {"x_train", "x_test"} <= names <= SPLIT
        if not known or len(names) < len(stored.files):
            raise InputError(_wrong_names(path.name, stored.files))
        return {name.lower(): _unpickled(stored, name, path) for name in stored.files}, None


def _unpickled(stored: Mapping[str, np.ndarray], name: str, path: Path) -> np.ndarray:
    try:
        return stored[name]
    except ValueError as error:
        if "Object arrays" in str(error):
            raise InputError(
                f"{name} of {path.name} must be an array of numbers or text; got Python objects, which are "
                f"never unpickled."
            ) from error
        raise


def _load_npy(path: Path) -> tuple[Content, Columns]:
    try:
        stored = np.load(path, allow_pickle=False)
    except ValueError as error:
        if "Object arrays" in str(error):
            raise InputError(
                f"{path.name} must be an array of numbers; got Python objects, which are never unpickled."
            ) from error
        raise
    if not isinstance(stored, np.ndarray):
        raise ValueError("it holds several arrays, which belong into a .npz file")
    return {"x": stored}, None


def _wrong_names(where: str, names: Sequence[str]) -> str:
    return (
        f"{where} must hold X (and y), or X_train and X_test (and y_train, y_test), and nothing else; "
        f"got {choices(names) or 'no arrays'}."
    )


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
