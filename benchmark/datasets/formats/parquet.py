"""Parquet files: columns of numbers, and perhaps one of labels and one of the split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.datasets.arrays import Arrays
from benchmark.datasets.data_options import DataOptions
from benchmark.datasets.formats.limits import ROW_BYTES, check_size, memory_limit
from benchmark.datasets.formats.table import check_names, read_labels, short, table_arrays
from benchmark.errors import InputError


def read_parquet(path: Path, options: DataOptions) -> Arrays:
    """Read a parquet file, but for what pandas stored as the index of its rows and is no label.

    Refused are columns of other types than numbers and labels, more of them than `check_size` and
    `memory_limit` allow, and what `check_names`, `read_labels` or `check_arrays` refuses.
    """
    import pandas as pd  # noqa: F401 - pyarrow would import it below, where memory is limited
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    stored = (schema.pandas_metadata or {}).get("index_columns", [])
    index = {name for name in stored if isinstance(name, str)}
    wanted = {options.label, options.split, *options.drop}
    names = [name for name in schema.names if name not in index or name in wanted or name.lower() == "label"]
    check_names(names, path.name)
    columns = options.choose(names, path.name)
    texts = [name for name in (columns.label, columns.split) if name is not None]
    for name in (*columns.features, *texts):
        _check_type(schema.field(name).type, name, path.name, text=name in texts)
    # Read as codes, a text takes its room once, however many rows point at it.
    with memory_limit(path), pq.ParquetFile(path, read_dictionary=texts, pre_buffer=False) as file:
        meta = file.metadata
        # The rows of the place that promises most; a damaged column's metadata can end the process.
        rows = max(meta.num_rows, sum(meta.row_group(place).num_rows for place in range(meta.num_row_groups)))
        check_size(path, rows * (8 * len(columns.features) + ROW_BYTES))
        X = _matrix(file, columns.features)
        y, split = (
            None if name is None else read_labels(_column(file, name).to_pandas(), name, path.name)
            for name in (columns.label, columns.split)
        )
    return table_arrays(path.name, X, y, split, columns, options)


def _check_type(kind: Any, name: str, where: str, *, text: bool) -> None:
    from pyarrow import types

    number = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
    if text:
        value = kind.value_type if types.is_dictionary(kind) else kind
        is_text = types.is_string(value) or types.is_large_string(value)
        allowed, words = number or is_text or types.is_integer(value), "whole numbers or text"
    else:
        allowed, words = number or types.is_decimal(kind) or types.is_null(kind), "numbers"
    if not allowed:
        raise InputError(
            f"Column {short(name)} of {where} must hold {words}; got the type {str(kind)[:60]}"
            f"{'' if text else ': if it holds the classes, say --label ' + name + ', else --drop it'}."
        )


def _column(file: Any, name: str) -> Any:
    # A name with a dot is a path for pyarrow, and may lead to more columns than one.
    return file.read(columns=[name], use_threads=False).column(name)


def _matrix(file: Any, names: Sequence[str]) -> np.ndarray:
    """Return columns as (n, n_features): uint8 where all are and nothing is missing, else float64."""
    import pyarrow as pa

    X = np.empty((len(names), file.metadata.num_rows), dtype=np.uint8).T
    for place, name in enumerate(names):
        column = _column(file, name)
        if column.type != pa.uint8() or column.null_count:
            column = column.cast(pa.float64(), safe=False)
            X = X.astype(np.float64, copy=False)
        X[:, place] = column.to_numpy()
    return X
