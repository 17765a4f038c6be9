"""Every metric: against scikit-learn's figure, within its range, in its direction, on degenerate data."""

from __future__ import annotations

import gzip
import math
import os
import tracemalloc
import warnings
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn import manifold
from sklearn import metrics as sklearn_metrics
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from benchmark.errors import InputError
from benchmark.scoring import (
    CLUSTERINGS,
    DEFAULT,
    METRICS,
    Embedding,
    Metric,
    clusterings,
    metric,
    metrics_of,
    score,
)
from benchmark.scoring.embedding import MAX_RANKED_POINTS
from benchmark.scoring.neighbours import neighbour_ranks

NAMES = (
    "kmeans_nmi",
    "kmeans_ari",
    "kmeans_accuracy",
    "knn_accuracy",
    "forest_accuracy",
    "linear_accuracy",
    "reconstruction_mse",
    "trustworthiness",
    "continuity",
    "triplet_accuracy",
    "distance_correlation",
    "silhouette",
    "stability",
)
ABSENT = ("favoured_clusters", "own_nmi", "own_ari", "own_accuracy")
UNLABELLED = ("silhouette", "stability", "favoured_clusters")
LABELLED = NAMES[:6]


def blobs(noise: float = 1.0, *, n: int = 400, n_features: int = 6, seed: int = 0) -> Embedding:
    """Codes that are the inputs plus noise: four classes, half the points to train on."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 4
    X = rng.normal(0, 3, (4, n_features))[y] + rng.normal(0, 1, (n, n_features))
    Z = X + noise * rng.normal(0, 1, X.shape)
    half = n // 2
    return Embedding(Z[:half], Z[half:], y[:half], y[half:], X[half:], Z[half:], n_jobs=1)


@pytest.fixture(scope="module")
def embedding() -> Embedding:
    return blobs(noise=1.5)


@pytest.fixture(scope="module")
def scores(embedding: Embedding) -> dict[str, float]:
    return score(embedding)


def test_metrics_are_declared_in_the_order_of_the_table() -> None:
    assert tuple(metrics_of([DEFAULT])) == (*NAMES, *ABSENT)
    assert tuple(METRICS)[: len(NAMES) + 4] == (*NAMES, *ABSENT)
    for name, declared in METRICS.items():
        assert declared.name == name
        assert declared.low < declared.high
        assert declared.reference
        assert 0 < len(declared.summary) <= 110


def test_metrics_cannot_be_changed_by_others() -> None:
    with pytest.raises(TypeError):
        METRICS["mine"] = METRICS["kmeans_nmi"]  # type: ignore[index]


def test_kmeans_scores_equal_scikit_learn(embedding: Embedding, scores: dict[str, float]) -> None:
    clusters = KMeans(4, n_init=10, random_state=0).fit(embedding.Z_train).predict(embedding.Z_test)
    nmi = sklearn_metrics.normalized_mutual_info_score(embedding.y_test, clusters)
    ari = sklearn_metrics.adjusted_rand_score(embedding.y_test, clusters)
    assert scores["kmeans_nmi"] == pytest.approx(nmi, abs=1e-12)
    assert scores["kmeans_ari"] == pytest.approx(ari, abs=1e-12)
    assert 0.3 < nmi < 0.99  # the case tells right from wrong


def test_kmeans_accuracy_is_the_best_over_all_matchings(
    embedding: Embedding, scores: dict[str, float]
) -> None:
    from itertools import permutations

    shares = [
        np.mean(np.array(order)[embedding.clusters_test] == embedding.y_test)
        for order in permutations(range(4))
    ]
    assert scores["kmeans_accuracy"] == pytest.approx(max(shares), abs=1e-12)


def test_kmeans_is_fitted_once_for_its_three_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    fits: list[KMeans] = []
    fit = KMeans.fit

    def counted(self: KMeans, X: np.ndarray) -> KMeans:
        fits.append(self)
        return fit(self, X)

    monkeypatch.setattr(KMeans, "fit", counted)
    score(blobs(), {name: METRICS[name] for name in NAMES[:3]})
    assert len(fits) == 1
    assert (fits[0].n_clusters, fits[0].n_init, fits[0].random_state) == (4, 10, 0)


@pytest.mark.parametrize("factor", [1e25, 1e-30])
def test_kmeans_does_not_depend_on_the_scale_of_the_codes(embedding: Embedding, factor: float) -> None:
    scaled = replace(embedding, Z_train=embedding.Z_train * factor, Z_test=embedding.Z_test * factor)
    assert METRICS["kmeans_nmi"](scaled) == pytest.approx(METRICS["kmeans_nmi"](embedding), abs=1e-12)


def test_classifiers_equal_scikit_learn(embedding: Embedding, scores: dict[str, float]) -> None:
    scaler = StandardScaler().fit(embedding.Z_train)
    train, test = scaler.transform(embedding.Z_train), scaler.transform(embedding.Z_test)
    y_train, y_test = embedding.y_train, embedding.y_test
    knn = KNeighborsClassifier(5).fit(embedding.Z_train, y_train).score(embedding.Z_test, y_test)
    forest = RandomForestClassifier(100, random_state=0).fit(embedding.Z_train, y_train)
    linear = LogisticRegression(max_iter=5_000, tol=1e-6).fit(train, y_train)
    assert scores["knn_accuracy"] == knn
    assert scores["forest_accuracy"] == forest.score(embedding.Z_test, y_test)
    assert scores["linear_accuracy"] == pytest.approx(linear.score(test, y_test), abs=0.01)
    assert 0.3 < knn < 0.99


def test_linear_accuracy_standardises_the_codes() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    Z = np.column_stack([y + rng.normal(0, 0.1, 200), rng.normal(0, 1, 200)]) * [1e-4, 1e4]
    found = METRICS["linear_accuracy"](Embedding(Z[:100], Z[100:], y[:100], y[100:]))
    assert found is not None
    assert found > 0.98


def test_reconstruction_mse_equals_scikit_learn_over_several_chunks() -> None:
    rng = np.random.default_rng(0)
    X, R = rng.random((2_500, 3), np.float32), rng.random((2_500, 3), np.float32)
    found = METRICS["reconstruction_mse"](Embedding(X, X, X_test=X, reconstruction_test=R))
    assert found == pytest.approx(sklearn_metrics.mean_squared_error(X, R), rel=1e-6)


@pytest.mark.parametrize("n", [11, 60, 600])
def test_trustworthiness_and_continuity_equal_scikit_learn(n: int) -> None:
    rng = np.random.default_rng(n)
    X = 10 + rng.normal(0, 1, (n, 20)).astype(np.float32)
    Z = X[:, :2] + rng.normal(0, 0.5, (n, 2)).astype(np.float32)
    found = score(Embedding(Z, Z, X_test=X))
    assert found["trustworthiness"] == pytest.approx(manifold.trustworthiness(X, Z, n_neighbors=5), abs=1e-6)
    assert found["continuity"] == pytest.approx(manifold.trustworthiness(Z, X, n_neighbors=5), abs=1e-6)
    assert abs(found["continuity"] - found["trustworthiness"]) > 1e-4


@pytest.mark.slow
def test_structure_uses_one_sub_sample_drawn_by_the_seed() -> None:
    rng = np.random.default_rng(0)
    X = rng.random((MAX_RANKED_POINTS + 500, 4), np.float32)
    first, same, other = (Embedding(X[:, :2], X[:, :2], X_test=X, seed=seed) for seed in (1, 1, 2))
    assert first.ranks_test is not None
    assert first.ranks_test.codes_of_inputs.shape == (MAX_RANKED_POINTS, 5)
    assert METRICS["trustworthiness"](first) == METRICS["trustworthiness"](same)
    assert METRICS["trustworthiness"](first) != METRICS["trustworthiness"](other)


def test_neighbour_ranks_never_hold_all_distances() -> None:
    X = np.random.default_rng(0).random((3_000, 8), np.float32)
    tracemalloc.start()
    neighbour_ranks(X, X[:, :2], 5, n_jobs=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000 * 3_000 * 4 / 2


def test_collapsed_codes_keep_structure_no_better_than_chance() -> None:
    X = np.random.default_rng(0).random((500, 4), np.float32)
    found = score(Embedding(np.ones((500, 2)), np.ones((500, 2)), X_test=X))
    assert found["trustworthiness"] == pytest.approx(0.5, abs=0.05)
    assert found["continuity"] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_a_better_embedding_scores_better(name: str) -> None:
    good, bad = METRICS[name](blobs(noise=0.1)), METRICS[name](blobs(noise=6.0))
    assert good is not None
    assert bad is not None
    gain = good - bad if METRICS[name].higher_is_better else bad - good
    assert gain > 0.1


@settings(max_examples=12, deadline=None)
@given(
    n=st.integers(11, 40),
    width=st.integers(1, 4),
    n_classes=st.integers(2, 5),
    decimals=st.sampled_from([0, 6]),
    seed=st.integers(0, 2**32 - 1),
)
def test_scores_lie_in_their_declared_ranges(
    n: int, width: int, n_classes: int, decimals: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    Z_train, Z_test = rng.normal(size=(2, n, width)).round(decimals)
    y_train, y_test = rng.integers(0, n_classes, (2, n))
    X, R = rng.normal(size=(2, n, 3))
    found = score(Embedding(Z_train, Z_test, y_train, y_test, X, R, n_jobs=1))
    assert set(NAMES[6:11]) <= set(found)
    for name, value in found.items():
        assert METRICS[name].low - 1e-9 <= value <= METRICS[name].high + 1e-9, name


def test_metrics_that_do_not_apply_are_absent(embedding: Embedding) -> None:
    bare = Embedding(embedding.Z_train, embedding.Z_test)
    no_inverse = replace(embedding, reconstruction_test=None)
    no_labels = replace(embedding, y_train=None, y_test=None)
    assert tuple(score(bare)) == UNLABELLED
    assert set(NAMES) - set(score(no_inverse)) == {"reconstruction_mse"}
    assert tuple(score(no_labels)) == (*NAMES[6:], "favoured_clusters")


def test_one_class_has_nothing_to_find() -> None:
    Z, y = np.random.default_rng(0).random((30, 2)), np.zeros(30, int)
    assert score(Embedding(Z, Z, y, y, X_test=Z)).keys() == set(NAMES[7:11])


def test_few_points_leave_neighbour_metrics_out() -> None:
    Z = np.random.default_rng(0).random((10, 2))
    y = np.array([0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
    found = score(Embedding(Z[:4], Z, y[:4], y, X_test=Z))
    assert set(LABELLED) - set(found) == {"knn_accuracy"}
    assert not {"trustworthiness", "continuity"} & set(found)


@pytest.mark.parametrize("values", [0.0, 3.0])
def test_constant_codes_score_poorly_without_warnings(values: float) -> None:
    Z, y = np.full((60, 3), values), np.arange(60) % 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = score(Embedding(Z, Z, y, y, X_test=Z, n_jobs=1))
    assert found["kmeans_nmi"] == 0
    assert found["kmeans_accuracy"] == pytest.approx(1 / 3)
    assert found["linear_accuracy"] == pytest.approx(1 / 3)


def test_unconverged_probe_still_scores(monkeypatch: pytest.MonkeyPatch, embedding: Embedding) -> None:
    from benchmark.scoring import classification

    monkeypatch.setattr(classification, "MAX_LINEAR_ITERATIONS", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = METRICS["linear_accuracy"](embedding)
    assert found is not None
    assert 0 < found <= 1


def test_the_same_seed_gives_the_same_scores(scores: dict[str, float]) -> None:
    assert score(blobs(noise=1.5)) == scores


def test_score_takes_a_metric_of_ones_own(embedding: Embedding) -> None:
    @metric(low=0, high=math.inf, higher_is_better=True, reference="none")
    def width(embedding: Embedding) -> float | None:
        """Number of components."""
        return float(embedding.Z_test.shape[1])

    assert width.summary == "Number of components."
    assert (width.title, width.label, width.format(6.0)) == ("width", "width", "6")
    assert score(embedding, {width.name: width}) == {"width": 6.0}


def test_every_metric_has_a_name_for_tables_and_one_for_sentences() -> None:
    titles = [metric.title for metric in METRICS.values()]
    assert titles[:6] == ["NMI", "ARI", "cluster acc.", "k-NN", "forest", "linear"]
    assert titles[6:11] == ["MSE", "trust.", "cont.", "triplets", "dist. corr."]
    assert len(set(titles)) == len(titles)
    assert METRICS["knn_accuracy"].label == "k-NN accuracy"
    assert METRICS["knn_accuracy"].format(0.98765) == "0.9877"
    assert METRICS["reconstruction_mse"].format(0.0123456) == "0.0123"


def test_a_metric_that_returns_nan_is_named(embedding: Embedding) -> None:
    broken = Metric("broken", lambda _: math.nan, 0, 1, True, (), "none", "none")
    with pytest.raises(ValueError, match="'broken'"):
        score(embedding, {"broken": broken})


def test_a_metric_cannot_need_what_no_embedding_has() -> None:
    with pytest.raises(InputError, match="'colours'"):
        Metric("mine", lambda _: 0.0, 0, 1, True, ("colours",), "none", "none")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"Z_test": np.zeros((200, 5))}, "Z_test"),
        ({"Z_train": np.full((200, 6), np.nan)}, "Z_train"),
        ({"Z_train": np.zeros(200)}, "Z_train"),
        ({"y_test": np.zeros(3, int)}, "y_test"),
        ({"y_test": None}, "y_train and y_test"),
        ({"X_test": np.zeros((3, 6))}, "X_test"),
        ({"reconstruction_test": np.zeros((200, 5))}, "reconstruction_test"),
        ({"n_jobs": 0}, "n_jobs"),
    ],
)
def test_parts_that_do_not_fit_are_named(embedding: Embedding, change: dict[str, object], named: str) -> None:
    with pytest.raises(InputError, match=named):
        replace(embedding, **change)  # type: ignore[arg-type]


def _mnist(data_dir: Path, kind: str) -> tuple[np.ndarray, np.ndarray]:
    images = gzip.decompress((data_dir / "mnist" / f"{kind}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((data_dir / "mnist" / f"{kind}-labels-idx1-ubyte.gz").read_bytes())
    pixels = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 784)
    return pixels.astype(np.float32) / 255, np.frombuffer(labels, np.uint8, offset=8).astype(np.int64)


@pytest.mark.slow
def test_pca_of_mnist_scores_as_known() -> None:
    data_dir = Path(os.environ.get("BENCHMARK_DATA_DIR", ""))
    if not (data_dir / "mnist").is_dir():
        pytest.skip("BENCHMARK_DATA_DIR does not name a directory that holds mnist/")
    (X, y), (X_test, y_test) = _mnist(data_dir, "train"), _mnist(data_dir, "t10k")
    pca = PCA(10, random_state=0).fit(X)
    names = ("kmeans_nmi", "knn_accuracy")
    found = score(
        Embedding(pca.transform(X), pca.transform(X_test), y, y_test), {n: METRICS[n] for n in names}
    )
    assert found["kmeans_nmi"] == pytest.approx(0.473, abs=0.005)
    assert found["knn_accuracy"] == pytest.approx(0.9276, abs=0.001)


@pytest.mark.parametrize("name", CLUSTERINGS)
def test_every_clustering_finds_classes_that_lie_apart(name: str) -> None:
    apart = blobs(noise=0.1, n=600)
    found = score(apart, {n: m for n, m in metrics_of([name]).items() if m.clustering == name})
    prefix = CLUSTERINGS[name].prefix
    assert found[f"{prefix}_nmi"] > 0.6
    assert found[f"{prefix}_ari"] > 0.3


def test_clusterings_are_measured_only_where_they_are_asked_for() -> None:
    assert {m.clustering for m in metrics_of([]).values()} == {""}
    assert {m.clustering for m in metrics_of([DEFAULT, "ward"]).values()} == {"", DEFAULT, "ward"}
    assert "ward_nmi" in metrics_of(["ward"])
    assert "ward_nmi" not in metrics_of([DEFAULT])


def test_what_places_no_new_points_clusters_a_sub_sample_of_the_test_codes(
    monkeypatch: pytest.MonkeyPatch, embedding: Embedding
) -> None:
    monkeypatch.setattr(clusterings, "WARD_POINTS", 60)
    found = clusterings.clusters_by(CLUSTERINGS["ward"], replace(embedding))
    assert len(found) == len(embedding.Z_test)
    assert np.count_nonzero(found >= 0) == 60


def test_without_labels_the_number_of_clusters_is_found() -> None:
    apart = blobs(noise=0.1, n=600)
    found = score(replace(apart, y_train=None, y_test=None))
    assert found["favoured_clusters"] == 4
    assert found["silhouette"] > 0.5
    assert found["stability"] > 0.95
    assert "kmeans_nmi" not in found


def test_codes_without_clusters_are_unstable() -> None:
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(400, 6))
    y = rng.integers(4, size=400)
    noise = Embedding(Z[:200], Z[200:], y[:200], y[200:], X_test=Z[200:])
    assert METRICS["stability"](noise) < 0.6
    assert METRICS["silhouette"](noise) < 0.3


def test_silhouette_equals_scikit_learn(embedding: Embedding, scores: dict[str, float]) -> None:
    expected = sklearn_metrics.silhouette_score(embedding.Z_test, embedding.clusters_test)
    assert scores["silhouette"] == pytest.approx(expected, abs=1e-5)


def test_large_scale_structure_is_kept_by_a_copy_and_lost_by_noise() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 8))
    names = ("triplet_accuracy", "distance_correlation")
    same, noise, collapsed = (
        [METRICS[name](Embedding(Z, Z, X_test=X)) for name in names]
        for Z in (3 * X + 1, rng.normal(size=(300, 8)), np.zeros((300, 8)))
    )
    assert same == pytest.approx([1, 1], abs=1e-6)
    assert noise == pytest.approx([0.5, 0], abs=0.05)
    assert collapsed == [0.5, 0]


def test_triplets_and_correlation_follow_their_definitions() -> None:
    rng = np.random.default_rng(0)
    X, Z = rng.normal(size=(60, 4)), rng.normal(size=(60, 4))
    Z += X
    dx, dz = (np.linalg.norm(A[:, None] - A[None], axis=2) for A in (X, Z))
    i, j, k = np.array([t for t in product(range(60), repeat=3) if t[0] not in t[1:]]).T
    kept = np.mean((1 + np.sign(dx[i, j] - dx[i, k]) * np.sign(dz[i, j] - dz[i, k])) / 2)
    off = ~np.eye(60, dtype=bool)
    found = Embedding(Z, Z, X_test=X)
    assert METRICS["triplet_accuracy"](found) == pytest.approx(kept, abs=0.02)
    assert METRICS["distance_correlation"](found) == pytest.approx(spearmanr(dx[off], dz[off])[0], abs=0.03)
