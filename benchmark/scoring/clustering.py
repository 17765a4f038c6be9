"""How well k-means on the codes finds the classes it was not shown."""

from __future__ import annotations

from functools import partial

from benchmark.scoring.embedding import Embedding, IntArray
from benchmark.scoring.metrics import metric
from benchmark.scoring.row_statistics import ARI, MATCHED_ACCURACY, NMI

_agreement_metric = partial(
    metric, high=1, higher_is_better=True, needs=("labels",), column="kmeans_clusters"
)


@_agreement_metric(
    statistic=NMI,
    title="NMI",
    label="k-means NMI",
    low=0,
    reference="Strehl & Ghosh (2002), Cluster ensembles, JMLR 3; arithmetic mean of the entropies",
)
def kmeans_nmi(embedding: Embedding) -> IntArray | None:
    """Normalised mutual information of k-means clusters and classes."""
    return _clusters(embedding)


@_agreement_metric(
    statistic=ARI,
    title="ARI",
    label="k-means ARI",
    low=-0.5,
    reference="Hubert & Arabie (1985), Comparing partitions, Journal of Classification 2",
)
def kmeans_ari(embedding: Embedding) -> IntArray | None:
    """Adjusted Rand index of k-means clusters and classes; chance is 0."""
    return _clusters(embedding)


@_agreement_metric(
    statistic=MATCHED_ACCURACY,
    title="cluster acc.",
    label="cluster accuracy",
    low=0,
    reference="Kuhn (1955), The Hungarian method for the assignment problem, Naval Research Logistics 2",
)
def kmeans_accuracy(embedding: Embedding) -> IntArray | None:
    """Share of points in the right class under the best one-to-one match of clusters and classes."""
    return _clusters(embedding)


def _clusters(embedding: Embedding) -> IntArray | None:
    return None if embedding.n_classes < 2 else embedding.clusters_test
