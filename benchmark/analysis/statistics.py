"""The few statistics the report needs: an interval over seeds, and the Pareto front."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.errors import InputError


def t_interval(values: ArrayLike, confidence: float = 0.95) -> tuple[float, float]:
    """Return Student's t-interval for the mean of the finite values.

    Parameters
    ----------
    values : array-like
        One value a seed.
    confidence : float in (0, 1), default 0.95
        Coverage of the interval.

    Returns
    -------
    low, high : float
        Both NaN for fewer than two values.

    Raises
    ------
    InputError
        `confidence` is outside (0, 1).
    """
    from scipy.stats import t

    if not 0 < confidence < 1:
        raise InputError(
            f"The confidence of an interval lies between 0 and 1, exclusive; got {confidence!r}."
        )
    array = np.asarray(values, dtype=np.float64).ravel()
    measured = array[np.isfinite(array)]
    if measured.size < 2:
        return float("nan"), float("nan")
    error = measured.std(ddof=1) / np.sqrt(measured.size)
    half = float(t.ppf((1 + confidence) / 2, df=measured.size - 1) * error)
    return float(measured.mean()) - half, float(measured.mean()) + half


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
