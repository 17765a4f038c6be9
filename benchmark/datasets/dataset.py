"""A data set, split, sub-sampled and scaled the same way wherever it comes from."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path

import numpy as np

from benchmark.datasets.arrays import Arrays, check_enough
from benchmark.datasets.catalog.declarations import DATASETS, find_datasets
from benchmark.datasets.catalog.named import read_named
from benchmark.datasets.catalog.openml import PREFIX, openml_table
from benchmark.datasets.data_options import DataOptions
from benchmark.datasets.feature_scaling import Preparation, prepare
from benchmark.datasets.formats.files import SUFFIXES, read_file
from benchmark.datasets.mapped import take
from benchmark.datasets.split import split_indices, subsample
from benchmark.errors import InputError, choices, suggestion
from benchmark.run_names import check_run_name
from reducers.rows import Rows


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples to train with and to test with.

    Attributes
    ----------
    name : str
        Name of the data set, or the stem of its file, fit to name a directory.
    X_train, X_test : ndarray or Rows (n_train or n_test, n_features), uint8 or float32
        Values as the source holds them, or standardised; `reducers.rows.Rows` where they stay in their file,
        float64 where float32 would lose digits.
    y_train, y_test : int64 ndarray (n_train,) or (n_test,), or None
        Classes, 0 to ``n_classes - 1``.
    class_names : tuple of str
        Empty without labels.
    image_shape : (height, width) or None
        Of images: what the source or the user declares.
    preparation : Preparation
        How the source's samples became these, and the affine map that is yet to be applied to them: one for
        all features, so it keeps the order of distances.
    sha256 : str
        Of the source's arrays before split and sub-sampling, and of how they were read: it identifies the
        data.
    feature_names : tuple of str
        Names of the columns of a table; empty for all else.
    rows_train, rows_test : int64 ndarray (n_train,) or (n_test,)
        Number of each sample in the source, from 0; in its part where the source has two.
    notes : tuple of str
        What the user should know: what was done to the data, and what looks like a mistake.
    """

    name: str
    X_train: np.ndarray | Rows
    X_test: np.ndarray | Rows
    y_train: np.ndarray | None
    y_test: np.ndarray | None
    class_names: tuple[str, ...]
    image_shape: tuple[int, int] | None
    preparation: Preparation
    sha256: str
    feature_names: tuple[str, ...]
    rows_train: np.ndarray
    rows_test: np.ndarray
    notes: tuple[str, ...] = ()

    def scaled(self) -> tuple[np.ndarray, np.ndarray]:
        """Return new C-contiguous float32 arrays, train and test; train lies in [0, 1]."""
        train, test = self.rows()
        return np.asarray(train), np.asarray(test)

    def rows(self) -> tuple[Rows, Rows]:
        """Return train and test as `Rows`, which scale a block at a time, when it is read."""
        train, test = (X if isinstance(X, Rows) else Rows(X) for X in (self.X_train, self.X_test))
        return train.rescaled(self.offset, self.scale), test.rescaled(self.offset, self.scale)

    @property
    def offset(self) -> float:
        """What is taken off all features, before they are divided by `scale`."""
        return self.preparation.offset

    @property
    def scale(self) -> float:
        """What all features are divided by, after `offset` was taken off."""
        return self.preparation.scale

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

    @property
    def is_labelled(self) -> bool:
        """Whether both parts have labels: a file may label one only."""
        return self.y_train is not None and self.y_test is not None


