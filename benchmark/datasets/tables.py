"""Tables, .csv and .parquet: columns of numbers, and the labels in the column `label`."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

LABEL = "label"


def read_csv(path: Path) -> tuple[dict[str, np.ndarray], list[str]]:
    """Read comma-separated values below one line of column names.

    Returns
    -------
    arrays : dict
        "x", (n, n_features), and where there is a column `label`, "y", (n,).
    columns : list of str
        Names of the features.
    """
    import pandas as pd

    first = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False)
    names = [str(name) for name in first.iloc[0]]
    _check_names(names, path.name)
    if _looks_like_data(names):
        raise InputError(
            f"{path.name} must begin with a line of column names; got numbers, {', '.join(names[:3])} ..."
        )
    with warnings.catch_warnings():
        # pandas only warns where lines are longer than the header, and would drop what is too much
        warnings.simplefilter("error", pd.errors.ParserWarning)
        frame = pd.read_csv(path, index_col=False, low_memory=False)
    return _columns(frame, path.name)


def read_parquet(path: Path) -> tuple[dict[str, np.ndarray], list[str]]:
    """Read a parquet file; returns what `read_csv` returns."""
    import pandas as pd
    import pyarrow.parquet as pq

    _check_names([str(name) for name in pq.read_schema(path).names], path.name)
    return _columns(pd.read_parquet(path, engine="pyarrow"), path.name)


def _check_names(names: Sequence[str], where: str) -> None:
    if any(not name.strip() for name in names):
        raise InputError(f"{where} must name all of its columns; column {names.index('') + 1} has no name.")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(
            f"{where} must begin with a name for each column, none of them twice; got {twice[0]!r} "
            f"{names.count(twice[0])} times."
        )
    labels = [name for name in names if name.lower() == LABEL]
    if len(labels) > 1:
        raise InputError(f"{where} must have at most one column of labels; got {' and '.join(labels)}.")


def _looks_like_data(names: Sequence[str]) -> bool:
    """Whether all names are numbers, other than the counts 0, 1, 2, ... or 1, 2, 3, ..."""
    counts = [[str(i + start) for i in range(len(names))] for start in (0, 1)]
    return all(_is_number(name) for name in names) and list(names) not in counts


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _columns(frame: pd.DataFrame, where: str) -> tuple[dict[str, np.ndarray], list[str]]:
    frame.columns = [str(name) for name in frame.columns]
    labels = [name for name in frame.columns if name.lower() == LABEL]
    features = frame.drop(columns=labels)
    for name in features.columns:
        _check_numeric(features[name], name, where)
    # a nullable column keeps its gaps outside of the values; as floats they are NaN, and found later
    bytes_only = all(dtype == np.uint8 for dtype in features.dtypes)
    X = features.to_numpy() if bytes_only else features.to_numpy(dtype=np.float64, na_value=np.nan)
    arrays = {"x": X}
    if labels:
        arrays["y"] = _labels(frame[labels[0]], labels[0], where)
    return arrays, list(features.columns)


def _check_numeric(column: pd.Series[Any], name: str, where: str) -> None:
    from pandas.api.types import is_complex_dtype, is_numeric_dtype

    if len(column) == 0 or (is_numeric_dtype(column) and not is_complex_dtype(column)):
        return
    row = next((i for i, value in enumerate(column) if not _is_number(value)), 0)
    value = repr(column.iloc[row])[:60]
    raise InputError(f"Column {name!r} of {where} must hold numbers; got {value} in data row {row + 1}.")


def _labels(column: pd.Series[Any], name: str, where: str) -> np.ndarray:
    from pandas.api.types import is_bool_dtype, is_integer_dtype, is_numeric_dtype

    missing = int(column.isna().sum())
    if missing:
        raise InputError(
            f"Column {name!r} of {where} must have a label in each row; {missing} of {len(column)} are "
            f"empty or NA."
        )
    if is_bool_dtype(column) or not is_numeric_dtype(column):
        return np.array([str(value) for value in column], dtype=np.str_)
    return column.to_numpy(dtype=np.int64 if is_integer_dtype(column) else np.float64)
