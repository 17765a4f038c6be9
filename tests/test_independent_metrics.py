"""Metrics against implementations that share nothing with ours: ZADU, scikit-learn, and plain definitions."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn import metrics as of_sklearn
from sklearn.neighbors import KNeighborsClassifier

from benchmark.scoring import METRICS, Embedding
from benchmark.scoring.row_statistics import ARI, MATCHED_ACCURACY, NMI

Codes = NDArray[np.float32]


def pair(kind: str, n: int = 200) -> tuple[Codes, Codes]:
    """Inputs and codes that are remarkable in some way."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 6))
    Z = X[:, :2] + 0.5 * rng.normal(size=(n, 2))
    if kind == "duplicated":
        # Two of each: the other one is the nearest, and all further ones come in pairs.
        X, Z = np.repeat(X[::2], 2, axis=0), np.repeat(Z[::2], 2, axis=0)
    if kind == "constant feature":
        X[:, 0], Z = 3.0, np.column_stack([Z, np.full(n, 7.0)])
    if kind == "far from zero":
        X, Z = X + 1000, Z - 500
    return X.astype(np.float32), Z.astype(np.float32)


def order_of(space: Codes) -> NDArray[np.intp]:
    """Every point's others from the nearest to the farthest, the point itself left out."""
    distances = cdist(space.astype(np.float64), space.astype(np.float64))
    np.fill_diagonal(distances, -1)
    return np.argsort(distances, axis=1, kind="stable")[:, 1:]


def intruders(X: Codes, Z: Codes, k: int = 5) -> float:
    """Trustworthiness as Venna and Kaski (2001) define it, point by point and in their words."""
    of_inputs, of_codes, n, sum_ = order_of(X), order_of(Z), len(X), 0
    for point in range(n):
        ranks = {int(other): rank for rank, other in enumerate(of_inputs[point], start=1)}
        sum_ += sum(ranks[int(other)] - k for other in of_codes[point][:k] if ranks[int(other)] > k)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * sum_


@pytest.mark.parametrize("kind", ["plain", "constant feature", "far from zero"])
def test_trustworthiness_and_continuity_are_what_they_are_defined_to_be(kind: str) -> None:
    X, Z = pair(kind)
    found = Embedding(Z, Z, X_test=X)
    assert METRICS["trustworthiness"](found) == pytest.approx(intruders(X, Z), abs=1e-4)
    assert METRICS["continuity"](found) == pytest.approx(intruders(Z, X), abs=1e-4)


def test_duplicates_are_ranked_by_the_mean_over_the_orders_that_they_could_have() -> None:
    X, Z = pair("duplicated")
    rng = np.random.default_rng(1)
    # Which of two that are equally far comes first is chance, in the definition as in ours.
    orders = [rng.permutation(len(X)) for _ in range(40)]
    expected = np.mean([intruders(X[order], Z[order]) for order in orders])
    found = [METRICS["trustworthiness"](Embedding(Z[order], Z[order], X_test=X[order])) for order in orders]
    assert np.mean(found) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("kind", ["plain", "constant feature", "far from zero"])
def test_trustworthiness_and_continuity_equal_those_of_zadu(kind: str) -> None:
    why = "ZADU, of the extra 'truth', is not installed"
    zadu = pytest.importorskip("zadu.measures.trustworthiness_continuity", reason=why)
    X, Z = pair(kind)
    expected = zadu.measure(X.astype(np.float64), Z.astype(np.float64), k=5)
    found = Embedding(Z, Z, X_test=X)
    for name in ("trustworthiness", "continuity"):
        assert METRICS[name](found) == pytest.approx(expected[name], abs=1e-4)


labels = st.lists(st.integers(0, 4), min_size=2, max_size=40)


@settings(max_examples=60, deadline=None)
@given(first=labels, seed=st.integers(0, 2**32 - 1), kinds=st.integers(1, 5))
def test_agreement_of_labels_equals_scikit_learn(first: list[int], seed: int, kinds: int) -> None:
    y = np.array(first)
    clusters = np.random.default_rng(seed).integers(0, kinds, len(y))
    assert NMI(clusters, y) == pytest.approx(of_sklearn.normalized_mutual_info_score(y, clusters), abs=1e-9)
    assert ARI(clusters, y) == pytest.approx(of_sklearn.adjusted_rand_score(y, clusters), abs=1e-9)
    matched = max(np.mean(np.array(order)[clusters] == y) for order in permutations(range(5)))
    assert MATCHED_ACCURACY(clusters, y) == pytest.approx(matched, abs=1e-12)


@pytest.mark.parametrize("labels", [[0] * 6, [0, 1, 2, 3, 4, 5], [0, 0, 0, 1, 1, 1]])
@pytest.mark.parametrize("clusters", [[0] * 6, [5, 4, 3, 2, 1, 0], [1, 1, 1, 0, 0, 0]])
def test_agreement_of_constants_and_of_singles_equals_scikit_learn(
    labels: list[int], clusters: list[int]
) -> None:
    pair = np.array(clusters), np.array(labels)
    assert NMI(*pair) == pytest.approx(of_sklearn.normalized_mutual_info_score(labels, clusters), abs=1e-12)
    assert ARI(*pair) == pytest.approx(of_sklearn.adjusted_rand_score(labels, clusters), abs=1e-12)


def test_neighbours_name_classes_as_scikit_learn_has_them() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(3, 7, 500)
    Z = (rng.normal(size=(500, 3)) + y[:, None]).astype(np.float32)
    expected = KNeighborsClassifier(5, algorithm="kd_tree").fit(Z[:300], y[:300]).predict(Z[300:])
    made = Embedding(Z[:300], Z[300:], y[:300], y[300:])
    np.testing.assert_array_equal(METRICS["knn_accuracy"].function(made), expected)
