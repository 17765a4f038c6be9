"""How much of the inputs the codes keep: their values, and their neighbourhoods (Venna & Kaski)."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmark.scoring.embedding import Embedding, Samples
from benchmark.scoring.metrics import metric
from benchmark.scoring.row_statistics import MEAN
from reducers.rows import FloatArray

_CHUNK_ROWS = 1_024
_RANDOM_DRAWS = 10_000
MIN_POINTS = 5
FloatColumn = NDArray[np.float64]
_kept_metric = partial(metric, low=0, high=1, higher_is_better=True, needs=("inputs",))
_preservation_metric = partial(_kept_metric, statistic=MEAN)


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
    return _preservation(embedding, "inputs_of_codes")


@_preservation_metric(
    title="cont.",
    label="continuity",
    reference="Venna & Kaski (2006), Local multidimensional scaling, Neural Networks 19",
)
def continuity(embedding: Embedding) -> FloatColumn | None:
    """Whether the 5 nearest neighbours in the inputs are near in the codes; 5,000 test points."""
    return _preservation(embedding, "codes_of_inputs")


@_kept_metric(
    title="triplets",
    label="triplet accuracy",
    reference="Wang et al. (2021), Understanding how dimension reduction tools work, JMLR 22",
)
def triplet_accuracy(embedding: Embedding) -> float | None:
    """Share of 10,000 random triplets of test points whose distances keep their order; chance is 0.5."""
    drawn = _random_distances(embedding, others=2)
    if drawn is None:
        return None
    inputs, codes = (np.sign(distances[:, 0] - distances[:, 1]) for distances in drawn)
    # A tie in one of the spaces is half a success: codes that collapse are no better than chance.
    return float((1 + inputs * codes).mean() / 2)


@metric(
    title="dist. corr.",
    label="rank correlation of distances",
    low=-1,
    high=1,
    higher_is_better=True,
    needs=("inputs",),
    reference="Spearman (1904), The proof and measurement of association between two things",
)
def distance_correlation(embedding: Embedding) -> float | None:
    """Rank correlation of the distances of 10,000 random pairs of test points, inputs to codes."""
    from scipy.stats import spearmanr

    drawn = _random_distances(embedding, others=1)
    if drawn is None or any(np.ptp(distances) == 0 for distances in drawn):
        return None if drawn is None else 0.0
    return float(spearmanr(*(distances[:, 0] for distances in drawn)).statistic)


def _random_distances(embedding: Embedding, others: int) -> tuple[FloatArray, FloatArray] | None:
    """Return distances of 10,000 random test points to `others` further ones each, in inputs and in codes."""
    X, n = embedding.X_test, len(embedding.Z_test)
    if X is None or n < MIN_POINTS:
        return None
    rng = np.random.default_rng(embedding.seed)
    points = rng.integers(n, size=(_RANDOM_DRAWS, 1))
    steps = rng.integers(1, n, size=(_RANDOM_DRAWS, 1))
    if others > 1:
        # Of three points, no two are the same.
        steps = np.hstack([steps, 1 + (steps + rng.integers(n - 2, size=(_RANDOM_DRAWS, 1))) % (n - 1)])
    further = (points + steps) % n
    chunks = [slice(start, start + _CHUNK_ROWS) for start in range(0, _RANDOM_DRAWS, _CHUNK_ROWS)]

    def distances(space: Samples) -> FloatArray:
        gaps = (_rows(space, points[part]) - _rows(space, further[part]) for part in chunks)
        return np.concatenate([np.linalg.norm(gap, axis=2) for gap in gaps])

    return distances(X), distances(embedding.Z_test)


def _rows(space: Samples, index: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return rows as (*index.shape, d), in double precision, in which squares of codes cannot overflow."""
    return np.asarray(space[index.ravel()], dtype=np.float64).reshape(*index.shape, -1)


def _preservation(embedding: Embedding, which: str) -> FloatColumn | None:
    """Return ``1 - 2 / (k (2n - 3k - 1)) * sum(max(0, rank - k))`` of every ranked test row, else NaN.

    The mean over the n rows lies in [0, 1] for k < n / 2.
    """
    if embedding.ranks_test is None:
        return None
    ranks: FloatArray = getattr(embedding.ranks_test, which)
    n, k = ranks.shape
    excess = np.maximum(ranks - k, 0).sum(axis=1, dtype=np.float64)
    values = np.full(len(embedding.Z_test), np.nan)
    values[embedding.ranked_rows] = 1 - 2 * excess / (k * (2 * n - 3 * k - 1))
    return values
