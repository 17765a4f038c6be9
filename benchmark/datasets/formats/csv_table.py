"""Tables of text, .csv: columns of numbers, and the labels in the column `label`."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.datasets.formats.column_names import check_missing, check_names, is_label, short
from benchmark.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def read_csv(path: Path) -> tuple[dict[str, np.ndarray], list[str]]:
    """Read comma-separated values, in UTF-8, below one line of column names.

    Returns
    -------
    arrays : dict
        "x", (n, n_features), and where there is a column `label`, "y", (n,).
    columns : list of str
        Names of the features.
    """
    try:
        names = _first_line(path)
        check_names(names, path.name)
        _check_dialect(names, path.name)
        return _columns(_read_frame(path, names), path.name)
    except UnicodeDecodeError as error:
        byte = f"the byte {error.object[error.start]:#04x}"
        raise InputError(f"{path.name} must be text in UTF-8; got {byte}, which is none there.") from error


def _first_line(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next((row for row in csv.reader(file) if row), [])


def _check_dialect(names: Sequence[str], where: str) -> None:
    counts = [[str(i + start) for i in range(len(names))] for start in (0, 1)]
    # numbers that count columns are names as good as any
    if all(_is_number(name) for name in names) and list(names) not in counts:
        given = short(", ".join(names[:3])).strip("'")
        raise InputError(f"{where} must begin with a line of column names; got numbers, {given} ...")
    other = next((mark for mark in ";\t|" if mark in names[0]), None)
    if len(names) == 1 and other is not None:
        raise InputError(
            f"{where} must separate its columns by commas; its first line has none, but {other!r}."
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_frame(path: Path, names: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    try:
        with warnings.catch_warnings():
            # pandas only warns where lines are longer than the header, and would drop what is too much
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                path, header=0, names=list(names), index_col=False, low_memory=False, compression=None
            )
    except pd.errors.ParserWarning as error:
        raise InputError(
            f"{path.name} must have as many cells in a line as column names, {len(names)}; it has more."
        ) from error


def _columns(frame: pd.DataFrame, where: str) -> tuple[dict[str, np.ndarray], list[str]]:
    from pandas.api.types import is_numeric_dtype

    arrays = {}
    for label in [name for name in frame.columns if is_label(name)]:
        arrays["y"] = _labels(frame.pop(label), label, where)
    texts = [place for place, dtype in enumerate(frame.dtypes) if not is_numeric_dtype(dtype)]
    if texts and len(frame):
        arrays["x"] = np.empty(frame.shape)
        arrays["x"][:, texts] = _as_numbers(frame.iloc[:, texts], where)
        others = sorted(set(range(frame.shape[1])) - set(texts))
        arrays["x"][:, others] = frame.iloc[:, others].to_numpy(dtype=np.float64)
    else:
        arrays["x"] = frame.to_numpy(dtype=np.float64)
    return arrays, list(frame.columns)


def _as_numbers(frame: pd.DataFrame, where: str) -> np.ndarray:
    """Return columns that pandas left as text, for words among their numbers or numbers beyond 64 bits."""
    import pandas as pd

    texts = pd.Series([str(cell) for cell in frame.to_numpy(dtype=object).ravel()])
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64).reshape(frame.shape)
    wrong = np.isnan(numbers) & frame.notna().to_numpy()
    if wrong.any():
        column = int(np.flatnonzero(wrong.any(axis=0))[0])
        row = int(np.flatnonzero(wrong[:, column])[0])
        name, value = short(frame.columns[column]), short(frame.iat[row, column])
        raise InputError(f"Column {name} of {where} must hold numbers; got {value} in data row {row + 1}.")
    return numbers


def _labels(column: pd.Series[Any], name: str, where: str) -> np.ndarray:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    check_missing(int(column.isna().sum()), len(column), name, where)
    if is_bool_dtype(column) or not is_numeric_dtype(column):
        return np.array([str(value) for value in column], dtype=object)
    return column.to_numpy()
