"""The test samples that reports show."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmark.datasets.dataset import Dataset

SHOWN = 2_000
# Of a sample; those of more, large pictures and text, would make a report of many megabytes.
_MOST_VALUES = 3_072


def shown_rows(n: int) -> np.ndarray:
    """Return which of `n` test rows are shown, in order: at most `SHOWN`, the same in every job."""
    return np.sort(np.random.default_rng(0).permutation(n)[:SHOWN])


def shown_samples(dataset: Dataset) -> Mapping[str, np.ndarray]:
    """Return the test samples that are shown, as arrays by name; nothing of samples with very many values.

    ``samples`` holds them as the source has them, ``(value - offset) / scale`` is what reducers see;
    ``image_shape`` or ``feature_names`` say what a value is.
    """
    if dataset.n_features > _MOST_VALUES:
        return {}
    kept = {
        "samples": np.asarray(dataset.X_test[shown_rows(dataset.n_test)]),
        "map": np.array([dataset.offset, dataset.scale]),
    }
    if dataset.image_shape is not None:
        kept["image_shape"] = np.array(dataset.image_shape)
    if dataset.feature_names:
        kept["feature_names"] = np.array(dataset.feature_names, dtype=np.str_)
    return kept


def samples_key(sha256: str) -> str:
    """Return under what key the samples of a dataset are kept."""
    return sha256[:16]
