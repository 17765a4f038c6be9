"""Your own data, from a file of any known format; none of it is ever run as code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmark.datasets.arrays import Arrays
from benchmark.datasets.data_options import DataOptions
from benchmark.datasets.formats.csv_table import read_csv
from benchmark.datasets.formats.image_folder import read_images
from benchmark.datasets.formats.npy import read_npy, read_npz
from benchmark.datasets.formats.parquet import read_parquet
from benchmark.errors import InputError, choices

# A format is a function from a path to arrays that `check_arrays` let pass; of a table, from options too.
READERS: dict[str, Callable[[Path], Arrays]] = {".npy": read_npy, ".npz": read_npz}
TABLE_READERS: dict[str, Callable[[Path, DataOptions], Arrays]] = {
    **dict.fromkeys((".csv", ".tsv", ".csv.gz", ".tsv.gz"), read_csv),
    ".parquet": read_parquet,
}
SUFFIXES = (*TABLE_READERS, *READERS)


def read_file(path: Path, options: DataOptions = DataOptions()) -> Arrays:  # noqa: B008 - it is frozen
    """Read a data set from a file.

    Parameters
    ----------
    path : path
        ``.npz`` with `X`, `y` or with `X_train`, `y_train`, `X_test`, `y_test` (labels optional),
        ``.npy`` with X, or ``.csv``, ``.tsv`` (gzipped, too) or ``.parquet`` with columns of numbers
        and optionally one of labels. X is (n, n_features) or images (n, height, width). A ``.npz`` may
        hold a sparse matrix of SciPy's, too, and a folder images (see `read_images`).
    options : DataOptions

    Raises
    ------
    InputError
        No file, or one of another type, damaged, or with content that cannot be benchmarked.
    """
    if path.is_dir():
        options.refuse_columns(path.name)
        return read_images(path)
    if not path.is_file():
        raise InputError(f"{path} must be a file, or a folder of images; got none.")
    suffix = path.suffix.lower()
    if suffix == ".gz":
        suffix = f"{Path(path.stem).suffix.lower()}{suffix}"
    if suffix not in SUFFIXES:
        kind = path.suffix or "a name without suffix"
        raise InputError(f"{path} must be a file of type {choices(SUFFIXES)}; got {kind}.")
    try:
        if suffix in TABLE_READERS:
            return TABLE_READERS[suffix](path, options)
        options.refuse_columns(path.name)
        return READERS[suffix](path)
    except InputError:
        raise
    except Exception as error:  # a damaged file makes parsers raise anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} cannot be read as a {path.suffix} file: {reason.rstrip('.')}.") from error
