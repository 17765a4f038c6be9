"""Rows as typed tables, and tables as files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from benchmark.analysis.columns import DTYPES, dtype_of
from benchmark.results import Store

if TYPE_CHECKING:
    import pandas as pd


def typed_frame(
    rows: Sequence[Mapping[str, Any]], columns: Iterable[str], dtypes: Mapping[str, str] = DTYPES
) -> pd.DataFrame:
    """Return a table of these columns; what a row lacks is NA, a column without a type is Float64."""
    import pandas as pd

    return pd.DataFrame({
        name: pd.array([row.get(name) for row in rows], dtype=dtypes.get(name, "Float64"))  # type: ignore[call-overload]
        for name in columns
    })  # fmt: skip


def save_frame(store: Store, frame: pd.DataFrame, *names: str) -> None:
    """Write a table of a run atomically under each of these names, as CSV or Parquet by its ending."""

    def csv(file: IO[bytes]) -> None:
        frame.to_csv(file, index=False, lineterminator="\n", encoding="utf-8")

    for name in names:
        if name.endswith(".csv"):
            store.save_table(name, csv)
        else:
            store.save_table(name, lambda file: frame.to_parquet(file, index=False))


def read_csv(store: Store, name: str) -> pd.DataFrame:
    """Read a table as text and convert by Python's own parsers, which give every digit back."""
    import pandas as pd

    text = pd.read_csv(store.path / name, dtype=str, keep_default_na=False, encoding="utf-8")
    parse = {"Int64": int, "Float64": float, "string": str}
    columns = {}
    for column in text.columns:
        read = parse[dtype_of(column)]
        values = [read(cell) if cell else None for cell in text[column]]
        columns[column] = pd.array(values, dtype=dtype_of(column))  # type: ignore[call-overload]
    return pd.DataFrame(columns)
