"""The clusterings that codes are judged by, each declared once."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import InputError
from benchmark.scoring.embedding import Embedding, IntArray

# Rows of the test set, and the cluster of each.
Assigned = tuple[NDArray[Any], IntArray]
# What a method whose cost grows with the square of the samples, or faster, is given of the test codes.
WARD_POINTS, AFFINITY_POINTS, HDBSCAN_POINTS = 5_000, 1_000, 10_000


@dataclass(frozen=True)
class Clustering:
    """A declared clustering of test codes.

    Attributes
    ----------
    name, title : str
        As ``--clustering`` takes it, and as tables head it.
    prefix : str
        Of its scores: ``<prefix>_nmi``, ``<prefix>_ari``, ``<prefix>_accuracy``.
    assign : callable
        Takes an `Embedding` and returns rows of the test set and the cluster of each, -1 for noise.
    summary, reference : str
        What it does in one line, and where it was published.
    """

    plugin_kind: ClassVar[str] = "clustering"

    name: str
    title: str
    prefix: str
    assign: Callable[[Embedding], Assigned]
    summary: str
    reference: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name) or self.name == "all":
            raise InputError(
                f"A clustering's name must be words of a-z and 0-9 joined by '-', and not 'all'; got "
                f"{self.name!r}."
            )
        if not self.prefix.isidentifier():
            raise InputError(
                f"The prefix of the clustering '{self.name}' must be a Python name; got {self.prefix!r}."
            )


def _every_row(embedding: Embedding, clusters: Any) -> Assigned:
    return np.arange(len(embedding.Z_test)), np.asarray(clusters, dtype=np.int64)


def _kmeans(embedding: Embedding) -> Assigned:
    return _every_row(embedding, embedding.clusters_test)


def _gaussian_mixture(embedding: Embedding) -> Assigned:
    from sklearn.mixture import GaussianMixture

    # Wide codes have more entries in a covariance than there are samples to estimate it from.
    kind = "full" if embedding.Z_train.shape[1] <= 64 else "diag"
    mixture = GaussianMixture(
        embedding.n_classes, covariance_type=kind, n_init=3, random_state=embedding.seed
    )
    train, test = embedding.centred
    return _every_row(embedding, mixture.fit(train).predict(test))


def _fit_test_codes(embedding: Embedding, estimator: Any, most: int) -> Assigned:
    """Return the clusters of at most `most` test codes, drawn by the seed: the method places no new ones."""
    rows = embedding.test_rows(most)
    return rows, np.asarray(estimator.fit_predict(embedding.centred[1][rows]), dtype=np.int64)


def _ward(embedding: Embedding) -> Assigned:
    from sklearn.cluster import AgglomerativeClustering

    return _fit_test_codes(embedding, AgglomerativeClustering(embedding.n_classes), WARD_POINTS)


def _affinity_propagation(embedding: Embedding) -> Assigned:
    from sklearn.cluster import AffinityPropagation

    propagation = AffinityPropagation(damping=0.9, max_iter=500, random_state=embedding.seed)
    return _fit_test_codes(embedding, propagation, AFFINITY_POINTS)


def _hdbscan(embedding: Embedding) -> Assigned:
    from sklearn.cluster import HDBSCAN

    size = max(5, min(len(embedding.Z_test), HDBSCAN_POINTS) // 100)
    density = HDBSCAN(min_cluster_size=size, n_jobs=embedding.n_jobs, copy=True)
    return _fit_test_codes(embedding, density, HDBSCAN_POINTS)


_ALL = (
    Clustering("kmeans", "k-means", "kmeans", _kmeans,
               "fitted on the training codes, as many clusters as classes, the best of 10 starts",
               "Arthur & Vassilvitskii (2007), k-means++, SODA"),
    Clustering("gaussian-mixture", "Gaussian mixture", "gmm", _gaussian_mixture,
               "fitted on the training codes, as many components as classes, the best of 3 starts",
               "Dempster, Laird & Rubin (1977), Maximum likelihood from incomplete data, JRSS B 39"),
    Clustering("ward", "Ward", "ward", _ward,
               f"of at most {WARD_POINTS:,} test codes, as many clusters as classes",
               "Ward (1963), Hierarchical grouping to optimize an objective function, JASA 58"),
    Clustering("affinity-propagation", "affinity propagation", "affinity", _affinity_propagation,
               f"of at most {AFFINITY_POINTS:,} test codes; it chooses the number of clusters",
               "Frey & Dueck (2007), Clustering by passing messages between data points, Science 315"),
    Clustering("hdbscan", "HDBSCAN", "hdbscan", _hdbscan,
               f"of at most {HDBSCAN_POINTS:,} test codes; it chooses the number; noise is a cluster",
               "Campello, Moulavi & Sander (2013), Density-based clustering, PAKDD"),
)  # fmt: skip
BUILT_IN_CLUSTERINGS = {clustering.name: clustering for clustering in _ALL}
DEFAULT = "kmeans"


def clusters_by(clustering: Clustering, embedding: Embedding) -> IntArray | None:
    """Return the cluster of every test row, (n_test,), computed once an embedding; -1 was not looked at.

    None where there are no classes to compare them with.
    """
    if embedding.n_classes < 2:
        return None
    known: dict[str, IntArray] = embedding.__dict__.setdefault("_clusters", {})
    if clustering.name not in known:
        with warnings.catch_warnings():
            # Codes with fewer distinct points than classes, or that do not converge: a poor score, no news.
            warnings.simplefilter("ignore")
            rows, clusters = clustering.assign(embedding)
        found = np.full(len(embedding.Z_test), -1, dtype=np.int64)
        # Noise is a cluster of its own.
        found[rows] = np.where(clusters < 0, clusters.max() + 1, clusters)
        known[clustering.name] = found
    return known[clustering.name]
