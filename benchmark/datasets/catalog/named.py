"""Reading a data set by its name: made, of IDX files, or of openml.org, whose tables the cache keeps."""

from __future__ import annotations

import gzip
import math
import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from benchmark.datasets.arrays import Arrays, check_arrays
from benchmark.datasets.catalog.declarations import FILES, DatasetInfo
from benchmark.datasets.catalog.download import DataUnavailable, cache_directory, locate, unreachable
from benchmark.errors import InputError
from benchmark.results.atomic import write_atomically

PREFIX = "openml:"
_SERVER = "https://www.openml.org/"
_MAX_BYTES = 2**30  # of an IDX file
_MAX_DIMENSIONS = 4
_AT_ONCE = 2**20


def read_named(info: DatasetInfo, data_dir: str | Path | None = None, *, download: bool = True) -> Arrays:
    """Return the arrays of a named data set; errors are those of `locate` and `read_made`."""
    if info.load is not None:
        return read_made(info)
    return read_directory(locate(info, data_dir, download=download), info.class_names)


def read_made(info: DatasetInfo) -> Arrays:
    """Return the arrays that the function of a data set gives; raise `InputError` where they are wrong."""
    assert info.load is not None
    try:
        found = info.load()
    except Exception as error:
        raise InputError(
            f"The data set '{info.name}' cannot be loaded: {type(error).__name__}: {error}."
        ) from error
    parts = found if isinstance(found, tuple) else (found, None)
    if len(parts) not in (2, 4):
        raise InputError(
            f"The function of the data set '{info.name}' must return X, (X, y), or (X_train, y_train, "
            f"X_test, y_test); got {len(parts)} values."
        )
    columns = [str(name) for name in getattr(parts[0], "columns", ())] or None
    y, X_test, y_test = (None if p is None else np.asarray(p) for p in (*parts, None, None)[1:4])
    arrays = check_arrays(info.name, np.asarray(parts[0]), y, X_test, y_test, columns)
    return replace(arrays, white=info.white, is_table=info.is_table or columns is not None)


def read_directory(directory: Path, class_names: tuple[str, ...]) -> Arrays:
    """Return the arrays of the four IDX files in `directory`, whose labels are places in `class_names`.

    Raises `InputError` for a damaged file, images and labels that do not fit, and a label beyond the names.
    """
    X, y, X_test, y_test = (read_idx(directory / name) for name in FILES)
    arrays = check_arrays(str(directory), X, y, X_test, y_test)
    labels = [int(label) for label in arrays.class_names]
    if labels[-1] >= len(class_names):
        raise InputError(
            f"The labels in {directory} must lie in 0 to {len(class_names) - 1}; got {labels[-1]}."
        )
    return replace(arrays, class_names=tuple(class_names[label] for label in labels))


def read_idx(path: str | Path) -> np.ndarray:
    """Read an IDX file of unsigned bytes, gzipped where its name ends in ``.gz``.

    Returns
    -------
    ndarray of uint8
        1 to 4 dimensions, as the file declares them, at most 1 GiB.

    Raises
    ------
    InputError
        The file cannot be read, is no such IDX file, or holds fewer or more bytes than it declares.

    References
    ----------
    LeCun, Cortes and Burges, The MNIST database of handwritten digits, "File formats".
    """
    path = Path(path)
    try:
        with cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb") as file:
            shape = _read_shape(file, path)
            declared, values = math.prod(shape), bytearray()
            # gzip makes a second copy of what it is asked for, and compares its checksum at the very end
            while block := file.read(min(_AT_ONCE, declared + 1 - len(values))):
                values += block
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read as an IDX file: {str(error).rstrip('.')}.") from error
    if len(values) < declared:
        raise InputError(
            f"{path} is truncated: it declares {declared} bytes {shape} and holds {len(values)}."
        )
    if len(values) > declared:
        raise InputError(f"{path} holds more than the {declared} bytes {shape} it declares.")
    return np.frombuffer(values, dtype=np.uint8).reshape(shape)


def _read_shape(file: IO[bytes], path: Path) -> tuple[int, ...]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:3] != b"\x00\x00\x08" or not 1 <= magic[3] <= _MAX_DIMENSIONS:
        raise InputError(
            f"{path} is no IDX file of unsigned bytes: its first four bytes must be 00 00 08 and the number "
            f"of dimensions, 1 to {_MAX_DIMENSIONS}; got {magic.hex(' ') or 'an empty file'}."
        )
    header = file.read(4 * magic[3])
    if len(header) < 4 * magic[3]:
        raise InputError(f"{path} ends within its header.")
    shape = tuple(int(n) for n in np.frombuffer(header, ">u4"))
    # Of an empty array, the other dimensions must be possible too.
    if math.prod(n or 1 for n in shape) > _MAX_BYTES:
        raise InputError(
            f"{path} declares {math.prod(shape)} bytes {shape}; at most {_MAX_BYTES} bytes are read."
        )
    return shape


def openml_table(name: str, *, download: bool = True) -> Path:
    """Return the parquet file of a data set of OpenML, its target in the column `label`.

    Its name is ``openml:`` and the name or the number there, as "openml:credit-g" or "openml:31"; of others,
    `InputError` is raised. `DataUnavailable` is where the cache does not hold it, and it was not fetched.
    """
    asked = name.removeprefix(PREFIX)
    if not re.fullmatch(r"\w[\w.()+-]{0,80}", asked):
        raise InputError(f"{name!r} must be openml:NAME or openml:NUMBER, as openml:credit-g or openml:31.")
    path = cache_directory() / "openml" / f"openml-{asked}.parquet"
    if not path.is_file():
        failure = _fetch(asked, path) if download else "downloading is switched off"
        if failure:
            raise DataUnavailable(
                f"{name} is not in {path.parent} and was not fetched ({failure}): go online once, see "
                f"{_SERVER} for names and numbers, or give the path of a file of your own."
            )
    return path


def _fetch(asked: str, path: Path) -> str:
    """Write the table of a data set to `path`; return what went wrong, or ""."""
    # scikit-learn waits without end for a server that is silent.
    failure = unreachable(_SERVER)
    if failure:
        return failure
    from sklearn.datasets import fetch_openml

    which: dict[str, Any] = {"data_id": int(asked)} if asked.isdecimal() else {"name": asked}
    try:
        found = fetch_openml(**which, as_frame=True, cache=False, n_retries=1, parser="auto")
    except (OSError, ValueError) as error:
        return str(error).rstrip(".")
    target = found.target_names[0] if len(found.target_names) == 1 else None
    frame = found.frame.rename(columns={target: "label"})
    write_atomically(path, lambda file: frame.to_parquet(file, index=False))
    return ""
