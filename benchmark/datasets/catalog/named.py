"""Reading a data set by its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.datasets.arrays import Arrays, check_arrays
from benchmark.datasets.catalog.declarations import DATASETS, FILES, DatasetInfo
from benchmark.datasets.catalog.download import locate
from benchmark.datasets.formats.idx import read_idx
from benchmark.errors import InputError


def read_named(name: str, data_dir: str | Path | None = None, *, download: bool = True) -> Arrays:
    """Return the arrays of a data set of `DATASETS`; errors are those of `locate`."""
    info = DATASETS[name]
    if info.mirrors:
        return read_directory(locate(info, data_dir, download=download), info.class_names)
    return _read_bundled(info)


# Five thousand points of a sheet with a little noise, and of clusters that just touch.
_MADE: dict[str, dict[str, Any]] = {
    "make_swiss_roll": {"n_samples": 5000, "noise": 0.5, "random_state": 0},
    "make_s_curve": {"n_samples": 5000, "noise": 0.05, "random_state": 0},
    "make_blobs": {"n_samples": 5000, "n_features": 20, "centers": 10, "cluster_std": 3.0, "random_state": 0},
}


def _read_bundled(info: DatasetInfo) -> Arrays:
    """Return the arrays of a data set that scikit-learn brings or makes."""
    import sklearn.datasets

    found = getattr(sklearn.datasets, info.bundled)(**_MADE.get(info.bundled, {}))
    if info.name == "digits":
        return replace(check_arrays(info.name, found.images.astype(np.uint8), found.target), white=16.0)
    if info.bundled in _MADE:
        X, y = found
        # Along a sheet: as many points in each of ten pieces.
        y = y if y.dtype.kind == "i" else (np.argsort(np.argsort(y)) * 10) // len(y)
    else:
        X, y = found.data, np.array(found.target_names)[found.target]
    return replace(check_arrays(info.name, X, y), is_table=True)


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
