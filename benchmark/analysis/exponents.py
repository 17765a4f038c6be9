"""The power law that a cost follows: its exponent with an error, and what it says of the next size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# A line through two points fits them whatever they are: it has no error to tell.
FEWEST = 3

Floats = NDArray[np.float64]


class Exponent(NamedTuple):
    """The slope of log cost on log size, its standard error, and the sizes it was fitted to.

    Both figures are NaN, and `sizes` is empty, where fewer than `FEWEST` points were measured.
    """

    value: float
    error: float
    sizes: tuple[float, ...]


def exponent(sizes: Sequence[float] | Floats, costs: Sequence[float] | Floats) -> Exponent:
    """Return the exponent c of ``cost = b * size**c`` by least squares of logarithms.

    Only the upper half of the points enters, at least `FEWEST`: at small sizes a fixed cost hides
    the growth.

    Parameters
    ----------
    sizes, costs : sequence of float, of the same length
        A point whose cost is not a positive number is left out.
    """
    kept = _measured(sizes, costs)
    upper = kept[-max(FEWEST, math.ceil(len(kept) / 2)) :]
    if len(upper) < FEWEST:
        return Exponent(math.nan, math.nan, ())
    x, y = np.log(np.array(upper)).T
    (slope, _), covariance = np.polyfit(x, y, 1, cov=True)
    return Exponent(float(slope), math.sqrt(covariance[0, 0]), tuple(size for size, _ in upper))


def predict(sizes: Sequence[float] | Floats, costs: Sequence[float] | Floats, size: float) -> float | None:
    """Return what `size` will cost by a power law through the last three points; None without points.

    Through one point, the cost is taken to be proportional to the size; it is never taken to fall.
    """
    kept = _measured(sizes, costs)[-FEWEST:]
    if not kept:
        return None
    x, y = np.log(np.array(kept)).T
    slope = np.polyfit(x, y, 1)[0] if len(kept) > 1 else 1.0
    last_size, last_cost = kept[-1]
    return float(last_cost * (size / last_size) ** max(slope, 0.0))


def _measured(sizes: Sequence[float] | Floats, costs: Sequence[float] | Floats) -> list[tuple[float, float]]:
    pairs = ((float(size), float(cost)) for size, cost in zip(sizes, costs, strict=True))
    return sorted((size, cost) for size, cost in pairs if math.isfinite(cost) and cost > 0)
