"""PCA beside scikit-learn's solvers."""

from __future__ import annotations

from typing import Any

from sections import Row
from sections.races import Figures, quality, race_figures, relative, seconds, times_faster
from targets import NOT_SLOWER, SAME_ERROR

TITLE = "PCA"
PEER = "scikit-learn, "
HOW = "Ten components, beside scikit-learn's solvers, in turns, the best of three."


def measure(quick: bool) -> dict[str, Any]:
    """Return seconds and reconstruction errors by solver."""
    from peers import classical

    n = 2_000 if quick else 60_000
    contenders = {"ours": classical.our_pca(n)}
    contenders |= {f"{PEER}{solver}": classical.sklearn_pca(n, solver) for solver in classical.PCA_SOLVERS}
    return race_figures(contenders, n)


def rows(figures: dict[str, Any]) -> list[Row]:
    """Return a row a solver for the time, and one for the error."""
    results = figures["results"]
    ours, exact = results["ours"], results[f"{PEER}full"]
    found = [
        _faster(f"fit, {figures['n']:,} images", ours, name, results[name])
        for name in results
        if name != "ours"
    ]
    error, beside = f"{quality(ours):.6f}", f"{PEER}full: {quality(exact):.6f}"
    return [*found, Row("reconstruction error", error, beside, SAME_ERROR, relative(ours, exact))]


def _faster(what: str, ours: Figures, name: str, theirs: Figures) -> Row:
    ratio = times_faster(ours, theirs)
    measured = f"{seconds(ours)}, {ratio:.2f} times as fast"
    return Row(what, measured, f"{name}: {seconds(theirs)}", NOT_SLOWER, ratio)
