"""How well the reducer's inverse gives the inputs back."""

from __future__ import annotations

import math

import numpy as np

from benchmark.scoring.embedding import Embedding
from benchmark.scoring.metrics import metric

_CHUNK_ROWS = 1_024


@metric(
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
