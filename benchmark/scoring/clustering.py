"""How well clusterings of the codes find the classes they were not shown, and how sure the clusters are."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from benchmark.scoring.clusterings import DEFAULT, Clustering, clusters_by
from benchmark.scoring.embedding import MOST_CLUSTERS, Embedding, fit_kmeans
from benchmark.scoring.metrics import Metric, metric
from benchmark.scoring.row_statistics import ARI, MATCHED_ACCURACY, NMI

_STABILITY_POINTS, _BOOTSTRAP_SAMPLES = 5_000, 5

# Name, least value, how it follows from the clusters, title, summary, reference.
_INDICES = (
    ("nmi", 0, NMI, "NMI", "Normalised mutual information",
     "Strehl & Ghosh (2002), Cluster ensembles, JMLR 3; arithmetic mean of the entropies"),
    ("ari", -0.5, ARI, "ARI", "Adjusted Rand index (chance is 0)",
     "Hubert & Arabie (1985), Comparing partitions, Journal of Classification 2"),
    ("accuracy", 0, MATCHED_ACCURACY, "cluster acc.", "Share of points in their class, matched one to one",
     "Kuhn (1955), The Hungarian method for the assignment problem, Naval Research Logistics 2"),
)  # fmt: skip
_of_clusters = partial(metric, high=1, higher_is_better=True, clustering=DEFAULT)


@_of_clusters(
    title="silhouette",
    low=-1,
    reference="Rousseeuw (1987), Silhouettes, Journal of Computational and Applied Mathematics 20",
)
def silhouette(embedding: Embedding) -> float | None:
    """Mean silhouette of the k-means clusters of at most 2,000 test codes."""
    return None if embedding.n_clusters is None else embedding.silhouette(embedding.clusters_test)


@_of_clusters(
    title="stability",
    low=-0.5,
    reference="Ben-Hur, Elisseeff & Guyon (2002), A stability based method for discovering structure, PSB",
)
def stability(embedding: Embedding) -> float | None:
    """Mean ARI of the test clusters by k-means fitted on 5 bootstrap samples of 5,000 training codes."""
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(embedding.seed)
    n = len(embedding.Z_train)
    if embedding.n_clusters is None or n < 2 * MOST_CLUSTERS:
        return None
    size = min(n, _STABILITY_POINTS)
    clusters = [
        fit_kmeans(embedding.Z_train[rng.integers(n, size=size)], embedding.n_clusters, embedding.seed, 3)(
            embedding.Z_test
        )
        for _ in range(_BOOTSTRAP_SAMPLES)
    ]
    return float(np.mean([adjusted_rand_score(a, b) for a, b in combinations(clusters, 2)]))


@metric(
    title="clusters",
    label="clusters favoured",
    low=2,
    high=MOST_CLUSTERS,
    higher_is_better=None,
    decimals=0,
    clustering=DEFAULT,
    reference="Rousseeuw (1987), Silhouettes, Journal of Computational and Applied Mathematics 20",
)
def favoured_clusters(embedding: Embedding) -> float | None:
    """Number of k-means clusters with the largest silhouette, where there are no labels."""
    return None if embedding.n_classes or embedding.n_clusters is None else float(embedding.n_clusters)


def agreement(clustering: Clustering) -> list[Metric]:
    """Return a metric for every index of agreement of a clustering with the classes."""
    default = clustering.name == DEFAULT
    return [
        Metric(
            name=f"{clustering.prefix}_{name}", function=partial(clusters_by, clustering), low=low, high=1,
            higher_is_better=True, needs=("labels",), reference=reference,
            summary=f"{summary}: {clustering.title}",
            title=title if default else f"{clustering.title} {title}",
            label=title.replace("acc.", "accuracy") if default else f"{clustering.title} {title}",
            clustering=clustering.name, statistic=statistic, column=f"{clustering.prefix}_clusters",
        )
        for name, low, statistic, title, summary, reference in _INDICES
    ]  # fmt: skip


def _own(embedding: Embedding) -> tuple[Any, Any]:
    return np.arange(len(embedding.Z_test)), embedding.own_clusters


_OWN = Clustering(
    "own", "own", "own", _own,
    "of the method itself", "the method's",
)  # fmt: skip
# Nobody asks for these: they judge what a reducer found itself, wherever it has clusters.
own_nmi, own_ari, own_accuracy = (
    replace(found, needs=("labels", "clusters"), clustering="", summary=f"{found.summary}, of the method")
    for found in agreement(_OWN)
)
