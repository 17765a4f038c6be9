"""Tables of text, .csv: columns of numbers, and the labels in the column `label`."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.datasets.arrays import Arrays, check_arrays
from benchmark.datasets.formats.table import check_names, is_label, read_labels, short
from benchmark.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def read_csv(path: Path) -> Arrays:
    """Read comma-separated values, in UTF-8, below one line of column names.

    Raises
    ------
    InputError
        Another encoding, separator or number of cells in a line, a feature that is no number, or what
        `check_names`, `read_labels` or `check_arrays` refuses.
    """
    try:
        frame = _read_frame(path)
    except UnicodeDecodeError as error:
        byte = f"the byte {error.object[error.start]:#04x}"
        raise InputError(f"{path.name} must be text in UTF-8; got {byte}, which is none there.") from error
    label = next(filter(is_label, frame.columns), None)
    y = None if label is None else read_labels(frame.pop(label), label, path.name)
    X, columns = _features(frame, path.name), list(frame.columns)
    del frame  # as large as X
    return check_arrays(path.name, X, y, columns=columns)


def _read_frame(path: Path) -> pd.DataFrame:
    import pandas as pd

    with path.open(encoding="utf-8-sig", newline="") as file:
        names = next((row for row in csv.reader(file) if row), [])
    check_names(names, path.name)
    _check_dialect(names, path.name)
    try:
        with warnings.catch_warnings():
            # pandas only warns where lines are longer than the header, and would drop what is too much
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                path, header=0, names=names, index_col=False, low_memory=False, compression=None
            )
    except pd.errors.ParserWarning as error:
        raise InputError(
            f"{path.name} must have as many cells in a line as column names, {len(names)}; it has more."
        ) from error


def _check_dialect(names: Sequence[str], where: str) -> None:
    counts = [[str(i + start) for i in range(len(names))] for start in (0, 1)]
    # numbers that count columns are names as good as any
    if all(_is_number(name) for name in names) and list(names) not in counts:
        first = short(", ".join(names[:3])).strip("'")
        raise InputError(f"{where} must begin with a line of column names; got numbers, {first} ...")
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


def _features(frame: pd.DataFrame, where: str) -> np.ndarray:
    from pandas.api.types import is_numeric_dtype

    numeric = np.array([is_numeric_dtype(kind) for kind in frame.dtypes], dtype=bool)
    if numeric.all() or not len(frame):
        return frame.to_numpy(dtype=np.float64)
    X = np.empty(frame.shape)
    X[:, numeric] = frame.loc[:, numeric].to_numpy(dtype=np.float64)
    X[:, ~numeric] = _as_numbers(frame.loc[:, ~numeric], where)
    return X


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
