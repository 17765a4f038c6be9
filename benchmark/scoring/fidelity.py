"""How much of the inputs the codes keep: their values, and their neighbourhoods (Venna & Kaski)."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from benchmark.scoring.embedding import Embedding
from benchmark.scoring.metrics import metric
from benchmark.scoring.neighbours import FloatArray

_CHUNK_ROWS = 1_024
_preservation_metric = partial(metric, low=0, high=1, higher_is_better=True, needs=("inputs",))


@metric(
    title="MSE",
    label="reconstruction error",
    low=0,
    high=math.inf,
    higher_is_better=False,
    needs=("inputs", "reconstruction"),
    reference="Hinton & Salakhutdinov (2006), Reducing dimensionality with neural networks, Science 313",
)
def reconstruction_mse(embedding: Embedding) -> float | None:
    """Mean squared error of the reconstruction, over samples and features, in units of the inputs."""
    X, reconstruction = embedding.X_test, embedding.reconstruction_test
    if X is None or reconstruction is None:
        return None
    total = 0.0
    for start in range(0, len(X), _CHUNK_ROWS):
        rows = slice(start, start + _CHUNK_ROWS)
        error = np.subtract(reconstruction[rows], X[rows], dtype=np.float64)
        total += float(np.vdot(error, error))
    return total / math.prod(X.shape)


@_preservation_metric(
    title="trust.",
    label="trustworthiness",
    reference="Venna & Kaski (2001), Neighborhood preservation in nonlinear projection methods, ICANN",
)
def trustworthiness(embedding: Embedding) -> float | None:
    """Whether the 5 nearest neighbours in the codes are near in the inputs; 5,000 test points."""
    ranks = embedding.ranks_test
    return None if ranks is None else _preservation(ranks.inputs_of_codes)


@_preservation_metric(
    title="cont.",
    label="continuity",
    reference="Venna & Kaski (2006), Local multidimensional scaling, Neural Networks 19",
)
def continuity(embedding: Embedding) -> float | None:
    """Whether the 5 nearest neighbours in the inputs are near in the codes; 5,000 test points."""
    ranks = embedding.ranks_test
    return None if ranks is None else _preservation(ranks.codes_of_inputs)


def _preservation(ranks: FloatArray) -> float:
    """Return ``1 - 2 / (n k (2n - 3k - 1)) * sum(max(0, rank - k))``, in [0, 1] for k < n / 2."""
    n, k = ranks.shape
    excess = np.maximum(ranks - k, 0).sum(dtype=np.float64)
    return float(1 - 2 * excess / (n * k * (2 * n - 3 * k - 1)))
