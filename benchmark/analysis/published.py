"""What others published of the same methods on the same data, to stand beside what a run measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

_DEC_KERAS = "DEC-keras, mean of 10 trials"
_GUO = "Guo et al. (2017), IDEC"
_HINTON = "Hinton and Salakhutdinov (2006), fig. 2B"
_MAHON = "Mahon and Lukasiewicz (2021), SPC"
_MCCONVILLE = "McConville et al. (2020), N2D"
_MCINNES = "McInnes et al. (2018), UMAP, table 2"
_XIE = "Xie et al. (2016), DEC, and its readers"


@dataclass(frozen=True)
class Published:
    """A published figure.

    Attributes
    ----------
    reducer, metric : str
        Names of this suite: what was measured, and by what.
    value : float
        In the units of the metric.
    source, conditions : str
        Who published it, and how it was measured where that differs from what this suite does.
    width : int or None
        Width of the code, where the figure is of that one alone.
    """

    reducer: str
    metric: str
    value: float
    source: str
    conditions: str = ""
    width: int | None = None


_ALL = "all 70,000 images fitted and scored"
_PLANE = "100 neighbours, among all 70,000 images"
_OF_MNIST = (
    Published("raw", "kmeans_nmi", 0.50, _DEC_KERAS, _ALL),
    Published("raw", "kmeans_accuracy", 0.53, _DEC_KERAS, _ALL),
    Published("raw", "kmeans_ari", 0.367, "UMAP documentation, Using UMAP for clustering", _ALL),
    Published("stacked", "kmeans_nmi", 0.74, _XIE, _ALL, 10),
    Published("stacked", "kmeans_nmi", 0.81, _DEC_KERAS, _ALL, 10),
    Published("stacked", "kmeans_accuracy", 0.88, _DEC_KERAS, _ALL, 10),
    Published("stacked", "kmeans_accuracy", 0.818, _GUO, _ALL, 10),
    Published("dec", "own_nmi", 0.87, _DEC_KERAS, _ALL, 10),
    Published("dec", "own_accuracy", 0.91, _DEC_KERAS, _ALL, 10),
    Published("dec", "own_accuracy", 0.866, _GUO, _ALL, 10),
    Published("idec", "own_accuracy", 0.881, _GUO, _ALL, 10),
    Published("n2d", "own_nmi", 0.942, _MCCONVILLE, _ALL, 10),
    Published("n2d", "own_accuracy", 0.979, _MCCONVILLE, _ALL, 10),
    Published("spc", "own_nmi", 0.975, _MAHON, f"{_ALL}, 15 autoencoders", 10),
    Published("spc", "own_accuracy", 0.992, _MAHON, f"{_ALL}, 15 autoencoders", 10),
    Published("pca", "knn_accuracy", 0.462, _MCINNES, _PLANE, 2),
    Published("umap", "knn_accuracy", 0.967, _MCINNES, _PLANE, 2),
    Published("tsne", "knn_accuracy", 0.967, _MCINNES, _PLANE, 2),
    Published("pca", "reconstruction_mse", 13.87 / 784, _HINTON, "13.87 an image of 784 pixels", 30),
    Published("dbn", "reconstruction_mse", 3.00 / 784, _HINTON, "3.00 an image, 784-1000-500-250-30", 30),
)
PUBLISHED: Mapping[str, tuple[Published, ...]] = {"mnist": _OF_MNIST}


def published_for(row: Mapping[Any, Any]) -> list[Published]:
    """Return what was published of the method, data and width of a row of a leaderboard, if it has them."""
    return [
        figure
        for figure in PUBLISHED.get(row["dataset"], ())
        if figure.reducer == row["reducer"]
        and figure.width in (None, row["n_components"])
        and pd.notna(row.get(figure.metric))
    ]


def best_published(dataset: str, metric: str) -> Published | None:
    """Return the best figure for data by a metric of clusters, whoever's clusters they are; None without."""
    by, _, index = metric.partition("_")
    if by not in ("kmeans", "own"):
        return None
    names = (f"kmeans_{index}", f"own_{index}")
    known = [replace(p, metric=metric) for p in PUBLISHED.get(dataset, ()) if p.metric in names]
    return max(known, key=lambda p: p.value, default=None)
