"""Reading a data set by its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmark.datasets.arrays import Arrays, check_arrays
from benchmark.datasets.catalog.declarations import DATASETS, FILES
from benchmark.datasets.catalog.download import locate
from benchmark.datasets.formats.idx import read_idx
from benchmark.errors import InputError


def read_named(name: str, data_dir: str | Path | None = None, *, download: bool = True) -> Arrays:
    """Return the arrays of a data set of `DATASETS`; errors are those of `locate`."""
    info = DATASETS[name]
    if info.mirrors:
        return read_directory(locate(info, data_dir, download=download), info.class_names)
    from sklearn.datasets import load_digits

    digits = load_digits()
    return replace(check_arrays(name, digits.images.astype(np.uint8), digits.target), white=16.0)


def read_directory(directory: Path, class_names: tuple[str, ...]) -> Arrays:
    """Return the arrays of the four IDX files in `directory`, whose labels are places in `class_names`.

    Raises
    ------
    InputError
        A file is damaged, images and labels do not fit each other, or a label is beyond `class_names`.
    """
    X, y, X_test, y_test = (read_idx(directory / name) for name in FILES)
    arrays = check_arrays(str(directory), X, y, X_test, y_test)
    labels = [int(label) for label in arrays.class_names]
    if labels[-1] >= len(class_names):
        raise InputError(
            f"The labels in {directory} must lie in 0 to {len(class_names) - 1}; got {labels[-1]}."
        )
    return replace(arrays, class_names=tuple(class_names[label] for label in labels))