def load_dataset(
    name_or_path: str | Path,
    *,
    data_dir: str | Path | None = None,
    seed: int = 0,
    n_train: int | None = None,
    n_test: int | None = None,
    download: bool = True,
    options: DataOptions = DataOptions(),  # noqa: B008 - it is frozen
    plugins: Sequence[str | Path] = (),
) -> Dataset:
    """Load a data set by name, or from your own file.

    Parameters
    ----------
    name_or_path : str or path
        A name of `DATASETS` or of a plugin's, ``openml:`` and a name or number there, or the path of a file
        or of a folder of images (see `benchmark.datasets.formats.files.read_file`).
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
    options : DataOptions
        Which column is what, the scale, missing values, the shape of images.
    plugins : sequence of path
        Files that may define data sets.

    Returns
    -------
    Dataset
        8-bit data stay uint8 and are scaled by 255 (digits: 16). All else is float32, scaled by
        the global minimum and maximum of its training part to [0, 1] unless it lies there
        already: one scalar affine map for all features, so distances keep their order. A table whose
        columns differ much in spread is standardised before that, column by column, by the mean and
        the standard deviation of its training part.

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
    asked = str(name_or_path)
    # Who forks the processes of jobs loads their data, and must import no plugin for what it can know itself.
    named = find_datasets(plugins) if is_foreign_name(asked) else DATASETS
    if name_or_path in named:
        options.refuse_columns(f"the data set {asked}")
        arrays = check_enough(asked, read_named(named[asked], data_dir, download=download))
        name, digest = asked, arrays.sha256()
    else:
        path = openml_table(asked, download=download) if asked.startswith(PREFIX) else _existing(asked, named)
        arrays = check_enough(path.name, read_file(path, options))
        digest = arrays.sha256()
        name = _name_of(path, digest)
    if facts := options.as_facts():
        digest = hashlib.sha256(f"{digest}{json.dumps(facts)}".encode()).hexdigest()
    return _assemble(name, arrays, seed, n_train, n_test, options, digest)


def _assemble(
    name: str, arrays: Arrays, seed: int, n_train: int | None, n_test: int | None, options: DataOptions,
    digest: str,
) -> Dataset:  # fmt: skip
    split, train_rng, test_rng = (np.random.default_rng((seed, place)) for place in range(3))
    X, other = arrays.X_train, arrays.X_test
    if other is None:
        train, test = split_indices(len(X), arrays.y_train, split)
        # Both parts are of one source, and have its numbers.
        other, arrays = X, replace(arrays, y_test=arrays.y_train, rows_test=arrays.rows)
    else:
        train, test = np.arange(len(X)), np.arange(len(other))
    X_train, y_train, rows_train = _part(X, arrays.y_train, train, arrays.rows, n_train, train_rng)
    X_test, y_test, rows_test = _part(other, arrays.y_test, test, arrays.rows_test, n_test, test_rng)
    image_shape = _image_shape(arrays, options, X.shape[1])
    X_train, X_test, preparation, notes = prepare(X_train, X_test, arrays, options)
    return Dataset(
        name, X_train, X_test, y_train, y_test, arrays.class_names, image_shape, preparation, digest,
        arrays.feature_names, rows_train, rows_test, (*arrays.notes, *notes),
    )  # fmt: skip


def _part(
    X: np.ndarray, y: np.ndarray | None, index: np.ndarray, numbers: np.ndarray | None, size: int | None,
    rng: np.random.Generator,
) -> tuple[np.ndarray | Rows, np.ndarray | None, np.ndarray]:  # fmt: skip
    """Return samples, labels and numbers in the source of a sub-sample of `index`."""
    index = subsample(index, y, size, rng)
    if isinstance(X, np.memmap):
        index.sort()  # The file is read fastest in its own order.
    return take(X, index), None if y is None else y[index], index if numbers is None else numbers[index]


def _image_shape(arrays: Arrays, options: DataOptions, n_features: int) -> tuple[int, int] | None:
    if options.image_shape is None:
        return arrays.image_shape
    height, width = map(int, options.image_shape.lower().split("x"))
    if height * width != n_features:
        raise InputError(
            f"--image-shape {options.image_shape} has {height * width} pixels; the data have {n_features} "
            "features."
        )
    return height, width


def _existing(asked: str, named: Iterable[str]) -> Path:
    path = os.path.expanduser(asked)
    if not os.path.exists(path):
        raise InputError(
            f"A data set must be one of {choices(named)}, openml:NAME, or the path of a folder of images "
            f"or of a file of type {choices(SUFFIXES)}; got {asked!r}, which is none of these."
            f"{suggestion(asked.lower(), named)}"
        )
    return Path(path)


def is_foreign_name(source: str) -> bool:
    """Whether what was asked for is a name that only a plugin can know."""
    known = source in DATASETS or source.startswith(PREFIX)
    return not known and not os.path.exists(os.path.expanduser(source))


def _name_of(path: Path, digest: str) -> str:
    """Return the stem of a file, and digits of its content: other data have another name."""
    file = path.resolve().name
    stem = file if path.is_dir() else file.removesuffix(".gz").rpartition(".")[0]
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", stem)
    stem = re.sub(r"\.{2,}", ".", stem).strip("._-")[:80] or "data"
    return check_run_name(f"{stem}-{digest[:6]}")


def _check_integer(name: str, value: object, low: int) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < low:
        raise InputError(f"{name} must be a whole number of at least {low}; got {value!r}.")
