"""Tables of text, .csv and .tsv: columns of numbers, and perhaps one of labels and one of the split."""

from __future__ import annotations

import csv
import gzip
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.datasets.arrays import Arrays
from benchmark.datasets.data_options import DataOptions
from benchmark.datasets.formats.limits import memory_limit
from benchmark.datasets.formats.table import check_names, read_labels, short, table_arrays
from benchmark.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_SEPARATORS = ",;\t|"
_LONGEST_LINE = 2**26


def read_csv(path: Path, options: DataOptions) -> Arrays:
    """Read a table of text, in UTF-8, below one line of column names.

    The separator, one of comma, semicolon, tab and bar, is the one that the first line has most of. Refused
    are another encoding, separator or number of cells in a line, a feature that is no number, and what
    `check_names`, `read_labels` or `check_arrays` refuses.
    """
    try:
        frame = _read_frame(path)
    except UnicodeDecodeError as error:
        byte = f"the byte {error.object[error.start]:#04x}"
        raise InputError(f"{path.name} must be text in UTF-8; got {byte}, which is none there.") from error
    columns = options.choose(list(frame.columns), path.name)
    y = None if columns.label is None else read_labels(frame[columns.label], columns.label, path.name)
    split = None if columns.split is None else list(frame[columns.split])
    X = _features(frame[columns.features], path.name)
    del frame  # as large as X
    return table_arrays(path.name, X, y, split, columns, options)


def _read_frame(path: Path) -> pd.DataFrame:
    import pandas as pd

    packed = path.suffix.lower() == ".gz"
    opened: Any = gzip.open if packed else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        # A line of many megabytes is no line of names.
        first = next((line for line in iter(partial(file.readline, _LONGEST_LINE), "") if line.strip()), "")
    separator = max(_SEPARATORS, key=first.count)
    names = next(csv.reader([first], delimiter=separator), [])
    check_names(names, path.name)
    _check_dialect(names, path.name)
    try:
        with warnings.catch_warnings():
            # pandas only warns where lines are longer than the header, and would drop what is too much
            warnings.simplefilter("error", pd.errors.ParserWarning)
            with memory_limit(path) if packed else nullcontext():
                return pd.read_csv(
                    path, header=0, names=names, index_col=False, low_memory=False, sep=separator
                )
    except pd.errors.ParserWarning as error:
        raise InputError(
            f"{path.name} must have as many cells in a line as column names, {len(names)}; it has more."
        ) from error


def _check_dialect(names: Sequence[str], where: str) -> None:
    try:
        for name in names:
            float(name)
    except ValueError:
        return
    # numbers that count columns are names as good as any
    if list(names) not in [[str(i + start) for i in range(len(names))] for start in (0, 1)]:
        first = short(", ".join(names[:3])).strip("'")
        raise InputError(f"{where} must begin with a line of column names; got numbers, {first} ...")


def _features(frame: pd.DataFrame, where: str) -> np.ndarray:
    from pandas.api.types import is_numeric_dtype

    X = np.empty(frame.shape, order="F")
    for place, (_, column) in enumerate(frame.items()):
        X[:, place] = column if is_numeric_dtype(column) else _as_numbers(column, where)
    return X


def _as_numbers(column: pd.Series[Any], where: str) -> np.ndarray:
    """Return a column that pandas left as text, for words among its numbers or numbers beyond 64 bits."""
    import pandas as pd

    numbers = pd.to_numeric(column.map(str), errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.flatnonzero(np.isnan(numbers) & column.notna().to_numpy())
    if len(wrong):
        raise InputError(
            f"Column {short(column.name)} of {where} must hold numbers; got {short(column.iat[wrong[0]])} in "
            f"data row {wrong[0] + 1}: if it holds the classes, say --label {column.name}, else --drop it."
        )
    return numbers
