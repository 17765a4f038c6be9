"""What a job keeps for the report's pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmark.datasets.samples import SHOWN, shown_rows
from benchmark.measure.insight import look_inside

if TYPE_CHECKING:
    from benchmark.datasets import Dataset
    from benchmark.measure.insight import Decode
    from benchmark.results.artifacts import Arrays
    from benchmark.scoring.embedding import Reconstruction, Samples

VIEW_IMAGES = 10


def make_view(
    dataset: Dataset,
    Z: np.ndarray,
    X: Samples,
    reconstruction: np.ndarray | Reconstruction | None,
    decode: Decode | None = None,
) -> Arrays:
    """Return what the report draws: codes in 2-D, some images above their reconstructions, what was learned.

    `decode` returns samples of codes, where the reducer can.
    """
    shown = shown_rows(len(Z))
    plane, share = _plane(Z)
    view = {"codes": plane[shown], "variance_shown": np.array([share])}
    picked = np.arange(min(VIEW_IMAGES, len(X)))
    if dataset.y_test is not None:
        view["labels"] = dataset.y_test[shown].astype(np.int16)
        view["class_names"] = np.array(dataset.class_names, dtype=np.str_)
        picked = np.unique(dataset.y_test, return_index=True)[1][:VIEW_IMAGES]
    if dataset.image_shape is not None:
        view["image_shape"] = np.array(dataset.image_shape)
        view["images"] = X[picked].astype(np.float16)
        if reconstruction is not None:
            view["reconstructions"] = reconstruction[picked].astype(np.float16)
    # Codes as wide as the data are no codes.
    if Z.shape[1] < X.shape[1]:
        view |= look_inside(Z, X, picked, decode, images=dataset.image_shape is not None)
    if dataset.image_shape is None and reconstruction is not None:
        view["column_errors"] = _column_errors(X, reconstruction)
    return view


def _column_errors(X: Samples, reconstruction: np.ndarray | Reconstruction) -> np.ndarray:
    """Return which share of the variance of every column is lost, (n_features,); NaN for a constant one."""
    rows = slice(0, SHOWN)
    given, made = np.asarray(X[rows], np.float64), np.asarray(reconstruction[rows], np.float64)
    variance = given.var(axis=0)
    lost = np.square(given - made).mean(axis=0)
    shares: np.ndarray = np.divide(lost, variance, out=np.full(lost.shape, np.nan), where=variance > 0)
    return shares.astype(np.float32)


def _plane(Z: np.ndarray) -> tuple[np.ndarray, float]:
    """Return codes in two dimensions, and which share of their variance these show.

    Of wider codes these are the first two principal components.
    """
    if Z.shape[1] == 1:
        return np.column_stack([Z, np.zeros_like(Z)]), 1.0
    if Z.shape[1] == 2:
        return Z, 1.0
    centred = Z - Z.mean(axis=0)
    variances, axes = np.linalg.eigh(centred.T @ centred)
    share = float(variances[-2:].sum() / max(variances.sum(), np.finfo(np.float64).tiny))
    return (centred @ axes[:, :-3:-1]).astype(np.float32), share
