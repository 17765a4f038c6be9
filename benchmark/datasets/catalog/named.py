"""Reading a data set by its name: made by a function, or of IDX files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmark.datasets.arrays import Arrays, check_arrays
from benchmark.datasets.catalog.declarations import FILES, DatasetInfo
from benchmark.datasets.catalog.download import locate
from benchmark.datasets.formats.idx import read_idx
from benchmark.errors import InputError


def read_named(info: DatasetInfo, data_dir: str | Path | None = None, *, download: bool = True) -> Arrays:
    """Return the arrays of a named data set; errors are those of `locate` and `read_made`."""
    if info.load is not None:
        return read_made(info)
    return read_directory(locate(info, data_dir, download=download), info.class_names)


def read_made(info: DatasetInfo) -> Arrays:
    """Return the arrays that the function of a data set gives; raise `InputError` where they are wrong."""
    assert info.load is not None
    try:
        found = info.load()
    except Exception as error:
        raise InputError(
            f"The data set '{info.name}' cannot be loaded: {type(error).__name__}: {error}."
        ) from error
    parts = found if isinstance(found, tuple) else (found, None)
    if len(parts) not in (2, 4):
        raise InputError(
            f"The function of the data set '{info.name}' must return X, (X, y), or (X_train, y_train, "
            f"X_test, y_test); got {len(parts)} values."
        )
    columns = [str(name) for name in getattr(parts[0], "columns", ())] or None
    y, X_test, y_test = (None if p is None else np.asarray(p) for p in (*parts, None, None)[1:4])
    arrays = check_arrays(info.name, np.asarray(parts[0]), y, X_test, y_test, columns)
    return replace(arrays, white=info.white, is_table=info.is_table or columns is not None)


def read_directory(directory: Path, class_names: tuple[str, ...]) -> Arrays:
    """Return the arrays of the four IDX files in `directory`, whose labels are places in `class_names`.

    Raises `InputError` for a damaged file, images and labels that do not fit, and a label beyond the names.
    """
    X, y, X_test, y_test = (read_idx(directory / name) for name in FILES)
    arrays = check_arrays(str(directory), X, y, X_test, y_test)
    labels = [int(label) for label in arrays.class_names]
    if labels[-1] >= len(class_names):
        raise InputError(
            f"The labels in {directory} must lie in 0 to {len(class_names) - 1}; got {labels[-1]}."
        )
    return replace(arrays, class_names=tuple(class_names[label] for label in labels))
