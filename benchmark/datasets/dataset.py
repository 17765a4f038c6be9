"""A data set, split, sub-sampled and scaled the same way wherever it comes from."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path

import numpy as np

from benchmark.datasets.arrays import Arrays
from benchmark.datasets.catalog.declarations import DATASETS
from benchmark.datasets.catalog.named import read_named
from benchmark.datasets.formats.files import SUFFIXES, read_file
from benchmark.datasets.mapped import take
from benchmark.datasets.split import split_indices, subsample
from benchmark.errors import InputError, choices, suggestion
from benchmark.run_names import check_run_name
from reducers.rows import Rows, extent

MIN_IMAGE_FEATURES = 16


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples to train with and to test with.

    Attributes
    ----------
    name : str
        Name of the data set, or the stem of its file, fit to name a directory.
    X_train, X_test : ndarray or Rows (n_train or n_test, n_features), uint8 or float32
        Values as the source holds them; `reducers.rows.Rows` where they stay in their file.
    y_train, y_test : int64 ndarray (n_train,) or (n_test,), or None
        Classes, 0 to ``n_classes - 1``.
    class_names : tuple of str
        Empty without labels.
    image_shape : (height, width) or None
        Known, or inferred where `n_features` is a square number of at least 16.
    offset, scale : float
        ``scaled = (X - offset) / scale``: one affine map for all features, so it keeps the order
        of distances.
    sha256 : str
        Of the source's arrays before split and sub-sampling: it identifies the data.
    """

    name: str
    X_train: np.ndarray | Rows
    X_test: np.ndarray | Rows
    y_train: np.ndarray | None
    y_test: np.ndarray | None
    class_names: tuple[str, ...]
    image_shape: tuple[int, int] | None
    offset: float
    scale: float
    sha256: str

    def scaled(self) -> tuple[np.ndarray, np.ndarray]:
        """Return new C-contiguous float32 arrays, train and test; train lies in [0, 1]."""
        train, test = self.rows()
        return np.asarray(train), np.asarray(test)

    def rows(self) -> tuple[Rows, Rows]:
        """Return train and test as `Rows`, which scale a block at a time, when it is read."""
        train, test = (X if isinstance(X, Rows) else Rows(X) for X in (self.X_train, self.X_test))
        return train.rescaled(self.offset, self.scale), test.rescaled(self.offset, self.scale)

    @property
    def n_train(self) -> int:
        """Number of samples to train with."""
        return len(self.X_train)

    @property
    def n_test(self) -> int:
        """Number of samples to test with."""
        return len(self.X_test)

    @property
    def n_features(self) -> int:
        """Number of features of a sample."""
        return int(self.X_train.shape[1])

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 without labels."""
        return len(self.class_names)


def load_dataset(
    name_or_path: str | Path,
    *,
    data_dir: str | Path | None = None,
    seed: int = 0,
    n_train: int | None = None,
    n_test: int | None = None,
    download: bool = True,
) -> Dataset:
    """Load a data set by name, or from your own file.

    Parameters
    ----------
    name_or_path : str or path
        A name of `DATASETS`, or the path of a .npz, .npy, .csv or .parquet file (see
        `benchmark.datasets.formats.files.read_file`).
    data_dir : path, optional
        Holds the published files of data set NAME in ``data_dir/NAME/``; default is the environment
        variable BENCHMARK_DATA_DIR. What is not there is taken from the cache, or downloaded.
    seed : int
        At least 0. Decides the split of a source that has none (80 % train, 20 % test, stratified
        where that is possible) and the sub-samples.
    n_train, n_test : int, optional
        Size of a stratified sub-sample, at least 1; no more than there are. Default is all.
    download : bool
        Whether a named data set may be fetched from the internet.

    Returns
    -------
    Dataset
        8-bit data stay uint8 and are scaled by 255 (digits: 16). All else is float32, scaled by
        the global minimum and maximum of its training part to [0, 1] unless it lies there
        already: one scalar affine map for all features, so distances keep their order.

    Raises
    ------
    DataUnavailable
        A named data set is neither at hand nor can it be downloaded.
    InputError
        Anything else that is wrong with what was given.
    """
    _check_integer("seed", seed, 0)
    for name, size in (("n_train", n_train), ("n_test", n_test)):
        if size is not None:
            _check_integer(name, size, 1)
    if name_or_path in DATASETS:
        name = str(name_or_path)
        arrays = read_named(name, data_dir, download=download)
    else:
        path = _existing(name_or_path)
        name, arrays = _name_of(path), read_file(path)
    return _assemble(name, arrays, seed, n_train, n_test)


def _assemble(name: str, arrays: Arrays, seed: int, n_train: int | None, n_test: int | None) -> Dataset:
    split, train_rng, test_rng = (np.random.default_rng((seed, place)) for place in range(3))
    X, y, other, y_other = arrays.X_train, arrays.y_train, arrays.X_test, arrays.y_test
    train = test = None
    if other is None:
        other, y_other = X, y
        train, test = split_indices(len(X), y, split)
    X_train, y_train = take(X, y, subsample(train, len(X), y, n_train, train_rng))
    X_test, y_test = take(other, y_other, subsample(test, len(other), y_other, n_test, test_rng))
    image_shape = arrays.image_shape or square(X.shape[1])
    offset, scale = (0.0, arrays.white) if X.dtype == np.uint8 else _offset_and_scale(X_train)
    return Dataset(
        name, X_train, X_test, y_train, y_test, arrays.class_names, image_shape, offset, scale,
        arrays.sha256(),
    )  # fmt: skip


def _offset_and_scale(X: np.ndarray | Rows) -> tuple[float, float]:
    low, high = extent(X)
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return low, (high - low) or 1.0


def square(n_features: int) -> tuple[int, int] | None:
    """Return (height, width) of square images of at least `MIN_IMAGE_FEATURES` pixels, else None."""
    side = math.isqrt(n_features)
    return (side, side) if side * side == n_features >= MIN_IMAGE_FEATURES else None


def _existing(name_or_path: str | Path) -> Path:
    asked = str(name_or_path)
    path = os.path.expanduser(asked)
    hint = suggestion(asked.lower(), list(DATASETS))
    if not os.path.exists(path):
        raise InputError(
            f"A data set must be one of {choices(DATASETS)}, or the path of a file of type "
            f"{choices(SUFFIXES)}; got {asked!r}, which is neither.{hint}"
        )
    return Path(path)


def _name_of(path: Path) -> str:
    """Return the stem of a file as a name that can name a directory and is no data set's own."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem)
    stem = re.sub(r"\.{2,}", ".", stem).strip("._-")[:90] or "data"
    return check_run_name(f"{stem}-file" if stem in DATASETS else stem)


def _check_integer(name: str, value: object, low: int) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < low:
        raise InputError(f"{name} must be a whole number of at least {low}; got {value!r}.")
