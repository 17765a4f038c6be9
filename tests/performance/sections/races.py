"""How the sections that race say what came out."""

from __future__ import annotations

from statistics import median
from typing import Any

from benchmark.reporting.style import format_seconds

Figures = dict[str, list[float]]


def best(result: Figures) -> float:
    """Return the seconds of the fastest round."""
    return min(result["seconds"])


def seconds(result: Figures) -> str:
    """Return the fastest round as a person says it."""
    return format_seconds(best(result))


def spread(result: Figures) -> str:
    """Return the fastest round and the median one as a person says them."""
    return f"{seconds(result)} (median {format_seconds(median(result['seconds']))})"


def quality(result: Figures) -> float:
    """Return the mean over the rounds."""
    return sum(result["quality"]) / len(result["quality"])


def times_faster(ours: Figures, other: Figures) -> float:
    """Return the other's seconds over ours."""
    return best(other) / best(ours)


def relative(ours: Figures, other: Figures) -> float:
    """Return how far apart two qualities are, relative to the other's."""
    return abs(quality(ours) / quality(other) - 1)


def race_figures(contenders: dict[str, Any], n: int, **facts: Any) -> dict[str, Any]:
    """Return what is kept of a race of `contenders` on `n` images."""
    from images import source
    from race import race

    results = {name: result.figures() for name, result in race(contenders).items()}
    return {"n": n, "images": source(), **facts, "results": results}
