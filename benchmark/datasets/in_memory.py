"""Data given from Python, written once to this user's cache: from there they go the way of any file."""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from benchmark.datasets.catalog.download import cache_directory
from benchmark.datasets.dataset import Dataset
from benchmark.datasets.formats.limits import RATIO, SMALL
from benchmark.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_KEPT_DAYS = 30


def as_sources(given: Any) -> tuple[str, ...]:
    """Return names and paths of what was given: a name, a path, data, or a list of these.

    `InputError` is raised for anything else, and for data that cannot be written without pickle.
    """
    several = isinstance(given, tuple) and all(isinstance(part, str | Path) for part in given)
    return tuple(map(as_source, given if several or isinstance(given, list) else [given]))


def as_source(data: Any) -> str:
    """Return the path of the file that holds data, or what is a name or a path already."""
    import pandas as pd

    if isinstance(data, str | Path):
        return str(data)
    if isinstance(data, Dataset):
        return _of_dataset(data)
    if isinstance(data, tuple) and len(data) == 2 and isinstance(data[0], pd.DataFrame):
        data = _labelled(*data)
    if isinstance(data, pd.DataFrame):
        return _write_frame(data)
    if isinstance(data, tuple) and len(data) in (2, 4):
        return _write_arrays("data", *data)
    if not (hasattr(data, "__array__") or hasattr(data, "toarray")):
        length = f" of {len(data)}" if isinstance(data, tuple) else ""
        raise InputError(
            "dataset must be a name or a path, a DataFrame, an array or sparse matrix X, a pair (X, y), four "
            "(X_train, y_train, X_test, y_test), a Dataset, or a list of these; got a "
            f"{type(data).__name__}{length}."
        )
    return _keep("data.npy", lambda file: np.save(file, as_matrix(data), allow_pickle=False))


def _write_frame(frame: pd.DataFrame) -> str:
    frame = frame.rename(columns=str)
    try:
        return _keep("data.parquet", lambda file: frame.to_parquet(file, index=False))
    except (ValueError, TypeError) as error:  # pyarrow's errors are of these kinds
        reason = " ".join(str(error).split()).rstrip(".")
        raise InputError(
            f"The DataFrame cannot be stored, {reason}: drop or convert such columns."
        ) from error


def _labelled(X: pd.DataFrame, y: Any) -> pd.DataFrame:
    y = as_labels(y)
    taken = any(str(name).lower() == "label" for name in X.columns)
    if taken or (y is not None and y.shape != (len(X),)):
        raise InputError(
            f"y must be one label for each of the {len(X)} rows of X, which must have no column 'label'; got "
            f"{'this column' if taken else f'the shape {y.shape}'}."
        )
    return X if y is None else X.assign(label=y)


def _of_dataset(data: Dataset) -> str:
    names = np.array(data.class_names)
    y_train, y_test = (None if y is None else names[y] for y in (data.y_train, data.y_test))
    shape = data.image_shape or (data.n_features,)
    X_train, X_test = (X.reshape(-1, *shape) for X in data.scaled())
    return _write_arrays(data.name, X_train, y_train, X_test, y_test)


def _write_arrays(stem: str, *parts: Any) -> str:
    names = ("X", "y") if len(parts) == 2 else ("X_train", "y_train", "X_test", "y_test")
    given: dict[str, Any] = {}
    for name, part in zip(names, parts, strict=True):
        value = as_matrix(part) if name.startswith("X") else as_labels(part)
        if value is not None:
            given[name] = value
    return _keep(f"{stem}.npz", lambda file: np.savez(file, allow_pickle=False, **given))


def as_matrix(X: Any) -> np.ndarray:
    """Return samples as an array of numbers; a sparse matrix is made dense where that is small enough."""
    if hasattr(X, "toarray"):
        size, most = 8 * math.prod(X.shape), max(SMALL, RATIO * X.data.nbytes)
        if size > most:
            raise InputError(
                f"A sparse X must not take more than {most:,} bytes when it is made dense; {X.shape} would "
                f"take {size:,}: leave out features."
            )
        X = X.toarray()
    array = np.asarray(X)
    if array.dtype.hasobject:
        raise InputError(
            f"X must hold real numbers; got the type {array.dtype}: convert it, or drop columns."
        )
    return array


def as_labels(y: Any) -> np.ndarray | None:
    """Return labels as an array of numbers or text; None stays None."""
    if y is None:
        return None
    array = np.asarray(y)
    if array.dtype.hasobject:
        wrong = next((label for label in array.flat if not isinstance(label, str)), "")
        if wrong != "":
            raise InputError(f"y must hold whole numbers or text; got {wrong!r:.60}.")
        array = array.astype(np.str_)
    return array


def _keep(name: str, write: Callable[[IO[bytes]], object]) -> str:
    """Write a file into a directory of the cache that is named after its content; return its path."""
    place = cache_directory() / "in-memory"
    place.mkdir(parents=True, exist_ok=True)
    _remove_unused(place)
    with tempfile.NamedTemporaryFile(dir=place, delete=False) as file:
        temporary = Path(file.name)
        try:
            write(file)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            path = place / digest[:16] / name
            path.parent.mkdir(exist_ok=True)
            file.flush()
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    return str(path)


def _remove_unused(place: Path) -> None:
    """Remove what was neither given nor read for longer than a run leaves its data alone."""
    for path in place.glob("*/*"):
        with suppress(OSError):  # another process may do the same
            used = max(path.stat().st_mtime, path.stat().st_atime)
            if time.time() - used > _KEPT_DAYS * 86_400:
                path.unlink()
                path.parent.rmdir()
