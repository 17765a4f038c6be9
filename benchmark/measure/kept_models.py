"""Models that a run keeps, and the codes that they give of other data."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.datasets.arrays import Arrays as Read
from benchmark.datasets.data_options import DataOptions
from benchmark.datasets.feature_scaling import Preparation
from benchmark.datasets.formats.files import read_file
from benchmark.datasets.in_memory import as_source
from benchmark.errors import InputError
from benchmark.measure.preparation import samples_for
from benchmark.results import print_warning
from reducers.base import Reducer
from reducers.registry_error import RegistryError
from reducers.saved import SavedError, dumps, load

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.datasets import Dataset
    from benchmark.results.artifacts import Arrays


def keep_model(reducer: Reducer, dataset: Dataset) -> dict[str, Arrays]:
    """Return a fitted reducer, and how its data were prepared, as an artifact; none if it cannot be saved.

    The preparation becomes an attribute of the reducer, and so goes wherever that is saved.
    """
    reducer.preparation_ = vars(dataset.preparation)
    try:
        return {"models": {"model": np.frombuffer(dumps(reducer), np.uint8)}}
    # Whatever a reducer of a plugin holds, it was measured well. What a job prints is in the log of its run.
    except Exception as error:
        sys.stdout.write(f"No model is kept: {error}\n")
        return {}


def load_model(path: str | Path, plugins: Sequence[str | Path] = (), trusted: Sequence[str] = ()) -> Reducer:
    """Return the reducer of a file; raise `InputError` where `reducers.load` does."""
    try:
        return load(path, plugins=plugins, trusted=trusted)
    except (SavedError, RegistryError) as error:
        raise InputError(str(error)) from error


def embed(
    model: str | Path | Reducer, data: Any, *, label: str | None = None, drop: Sequence[str] = (),
    missing: str = "error", plugins: Sequence[str | Path] = (), trusted: Sequence[str] = (),
) -> pd.DataFrame:  # fmt: skip
    """Return the codes of data, prepared as the data were that the model was fitted on.

    Parameters
    ----------
    model : path or Reducer
        What `reducers.load` reads, or what it returned.
    data : path or data
        A file or folder as `benchmark.run` takes them, a DataFrame, an array or sparse matrix, or (X, y). Of
        a file in two parts, training samples come first.
    label, drop : str, and sequence of str, optional
        Columns of a table that are no features; one called ``label`` never is.
    missing : {'error', 'drop', 'mean'}
        Refuse missing values, leave out their rows, or fill in the means of the rows the model was fitted on.
    plugins, trusted : sequence of str
        As `reducers.load` takes them.

    Returns
    -------
    DataFrame
        The code of a sample in a row, ``z0``, ``z1``, ...; its index ``row`` is the sample's number in the
        data, from 0.

    Raises
    ------
    InputError
        The model or the data cannot be read, or do not fit each other.
    """
    import pandas as pd

    reducer = model if isinstance(model, Reducer) else load_model(model, plugins, trusted)
    path = Path(as_source(data)).expanduser()
    read = read_file(path, DataOptions(label=label, drop=tuple(drop), missing=missing))
    preparation = Preparation(**getattr(reducer, "preparation_", {}))
    if not hasattr(reducer, "preparation_"):
        print_warning("The model was saved without a preparation of its data: they are taken as they are.")
    X, rows = read.X_train, read.rows
    if read.X_test is not None:
        X, rows = np.concatenate([X, read.X_test]), None
    rows = np.arange(len(X)) if rows is None else rows
    X = _fitting(X, read, reducer, preparation, path.name)
    try:
        codes = reducer.transform(samples_for(reducer, preparation.rows(X)))
    except ValueError as error:
        raise InputError(f"The model has no codes of {path.name}: {error}") from error
    names = [f"z{place}" for place in range(codes.shape[1])]
    return pd.DataFrame(codes, columns=names, index=pd.Index(rows, name="row"))


def _fitting(X: np.ndarray, read: Read, reducer: Reducer, preparation: Preparation, name: str) -> np.ndarray:
    """Return samples with the columns that the reducer was fitted on, in their order."""
    width = reducer.n_features_in_
    if X.shape[1] != width:
        raise InputError(
            f"The model takes {width} features, and {name} has {X.shape[1]}: leave out columns of a table "
            "that are none with --label and --drop."
        )
    if preparation.fill is None and read.is_table and np.isnan(X).any():
        raise InputError(
            f"{name} has missing values, and the model knows no means to fill in, as it was not fitted with "
            "--missing mean: say --missing drop."
        )
    wanted, there = preparation.feature_names, read.feature_names
    if not wanted or not there:
        return X
    unknown = next((column for column in wanted if column not in there), None)
    if unknown is not None:
        raise InputError(
            f"{name} must have the columns the model was fitted on; it has no {unknown!r}, but "
            f"{next(column for column in there if column not in wanted)!r}."
        )
    return np.ascontiguousarray(X[:, [there.index(column) for column in wanted]])
