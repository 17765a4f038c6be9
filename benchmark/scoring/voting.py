"""The votes of the nearest neighbours, which those equally far away share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
Votes = NDArray[np.float64]

# Squared distances that differ by less than this share of the squares in them may be equal but for rounding.
_ROUNDING = 1e-14
# Test codes that are compared with all others at a time, in double precision.
_ROWS_AT_ONCE = 64


def neighbour_votes(
    Z: FloatArray, labels: NDArray[np.intp], Z_test: FloatArray, k: int, n_jobs: int = -1
) -> Votes:
    """Return the votes of the k nearest of codes `Z` (n, d) for each class, of shape (n_test, n_classes).

    Where several are as far away as the k-th, they share the places that are left: the order in which they
    stand, by class perhaps, decides nothing.

    Parameters
    ----------
    labels : int array of shape (n,)
        Classes of `Z`, from 0.
    """
    from sklearn.neighbors import NearestNeighbors

    # As fast as a k-d tree from 2 to 10 dimensions, and duplicates cannot make it degenerate.
    search = NearestNeighbors(n_neighbors=min(k + 1, len(Z)), algorithm="brute", n_jobs=n_jobs).fit(Z)
    distances, nearest = search.kneighbors(Z_test)
    votes: Votes = np.zeros((len(Z_test), labels.max() + 1))
    for column in nearest[:, :k].T:
        votes[np.arange(len(votes)), labels[column]] += 1
    tied = _undecided(np.square(distances, dtype=np.float64), Z_test, k)
    if len(tied):
        # Codes that collapse are the same, and are looked at once.
        codes, place = np.unique(Z_test[tied], axis=0, return_inverse=True)
        votes[tied] = _shared_votes(Z, np.eye(votes.shape[1])[labels], codes, k)[place.ravel()]
    return votes


def _undecided(squares: Votes, Z_test: FloatArray, k: int) -> NDArray[np.intp]:
    """Return the rows whose k-th neighbour is no nearer, but for rounding, than the next."""
    norms = np.einsum("ij,ij->i", Z_test, Z_test, dtype=np.float64)[:, None]
    farthest = squares[:, k - 1 : k]
    # Without a next one, nothing is undecided.
    return np.flatnonzero((squares[:, k:] - farthest <= _ROUNDING * (norms + farthest)).any(axis=1))


def _shared_votes(Z: FloatArray, one_hot: Votes, codes: FloatArray, k: int) -> Votes:
    from scipy.spatial.distance import cdist

    votes = np.empty((len(codes), one_hot.shape[1]))
    for start in range(0, len(codes), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        # By differences in double precision: what is the same distance away is equally far.
        distances: NDArray[Any] = cdist(codes[rows], Z, "sqeuclidean")
        limit = np.partition(distances, k - 1, axis=1)[:, k - 1, None]
        nearer, tied = distances < limit, distances == limit
        left, sharing = k - nearer.sum(axis=1, keepdims=True), tied.sum(axis=1, keepdims=True)
        # Whole numbers until the end: classes with as many votes have the same.
        votes[rows] = (nearer @ one_hot * sharing + tied @ one_hot * left) / sharing
    return votes
