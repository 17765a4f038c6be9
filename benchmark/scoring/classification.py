"""How well simple classifiers, trained on the training codes, name the classes of the test codes."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import numpy as np

from benchmark.scoring.embedding import N_NEIGHBOURS, Embedding, IntArray
from benchmark.scoring.metrics import metric
from benchmark.scoring.row_statistics import ACCURACY
from benchmark.scoring.voting import neighbour_votes

_accuracy_metric = partial(
    metric, low=0, high=1, higher_is_better=True, needs=("labels", "heldout"), decimals=4, statistic=ACCURACY
)

N_TREES = 100
MAX_LINEAR_ITERATIONS = 1_000
# A tighter tolerance costs raw pixels twice the time and moves no accuracy by more than 0.2 points.
LINEAR_TOLERANCE = 3e-4


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
