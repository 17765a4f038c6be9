"""How well the codes keep the neighbourhoods of the inputs (Venna & Kaski)."""

from __future__ import annotations

import numpy as np

from benchmark.scoring.embedding import Embedding
from benchmark.scoring.metrics import metric
from benchmark.scoring.neighbours import FloatArray


@metric(
    low=0,
    high=1,
    higher_is_better=True,
    needs=("inputs",),
    reference="Venna & Kaski (2001), Neighborhood preservation in nonlinear projection methods, ICANN",
)
def trustworthiness(embedding: Embedding) -> float | None:
    """Whether the 5 nearest neighbours in the codes are near in the inputs; 5,000 test points."""
    ranks = embedding.ranks_test
    return None if ranks is None else _preservation(ranks.inputs_of_codes)


@metric(
    low=0,
    high=1,
    higher_is_better=True,
    needs=("inputs",),
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
