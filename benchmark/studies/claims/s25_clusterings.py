"""S25: the classical clusterings on pixels, on linear reductions, and on deep codes."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmark.studies.declaration import Case, Evidence, Expectation, Study
from benchmark.studies.study_figures import score_figure

_JUDGES = ("kmeans", "affinity-propagation", "ward")
_SCORES = {"k-means": "kmeans_nmi", "affinity propagation": "affinity_nmi", "Ward": "ward_nmi"}
_CASES = {
    "pixels": Case("raw", clusterings=_JUDGES),
    "PCA": Case("pca", clusterings=_JUDGES),
    "codes": Case("stacked", {"hidden": [500, 500, 2000], "epochs": 40}, clusterings=_JUDGES),
}


def _gain(score: str, evidence: Evidence) -> Any:
    return evidence.scores("codes", score) - evidence.scores("pixels", score)


STUDY = Study(
    id="S25",
    name="clusterings",
    claim=(
        "Linear reductions do poorly on images; on deep codes k-means, affinity propagation and hierarchical "
        "clustering work"
    ),
    source=(
        "Xie, Girshick and Farhadi (2016), Unsupervised deep embedding for clustering analysis, and its "
        "readers"
    ),
    cases=_CASES,
    expectations=(
        *(
            Expectation(f"gain in NMI of codes over pixels, {name}", partial(_gain, score), above=0.0)
            for name, score in _SCORES.items()
        ),
        Expectation(
            "NMI of k-means on PCA less that on pixels",
            lambda e: e.scores("PCA", "kmeans_nmi") - e.scores("pixels", "kmeans_nmi"), below=0.05,
        ),
    ),
    about=(
        "Clusterings look for groups in distances. Affinity propagation and Ward's method are given a part "
        "of the test set, as their cost grows with its square."
    ),
    figure=partial(score_figure, cases=list(_CASES), metric="ward_nmi", label="NMI of Ward's clustering"),
)  # fmt: skip
