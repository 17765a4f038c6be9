"""The few statistics the report needs: intervals, ranks, and the Pareto front."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.errors import InputError

Array = NDArray[Any]
CONFIDENCE = 0.95


def t_interval(mean: ArrayLike, std: ArrayLike, count: ArrayLike) -> tuple[Array, Array]:
    """Return Student's 95 % intervals for means of normal values.

    Parameters
    ----------
    mean, std, count : array-like, shape (n,)
        Means, sample standard deviations, and numbers of values.

    Returns
    -------
    low, high : ndarray, shape (n,)
        NaN for fewer than two values.
    """
    from scipy.stats import t

    means, counts = np.asarray(mean, dtype=np.float64), np.asarray(count, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.asarray(std, dtype=np.float64) / np.sqrt(counts)
        half = t.ppf((1 + CONFIDENCE) / 2, df=np.where(counts > 1, counts - 1, np.nan)) * error
    return means - half, means + half


def bootstrap_interval(estimates: Array, resampled: Array) -> tuple[Array, Array]:
    """Return 95 % intervals of scores, each (n,), from their resampled values (n, n_resamples).

    Their widths and shapes are those of the resampled values, about the estimate: an index of clusters is
    larger, by chance agreement, in resamples than in data, and only its spread is of interest.
    """
    ends = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    low, high = np.quantile(resampled, ends, axis=1) - resampled.mean(axis=1) + estimates
    return low, high


def ranks(estimates: Array, resampled: Array, n_rows: float) -> tuple[Array, Array]:
    """Return the best and the worst rank that each of several scores can have, higher being better.

    Two scores are told apart where the interval of their difference leaves out 0, at 95 % for all pairs
    together (Holm 1979, A simple sequentially rejective multiple test procedure). A score has at best the
    rank behind all that are told to be higher, at worst that before all that are told to be lower.

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

    n = len(estimates)
    covariance = np.atleast_2d(np.cov(resampled))
    variance = np.diag(covariance)[:, None] + np.diag(covariance) - 2 * covariance
    difference = estimates[:, None] - estimates
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.nan_to_num(np.abs(difference) / np.sqrt(np.maximum(variance, 0)), posinf=np.inf)
    first, second = np.triu_indices(n, 1)
    higher = np.zeros((n, n), dtype=bool)
    higher[first, second] = _holm(2 * norm.sf(np.minimum(z[first, second], np.sqrt(n_rows))))
    higher = (higher | higher.T) & (difference > 0)
    return 1 + higher.sum(axis=0), n - higher.sum(axis=1)


def _holm(p: Array) -> Array:
    """Return which of several hypotheses are rejected, with no more than 5 % for a false one among them."""
    order = np.argsort(p)
    passed = p[order] <= (1 - CONFIDENCE) / np.arange(len(p), 0, -1)
    rejected = np.zeros(len(p), dtype=bool)
    rejected[order] = np.logical_and.accumulate(passed)
    return rejected


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
