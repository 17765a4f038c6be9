"""A table that a verb leaves in the file that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from benchmark.errors import InputError, choices

if TYPE_CHECKING:
    import pandas as pd


def _write_npy(frame: pd.DataFrame, file: IO[bytes]) -> None:
    import numpy as np

    np.save(file, np.ascontiguousarray(frame.to_numpy()), allow_pickle=False)


_WRITERS: dict[str, Callable[[Any, IO[bytes]], object]] = {
    ".npy": _write_npy,
    ".csv": lambda frame, file: file.write(frame.to_csv().encode()),
    ".parquet": lambda frame, file: frame.to_parquet(file),
}


def check_output(path: str, allowed: Sequence[str] = tuple(_WRITERS)) -> None:
    """Raise `InputError` where a file is asked for of another type than those allowed."""
    if Path(path).suffix not in allowed:
        raise InputError(f"--output must be a file of type {choices(allowed)}; got {path!r}.")


def write_table(frame: pd.DataFrame, path: str) -> None:
    """Write a table, and its index where the file has names; raise `InputError` where that cannot be."""
    from benchmark.results.atomic import write_atomically

    try:
        write_atomically(Path(path), lambda file: _WRITERS[Path(path).suffix](frame, file))
    except OSError as error:
        raise InputError(f"--output {path} cannot be written: {error.strerror}.") from error
