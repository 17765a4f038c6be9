"""What tables of all formats share: the names of their columns, and what becomes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.datasets.arrays import Arrays, check_arrays
from benchmark.datasets.data_options import Columns, DataOptions
from benchmark.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_MOST_COLUMNS = 50_000
# What a column of classes, or one that names the rows, is often called where nobody said which it is.
_LIKE_LABELS = ("target", "class", "classes", "y", "labels", "category", "species", "diagnosis")
_LIKE_IDS = ("id", "index", "row", "unnamed: 0", "sample", "sample_id", "uuid")


def check_names(names: Sequence[str], where: str) -> None:
    """Raise `InputError` unless all columns have names, and no two are alike."""
    if not names:
        raise InputError(f"{where} must begin with a line of column names; it is empty.")
    if len(names) > _MOST_COLUMNS:
        raise InputError(
            f"{where} must have at most {_MOST_COLUMNS:,} columns; got {len(names):,}: store them as .npy."
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


def table_arrays(
    where: str, X: np.ndarray, y: np.ndarray | None, split: Any, columns: Columns, options: DataOptions
) -> Arrays:
    """Return a table as arrays: its missing values as `options` has them, divided by its split, if any.

    `X` is (n, n_features), `y` (n,); `split` says "train" or "test" of each row. Refused is one that says
    something else or leaves a part empty, or what `check_arrays` refuses.
    """
    parts = None if split is None else np.array([str(value).strip().lower() for value in split])
    notes, rows = [], np.arange(len(X))
    if options.missing == "drop":
        rows = np.flatnonzero(~np.isnan(X).any(axis=1))
        if len(rows) < len(X):
            left_out = len(X) - len(rows)
            notes = [f"{left_out:,} of {len(X):,} rows have missing values and are left out."]
            X = X[rows]
            y, parts = (None if part is None else part[rows] for part in (y, parts))
    notes = [*notes, *_suspicions(X, columns)]
    missing = options.missing == "mean"
    if parts is None:
        arrays = check_arrays(where, X, y, columns=columns.features, missing=missing)
        return replace(arrays, notes=tuple(notes), is_table=True, rows=rows)
    train, test = (np.flatnonzero(parts == part) for part in ("train", "test"))
    if len(train) + len(test) < len(parts) or not len(train) or not len(test):
        others = sorted(set(parts))
        raise InputError(
            f"Column {columns.split!r} of {where} must say train or test of each row, both of some; got "
            f"{', '.join(map(short, others[:5]))}."
        )
    y_train, y_test = (None if y is None else y[part] for part in (train, test))
    arrays = check_arrays(where, X[train], y_train, X[test], y_test, columns.features, missing=missing)
    return replace(arrays, notes=tuple(notes), is_table=True, rows=rows[train], rows_test=rows[test])


def _suspicions(X: np.ndarray, columns: Columns) -> list[str]:
    """Return what the names and the values of columns let one suspect, a sentence each."""
    likely = _LIKE_LABELS if columns.label is None else ()
    notes = [
        f"The column {name!r} counts as a feature; if it holds the classes, say --label {name}."
        for name in columns.features
        if name.lower() in likely
    ]
    for name, column in zip(columns.features, X.T, strict=True):
        if name.lower() in _LIKE_IDS or name.lower().endswith("_id"):
            notes.append(
                f"The column {name!r} counts as a feature; if it only names the rows, say --drop {name!r}."
            )
        elif _counts_up(column):
            notes.append(
                f"The column {name!r} counts up by one from row to row, as a number of the row would: if it "
                f"is no feature, say --drop {name!r}."
            )
    same = (X[:1] == X).all(axis=0)
    constant = [short(name) for name, is_same in zip(columns.features, same, strict=True) if is_same]
    if constant:
        few = ", ".join(constant[:3]) + (", ..." if len(constant) > 3 else "")
        notes.append(f"Columns that are the same in every row tell nothing: {few} ({len(constant)}).")
    return notes


def _counts_up(column: np.ndarray) -> bool:
    # Two rows tell most columns from a count, and the rest need not be read.
    few = column[:2].astype(np.float64)
    return len(few) == 2 and few[1] - few[0] == 1 and bool((np.diff(column.astype(np.float64)) == 1).all())


def read_labels(column: pd.Series[Any], name: str, where: str) -> np.ndarray:
    """Return the labels of a table: (n,) whole numbers, floats, or objects that are all `str`.

    None may be missing. Of a categorical column, a text takes its room once, however many rows have it.
    """
    import pandas as pd
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    missing = int(column.isna().sum())
    if missing:
        raise InputError(
            f"Column {name!r} of {where} must have a label in each row; {missing} of {len(column)} are empty "
            f"or NA."
        )
    categories = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else None
    values: Any = column if categories is None else categories
    if is_numeric_dtype(values) and not is_bool_dtype(values):
        plain = np.asarray(values)
    else:
        plain = np.array([str(value) for value in values], dtype=object)
    return plain if categories is None else plain[column.cat.codes]


def short(text: object) -> str:
    """Return text in quotes, cut to 60 characters: a cell can hold a whole book."""
    quoted = repr(text)
    return quoted if len(quoted) <= 60 else f"{quoted[:40]}...{quoted[-17:]}"
