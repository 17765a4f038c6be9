"""Numbers as a report writes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import floor, log10
from typing import Any

NOT_MEASURED = "–"


def missing(value: Any) -> bool:
    """Whether a cell holds nothing."""
    import pandas as pd

    return value is None or bool(pd.isna(value))


def significant(value: Any, digits: int, like: Any = None, most: int = 9) -> str:
    """Return a number with `digits` significant digits and no exponent, thousands apart.

    It has at most `most` decimals. With `like`, it has the decimals that `like` would have: a
    spread reads beside its mean.
    """
    if missing(value):
        return NOT_MEASURED
    reference = abs(float(value if missing(like) else like))
    magnitude = floor(log10(reference)) if reference > 0 else 0
    return f"{float(value):,.{min(max(digits - 1 - magnitude, 0), most)}f}"


def seconds(value: Any, like: Any = None, digits: int = 3) -> str:
    """Return seconds with three significant digits, none beyond 10 microseconds."""
    if missing(like) and not missing(value) and float(value) < 5e-6:
        return "< 0.00001"
    return significant(value, digits, like, most=5)


spread = partial(seconds, digits=2)


def error(value: Any, like: Any = None) -> str:
    """Return a reconstruction error, which may be small, with three significant digits."""
    if not missing(value) and 0 < abs(float(value)) < 1e-6:
        return f"{float(value):.2e}"
    return significant(value, 3, like)


def score(value: Any, like: Any = None) -> str:
    """Return a score with three decimals; where it exceeds 1 in size, with four significant digits."""
    if missing(value):
        return NOT_MEASURED
    large = abs(float(value if missing(like) else like)) > 1
    return significant(value, 4, like) if large else f"{float(value):.3f}"


def interval(low: Any, high: Any, like: Any, form: Callable[..., str]) -> str:
    """Return the ends of an interval with the decimals of what it is about; nothing for an unknown one."""
    return "" if missing(low) or missing(high) else f"{form(low, like=like)} to {form(high, like=like)}"


def rank(best: Any, worst: Any) -> str:
    """Return a rank, or the best and the worst that it can be."""
    if missing(best):
        return NOT_MEASURED
    return f"{int(best)}" if best == worst else f"{int(best)}-{int(worst)}"


def count(value: Any) -> str:
    """Return a whole number with thousands apart."""
    return NOT_MEASURED if missing(value) else f"{int(value):,}"


def memory(value: Any) -> str:
    """Return MiB, whole from 10 on."""
    if missing(value):
        return NOT_MEASURED
    return f"{float(value):,.0f}" if value >= 10 else f"{float(value):.1f}"
