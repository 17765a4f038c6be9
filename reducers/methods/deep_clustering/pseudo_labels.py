"""Clusters of an ensemble as labels: those of samples on which all of its members agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reducers.rows import FloatArray

Labels = NDArray[np.int64]
# The paper's 500 samples of 70,000 are the least that HDBSCAN calls a cluster.
_SMALLEST_SHARE, _FEWEST, _MIN_SAMPLES = 1 / 140, 5, 10
_MIXTURE_STARTS = 10


def find_clusters(Z: FloatArray, n_clusters: int, seed: int) -> Labels:
    """Return a cluster for each of the codes (n, d), -1 for noise.

    HDBSCAN decides by density; where that gives another number than `n_clusters`, it is a Gaussian mixture.
    """
    from sklearn.cluster import HDBSCAN
    from sklearn.mixture import GaussianMixture

    size = max(_FEWEST, int(_SMALLEST_SHARE * len(Z)))
    density = HDBSCAN(min_cluster_size=size, min_samples=min(_MIN_SAMPLES, size), copy=True)
    found: Labels = density.fit_predict(Z)
    if found.max() + 1 != n_clusters:
        mixture = GaussianMixture(n_clusters, n_init=_MIXTURE_STARTS, random_state=seed)
        found = mixture.fit_predict(Z.astype(np.float64))
    return found


def agreed_labels(votes: Sequence[Labels], before: Labels, n_clusters: int) -> Labels:
    """Return the cluster of each sample, (n,), on which all `votes` agree; -1 where they do not.

    Clusters have the numbers of those of `before` that they share most samples with.
    """
    first = renumbered(votes[0], before, n_clusters)
    agreed = first.copy()
    for vote in votes[1:]:
        agreed[renumbered(vote, first, n_clusters) != first] = -1
    return agreed


def renumbered(labels: Labels, like: Labels, n_clusters: int) -> Labels:
    """Return `labels` with their clusters numbered as in `like`, matched one to one (Kuhn 1955)."""
    from scipy.optimize import linear_sum_assignment

    both = (labels >= 0) & (like >= 0)
    shared = np.zeros((n_clusters, n_clusters))
    np.add.at(shared, (labels[both], like[both]), 1)
    number = linear_sum_assignment(shared, maximize=True)[1]
    return np.where(labels < 0, -1, number[labels])
