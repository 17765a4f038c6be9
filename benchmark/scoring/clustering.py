"""How well k-means on the codes finds the classes it was not shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmark.scoring.embedding import Embedding
from benchmark.scoring.metrics import metric

_agreement_metric = partial(metric, high=1, higher_is_better=True, needs=("labels",))


@_agreement_metric(
    title="NMI",
    label="k-means NMI",
    low=0,
    reference="Strehl & Ghosh (2002), Cluster ensembles, JMLR 3; arithmetic mean of the entropies",
)
def kmeans_nmi(embedding: Embedding) -> float | None:
    """Normalised mutual information of k-means clusters and classes."""
    from sklearn.metrics import normalized_mutual_info_score

    return _agreement(embedding, normalized_mutual_info_score)


@_agreement_metric(
    title="ARI",
    label="k-means ARI",
    low=-0.5,
    reference="Hubert & Arabie (1985), Comparing partitions, Journal of Classification 2",
)
def kmeans_ari(embedding: Embedding) -> float | None:
    """Adjusted Rand index of k-means clusters and classes; chance is 0."""
    from sklearn.metrics import adjusted_rand_score

    return _agreement(embedding, adjusted_rand_score)


@_agreement_metric(
    title="cluster acc.",
    label="cluster accuracy",
    low=0,
    reference="Kuhn (1955), The Hungarian method for the assignment problem, Naval Research Logistics 2",
)
def kmeans_accuracy(embedding: Embedding) -> float | None:
    """Share of points in the right class under the best one-to-one match of clusters and classes."""
    return _agreement(embedding, _matched_accuracy)


def _agreement(embedding: Embedding, index: Callable[..., float]) -> float | None:
    if embedding.n_classes < 2:
        return None
    return float(index(embedding.y_test, embedding.clusters_test))


def _matched_accuracy(labels: object, clusters: object) -> float:
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics.cluster import contingency_matrix

    counts = contingency_matrix(labels, clusters)
    matched = linear_sum_assignment(counts, maximize=True)
    return float(counts[matched].sum() / counts.sum())
