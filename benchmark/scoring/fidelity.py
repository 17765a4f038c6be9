"""How much of the inputs the codes keep: their values, and their neighbourhoods (Venna & Kaski)."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmark.scoring.embedding import Embedding
from benchmark.scoring.metrics import metric
from benchmark.scoring.neighbours import FloatArray
from benchmark.scoring.row_statistics import MEAN

_CHUNK_ROWS = 1_024
FloatColumn = NDArray[np.float64]
_preservation_metric = partial(
    metric, low=0, high=1, higher_is_better=True, needs=("inputs",), statistic=MEAN
)


@metric(
    title="MSE",
    label="reconstruction error",
    low=0,
    high=math.inf,
    higher_is_better=False,
    needs=("inputs", "reconstruction"),
    reference="Hinton & Salakhutdinov (2006), Reducing dimensionality with neural networks, Science 313",
    statistic=MEAN,
    column="squared_errors",
)
def reconstruction_mse(embedding: Embedding) -> FloatColumn | None:
    """Mean squared error of the reconstruction, over samples and features, in units of the inputs."""
    X, reconstruction = embedding.X_test, embedding.reconstruction_test
    if X is None or reconstruction is None:
        return None
    errors = np.empty(len(X))
    for start in range(0, len(X), _CHUNK_ROWS):
        rows = slice(start, start + _CHUNK_ROWS)
        error = np.subtract(reconstruction[rows], X[rows], dtype=np.float64)
        errors[rows] = np.einsum("ij,ij->i", error, error) / X.shape[1]
    return errors


@_preservation_metric(
    title="trust.",
    label="trustworthiness",
    reference="Venna & Kaski (2001), Neighborhood preservation in nonlinear projection methods, ICANN",
)
def trustworthiness(embedding: Embedding) -> FloatColumn | None:
    """Whether the 5 nearest neighbours in the codes are near in the inputs; 5,000 test points."""
    ranks = embedding.ranks_test
    return None if ranks is None else _preservation(embedding, ranks.inputs_of_codes)


@_preservation_metric(
    title="cont.",
    label="continuity",
    reference="Venna & Kaski (2006), Local multidimensional scaling, Neural Networks 19",
)
def continuity(embedding: Embedding) -> FloatColumn | None:
    """Whether the 5 nearest neighbours in the inputs are near in the codes; 5,000 test points."""
    ranks = embedding.ranks_test
    return None if ranks is None else _preservation(embedding, ranks.codes_of_inputs)


def _preservation(embedding: Embedding, ranks: FloatArray) -> FloatColumn:
    """Return ``1 - 2 / (k (2n - 3k - 1)) * sum(max(0, rank - k))`` of every ranked test row, else NaN.

    The mean over the n rows lies in [0, 1] for k < n / 2.
    """
    n, k = ranks.shape
    excess = np.maximum(ranks - k, 0).sum(axis=1, dtype=np.float64)
    values = np.full(len(embedding.Z_test), np.nan)
    values[embedding.ranked_rows] = 1 - 2 * excess / (k * (2 * n - 3 * k - 1))
    return values
