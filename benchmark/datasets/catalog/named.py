"""Reading a data set by its name: of the catalog, or of openml.org, whose tables are kept in the cache."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.datasets.arrays import Arrays, check_arrays
from benchmark.datasets.catalog.declarations import FILES, DatasetInfo
from benchmark.datasets.catalog.download import DataUnavailable, cache_directory, locate, unreachable
from benchmark.datasets.formats.idx import read_idx
from benchmark.errors import InputError
from benchmark.results.atomic import write_atomically

PREFIX = "openml:"
_SERVER = "https://www.openml.org/"


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


def openml_table(name: str, *, download: bool = True) -> Path:
    """Return the parquet file of a data set of OpenML, its target in the column `label`.

    Its name is ``openml:`` and the name or the number there, as "openml:credit-g" or "openml:31"; of others,
    `InputError` is raised. `DataUnavailable` is where the cache does not hold it, and it was not fetched.
    """
    asked = name.removeprefix(PREFIX)
    if not re.fullmatch(r"\w[\w.()+-]{0,80}", asked):
        raise InputError(f"{name!r} must be openml:NAME or openml:NUMBER, as openml:credit-g or openml:31.")
    path = cache_directory() / "openml" / f"openml-{asked}.parquet"
    if not path.is_file():
        failure = _fetch(asked, path) if download else "downloading is switched off"
        if failure:
            raise DataUnavailable(
                f"{name} is not in {path.parent} and was not fetched ({failure}): go online once, see "
                f"{_SERVER} for names and numbers, or give the path of a file of your own."
            )
    return path


def _fetch(asked: str, path: Path) -> str:
    """Write the table of a data set to `path`; return what went wrong, or ""."""
    # scikit-learn waits without end for a server that is silent.
    failure = unreachable(_SERVER)
    if failure:
        return failure
    from sklearn.datasets import fetch_openml

    which: dict[str, Any] = {"data_id": int(asked)} if asked.isdecimal() else {"name": asked}
    try:
        found = fetch_openml(**which, as_frame=True, cache=False, n_retries=1, parser="auto")
    except (OSError, ValueError) as error:
        return str(error).rstrip(".")
    target = found.target_names[0] if len(found.target_names) == 1 else None
    frame = found.frame.rename(columns={target: "label"})
    write_atomically(path, lambda file: frame.to_parquet(file, index=False))
    return ""
