"""The few statistics the report needs: ranks that can be told, tests of pairs, and the Pareto front."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.errors import InputError

Array = NDArray[Any]
CONFIDENCE = 0.95


def ranks(estimates: Array, resampled: Array, n_rows: float) -> tuple[Array, Array]:
    """Return the best and the worst rank that each of several scores can have, higher being better.

    Two scores are told apart where the interval of their difference leaves out 0, at 95 % for all pairs
    together (Holm 1979, A simple sequentially rejective multiple test procedure): the best is chosen by the
    same data, so it was compared with all. A score has at best the rank behind all that are told to be
    higher, at worst that before all that are told to be lower.

    Parameters
    ----------
    estimates : ndarray, shape (n,)
    resampled : ndarray, shape (n, n_resamples)
        The scores in resamples that are the same for all, so that differences are paired.
    n_rows : float
        Number of test rows. They tell no more apart than as many equal signs would.

    Returns
    -------
    best, worst : ndarray of int, shape (n,)
    """
    from scipy.stats import norm

    covariance = np.atleast_2d(np.cov(resampled))
    variance = np.diag(covariance)[:, None] + np.diag(covariance) - 2 * covariance
    difference = estimates[:, None] - estimates
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.nan_to_num(np.abs(difference) / np.sqrt(np.maximum(variance, 0)), posinf=np.inf)
    pairs = np.triu_indices(len(estimates), 1)
    p = 2 * norm.sf(np.minimum(z, np.sqrt(n_rows))[pairs])
    order = np.argsort(p)
    told = np.zeros(len(p), dtype=bool)
    told[order] = np.logical_and.accumulate(p[order] <= (1 - CONFIDENCE) / np.arange(len(p), 0, -1))
    apart = np.zeros_like(z, dtype=bool)
    apart[pairs] = told
    higher = (apart | apart.T) & (difference > 0)
    return 1 + higher.sum(axis=0), len(estimates) - higher.sum(axis=1)


def signed_rank_p(differences: Array) -> float:
    """Return the two-sided p of Wilcoxon's signed-rank test, exact with ties and zeros too.

    Zeros have ranks and no sign. SciPy takes a second for a dozen differences with ties, and approximates
    those of more.
    """
    from scipy.stats import rankdata

    # Ranks of ties are halves.
    ranks = (2 * rankdata(np.abs(differences))).astype(int)[differences != 0]
    chance = np.ones(1)
    for rank in ranks:
        chance = (np.pad(chance, (0, rank)) + np.pad(chance, (rank, 0))) / 2
    positive = int(ranks[differences[differences != 0] > 0].sum())
    return min(1.0, 2 * float(chance[: min(positive, ranks.sum() - positive) + 1].sum()))


def holm(p: Array) -> Array:
    """Return p values corrected for being several (Holm 1979), in their order."""
    order = np.argsort(p)
    corrected = np.empty(len(p))
    corrected[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)).clip(max=1)
    return corrected


def pareto_front(cost: ArrayLike, value: ArrayLike) -> NDArray[np.bool_]:
    """Return which points no other point beats: none is at least as cheap and as good, and better in one.

    Parameters
    ----------
    cost, value : array-like, shape (n,)
        Lower cost and higher value are better; a point with a NaN is never on the front.

    Returns
    -------
    mask : ndarray of bool, shape (n,)
        Equal points are all on the front, or none is.

    Raises
    ------
    InputError
        The two are not of the same length.
    """
    costs, values = np.asarray(cost, dtype=np.float64), np.asarray(value, dtype=np.float64)
    if costs.ndim != 1 or costs.shape != values.shape:
        raise InputError(
            f"A Pareto front needs a cost and a value a point; got shapes {costs.shape} and {values.shape}."
        )
    front = ~(np.isnan(costs) | np.isnan(values))
    best = -np.inf
    candidates = np.flatnonzero(front)
    for cheapest in np.unique(costs[candidates]):
        tied = candidates[costs[candidates] == cheapest]
        top = values[tied].max()
        front[tied] = (values[tied] == top) & (top > best)
        best = max(best, top)
    return front
