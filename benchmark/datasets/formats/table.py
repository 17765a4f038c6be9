"""What tables of all formats share: the names of their columns, and the labels in the column `label`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

LABEL = "label"
MOST_COLUMNS = 50_000


def is_label(name: str) -> bool:
    """Whether a column of this name holds the labels."""
    return name.lower() == LABEL


def check_names(names: Sequence[str], where: str) -> None:
    """Raise `InputError` unless all columns have names, no two alike, and one at most is that of labels."""
    if not names:
        raise InputError(f"{where} must begin with a line of column names; it is empty.")
    if len(names) > MOST_COLUMNS:
        raise InputError(
            f"{where} must have at most {MOST_COLUMNS:,} columns; got {len(names):,}: store them as .npy."
        )
    nameless = next((place for place, name in enumerate(names) if not name.strip()), None)
    if nameless is not None:
        raise InputError(f"{where} must name all of its columns; column {nameless + 1} has no name.")
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise InputError(
            f"{where} must begin with a name for each column, none of them twice; got {short(name)} "
            f"{count} times."
        )
    labels = [name for name in names if is_label(name)]
    if len(labels) > 1:
        raise InputError(f"{where} must have at most one column of labels; got {' and '.join(labels)}.")


def read_labels(column: pd.Series[Any], name: str, where: str) -> np.ndarray:
    """Return the labels of a table: (n,) whole numbers, floats, or objects that are all `str`.

    Of a categorical column, a text takes its room once, however many rows have it.

    Raises
    ------
    InputError
        A label is missing.
    """
    import pandas as pd

    missing = int(column.isna().sum())
    if missing:
        raise InputError(
            f"Column {name!r} of {where} must have a label in each row; {missing} of {len(column)} are empty "
            f"or NA."
        )
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _plain(column.cat.categories)[column.cat.codes]
    return _plain(column)


def _plain(values: Any) -> np.ndarray:
    """Return numbers as they are, and all else as objects that are `str`."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if is_numeric_dtype(values) and not is_bool_dtype(values):
        return np.asarray(values)
    return np.array([str(value) for value in values], dtype=object)


def short(text: object) -> str:
    """Return text in quotes, cut to 60 characters: a cell can hold a whole book."""
    quoted = repr(text)
    return quoted if len(quoted) <= 60 else f"{quoted[:40]}...{quoted[-17:]}"
