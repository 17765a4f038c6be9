"""How well simple classifiers, trained on the training codes, name the classes of the test codes."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.scoring.embedding import N_NEIGHBOURS, Embedding, IntArray
from benchmark.scoring.metrics import metric
from benchmark.scoring.row_statistics import ACCURACY
from reducers.rows import FloatArray

Votes = NDArray[np.float64]
_accuracy_metric = partial(
    metric, low=0, high=1, higher_is_better=True, needs=("labels", "heldout"), decimals=4, statistic=ACCURACY
)

N_TREES = 100
MAX_LINEAR_ITERATIONS = 1_000
# A tighter tolerance costs raw pixels twice the time and moves no accuracy by more than 0.2 points.
LINEAR_TOLERANCE = 3e-4
# Squared distances that differ by less than this share of the squares in them may be equal but for rounding.
_ROUNDING = 1e-14
# Test codes that are compared with all others at a time, in double precision.
_ROWS_AT_ONCE = 64


@_accuracy_metric(
    title="k-NN",
    label="k-NN accuracy",
    column="knn_predictions",
    reference="Cover & Hart (1967), Nearest neighbor pattern classification, IEEE TIT 13",
)
def knn_accuracy(embedding: Embedding) -> IntArray | None:
    """Accuracy of a classifier by the 5 nearest neighbours; those equally far share the places left."""
    if len(embedding.Z_train) < N_NEIGHBOURS or embedding.n_classes < 2:
        return None
    assert embedding.y_train is not None
    classes, labels = np.unique(embedding.y_train, return_inverse=True)
    votes = neighbour_votes(embedding.Z_train, labels, embedding.Z_test, N_NEIGHBOURS, embedding.n_jobs)
    # Of classes with as many votes the first is taken, as scikit-learn does.
    predictions: IntArray = classes[votes.argmax(axis=1)]
    return predictions


@_accuracy_metric(
    title="forest",
    label="forest accuracy",
    column="forest_predictions",
    reference="Breiman (2001), Random forests, Machine Learning 45",
)
def forest_accuracy(embedding: Embedding) -> IntArray | None:
    """Accuracy of a random forest of 100 trees."""
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(N_TREES, random_state=embedding.seed, n_jobs=embedding.n_jobs)
    return _predict(embedding, forest)


@_accuracy_metric(
    title="linear",
    label="linear accuracy",
    column="linear_predictions",
    reference="Alain & Bengio (2017), Understanding intermediate layers using linear classifier probes",
)
def linear_accuracy(embedding: Embedding) -> IntArray | None:
    """Accuracy of a multinomial logistic regression on standardised codes."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    regression = LogisticRegression(max_iter=MAX_LINEAR_ITERATIONS, tol=LINEAR_TOLERANCE)
    # The products are narrow and bound by memory: BLAS threads slow them down, on a busy machine tenfold.
    with threadpool_limits(1, user_api="blas"):
        return _predict(embedding, make_pipeline(StandardScaler(), regression))


def _predict(embedding: Embedding, classifier: Any) -> IntArray | None:
    from sklearn.exceptions import ConvergenceWarning

    if embedding.n_classes < 2:
        return None
    with warnings.catch_warnings():
        # Codes on which the optimiser gives up early score what they score.
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(embedding.Z_train, embedding.y_train)
    predictions: IntArray = classifier.predict(embedding.Z_test)
    return predictions


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
    squares = np.square(distances, dtype=np.float64)
    norms = np.einsum("ij,ij->i", Z_test, Z_test, dtype=np.float64)[:, None]
    farthest = squares[:, k - 1 : k]
    # Those whose k-th neighbour is no nearer, but for rounding, than the next, if there is a next one.
    tied = np.flatnonzero((squares[:, k:] - farthest <= _ROUNDING * (norms + farthest)).any(axis=1))
    if len(tied):
        # Codes that collapse are the same, and are looked at once.
        codes, place = np.unique(Z_test[tied], axis=0, return_inverse=True)
        votes[tied] = _shared_votes(Z, np.eye(votes.shape[1])[labels], codes, k)[place.ravel()]
    return votes


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
