"""Methods with clusters of their own: what each promises, and that it finds more than k-means on pixels."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from in_process import measured_here
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, make_blobs
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from test_controls import board_of

import benchmark
from reducers import make_reducer
from reducers.base import Reducer
from reducers.methods.deep_clustering.dec import DEC, _sharpened
from reducers.methods.deep_clustering.spc import agreed_labels, find_clusters, renumbered

SMALL: dict[str, dict[str, Any]] = {
    "n2d": {"hidden": (200, 100), "epochs": 40, "batch_size": 64},
    "dec": {"hidden": (200, 100), "epochs": 40, "batch_size": 64, "steps": 2_000},
    "idec": {"hidden": (200, 100), "epochs": 40, "batch_size": 64, "steps": 2_000},
    "spc": {"members": 2, "rounds": 1, "epochs": 10, "label_epochs": 5},
}
# What is asked of few steps, too, and takes long.
FEW: dict[str, dict[str, Any]] = {
    "n2d": {"epochs": 5},
    "dec": {"epochs": 5, "steps": 200},
    "idec": {"epochs": 5, "steps": 200},
    "spc": {},
}
EVERY = [pytest.param(name, marks=pytest.mark.slow) for name in SMALL]
TINY = {"hidden": (16,), "epochs": 1, "pretrain_epochs": 1, "n_clusters": 4}


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(np.float32), y


def made(name: str, **changes: Any) -> Any:
    return make_reducer(name, n_components=10, **(SMALL[name] | changes))


@cache
def fitted(name: str) -> Any:
    return made(name).fit(digits()[0])


# Not yet `spc`: five epochs on the labels of 1,000 digits gave an NMI of 0.43, where pixels have 0.76.
@pytest.mark.parametrize("name", EVERY[:3])
def test_its_clusters_are_nearer_to_the_digits_than_those_of_pixels(name: str) -> None:
    X, y = digits()
    pixels = KMeans(10, n_init=10, random_state=0).fit_predict(X)
    found = fitted(name).labels_
    assert normalized_mutual_info_score(y, found) > normalized_mutual_info_score(y, pixels) + 0.02


@pytest.mark.parametrize("name", EVERY)
def test_the_samples_of_the_fit_have_the_clusters_that_it_found(name: str) -> None:
    reducer, X = fitted(name), digits()[0]
    clusters = reducer.predict(X)
    np.testing.assert_array_equal(clusters, reducer.labels_)
    assert clusters.dtype == np.int64
    assert set(clusters) <= set(range(10))


@pytest.mark.parametrize("name", EVERY)
def test_the_same_seed_finds_the_same_clusters(name: str) -> None:
    X = digits()[0][:500]
    first, second = (made(name, **FEW[name]).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.labels_, second.labels_)
    np.testing.assert_array_equal(first.transform(X), second.transform(X))


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize(
    ("n_clusters", "words"),
    [(1, "an integer >= 2; got 1"), (41, "at most the number of samples, 40; got 41")],
)
def test_a_number_of_clusters_out_of_range_is_refused(name: str, n_clusters: int, words: str) -> None:
    with pytest.raises(ValueError, match=f"The reducer '{name}' needs n_clusters to be {words}"):
        made(name, n_clusters=n_clusters).fit(digits()[0][:40])


def test_a_reducer_without_clusters_says_so() -> None:
    X = digits()[0][:50]
    assert not make_reducer("pca").supports_predict
    with pytest.raises(AttributeError, match="no attribute 'predict'"):
        make_reducer("pca", n_components=2).fit(X).predict(X)


@pytest.mark.parametrize("clusters", [np.zeros(3, int), np.zeros(50), np.zeros((50, 1), int)])
def test_clusters_that_are_none_are_refused_by_name(clusters: np.ndarray) -> None:
    class Wrong(Reducer):
        name, reference = "wrong", "none"

        def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
            self.fitted_ = True

        def _predict(self, X: np.ndarray) -> np.ndarray:
            return clusters

    X = digits()[0][:50]
    with pytest.raises(ValueError, match=r"'wrong' returned clusters .* whole numbers of shape \(50,\)"):
        Wrong().fit(X).predict(X)


def test_memberships_and_target_are_those_of_the_paper() -> None:
    rng = np.random.default_rng(0)
    Z, centres = rng.normal(size=(30, 3)), rng.normal(size=(4, 3))
    q = np.array([[1 / (1 + ((z - c) ** 2).sum()) for c in centres] for z in Z])
    q /= q.sum(axis=1, keepdims=True)
    reducer = DEC(3)
    reducer.centres_ = torch.nn.Parameter(torch.from_numpy(centres.astype(np.float32)))
    found = reducer._membership(torch.from_numpy(Z.astype(np.float32))).detach().numpy()
    np.testing.assert_allclose(found, q, rtol=1e-5)
    p = np.array([[q[i, j] ** 2 / q[:, j].sum() for j in range(4)] for i in range(30)])
    np.testing.assert_allclose(_sharpened(q), p / p.sum(axis=1, keepdims=True), rtol=1e-12)
    target = torch.from_numpy((p / p.sum(axis=1, keepdims=True)).astype(np.float32))
    expected = (target.numpy() * np.log(target.numpy() / q)).sum(axis=1).mean()
    got = reducer._divergence(torch.from_numpy(Z.astype(np.float32)), target)
    assert float(got.detach()) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("tolerance", "intervals"), [(1.0, 1), (0.0, 3)])
def test_dec_ends_where_hardly_a_sample_changes_its_cluster(tolerance: float, intervals: int) -> None:
    reducer = DEC(4, **TINY, tolerance=tolerance, steps=25, interval=10).fit(digits()[0][:200])
    stages = [entry["stage"] for entry in reducer.history_]
    assert stages.count("clustering") == intervals


def test_dec_discards_its_decoder_and_idec_keeps_it() -> None:
    X = digits()[0][:200]
    short = {"steps": 20, "interval": 10}
    dec, idec = (make_reducer(name, n_components=4, **TINY, **short).fit(X) for name in ("dec", "idec"))
    assert not dec.supports_inverse
    assert dec.n_parameters_ == 64 * 16 + 16 + 16 * 4 + 4 + 4 * 4
    assert idec.n_parameters_ == dec.n_parameters_ + 4 * 16 + 16 + 16 * 64 + 64
    assert idec.inverse_transform(idec.transform(X)).shape == X.shape


def test_idec_adds_a_tenth_of_the_divergence_to_the_reconstruction() -> None:
    X = digits()[0][:100]
    reducer = make_reducer("idec", n_components=4, **TINY, steps=5, interval=5).fit(X)
    x = torch.from_numpy(X)
    target = torch.full((100, 4), 0.25)
    with torch.no_grad():
        code = reducer.network_.encode(x)
        mse = ((reducer.network_.output_pre_activation(code) - x) ** 2).mean()
        expected = mse + 0.1 * reducer._divergence(code, target)
        assert float(reducer._clustering_loss(x, target)) == pytest.approx(float(expected), rel=1e-5)


def test_clusters_are_renumbered_and_only_what_all_agree_on_is_a_label() -> None:
    before = np.array([0, 0, 1, 1, 2, 2, -1])
    other_names = np.array([2, 2, 0, 0, 1, 1, 1])
    one_differs = np.array([1, 1, 2, 2, 2, 0, 0])
    with_noise = np.array([0, -1, 1, 1, 2, 2, 2])
    np.testing.assert_array_equal(renumbered(other_names, before, 3), [0, 0, 1, 1, 2, 2, 2])
    np.testing.assert_array_equal(renumbered(with_noise, before, 3), [0, -1, 1, 1, 2, 2, 2])
    agreed = agreed_labels([other_names, one_differs, with_noise], before, 3)
    assert (agreed[[0, 2, 3]] == [0, 1, 1]).all()
    assert agreed[1] == -1  # noise for one
    assert (agreed[4:6] == -1).sum() == 1  # in different clusters


def test_clusters_are_those_of_density_or_as_many_as_asked_for() -> None:
    Z, y = make_blobs(400, centers=4, cluster_std=0.3, random_state=0)
    by_density = find_clusters(Z.astype(np.float32), 4, seed=0)
    assert adjusted_rand_score(y, by_density) > 0.98
    as_asked = find_clusters(Z.astype(np.float32), 6, seed=0)
    assert set(as_asked) == set(range(6))


def test_a_sample_without_label_is_reconstructed_and_not_named() -> None:
    reducer = make_reducer("spc", n_components=4, n_clusters=3, noise=0.0)
    network = reducer._member(64, np.random.default_rng(0))
    data, numbers = torch.from_numpy(digits()[0][:8]), torch.arange(8.0).unsqueeze(1)
    generator = torch.Generator().manual_seed(0)

    def loss(labels: list[int]) -> float:
        return float(
            reducer._loss_by_labels(network, data, torch.tensor(labels), generator, numbers).detach()
        )

    with torch.no_grad():
        output = network.output_pre_activation(network.encode(data))
        alone = float(torch.nn.functional.binary_cross_entropy_with_logits(output, data))
        said = network.head(network.encode(data[:2]))
        named = torch.nn.functional.cross_entropy(said, torch.tensor([1, 2]))
    assert loss([-1] * 8) == pytest.approx(alone, rel=1e-5)
    assert loss([1, 2] + [-1] * 6) == pytest.approx(alone + float(named), rel=1e-5)


def test_spc_counts_the_agreement_of_every_round_and_stops_where_it_does_not_grow() -> None:
    reducer = made("spc", rounds=30)
    reducer.history_, reducer.n_agreed_ = [], []
    rounds = iter([[0, 0, 1, -1], [0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0]])
    reducer._train = lambda *arguments: None
    reducer._votes = lambda X, rng: [np.array(next(rounds))] * 2
    reducer._learn_from(digits()[0][:4], np.random.default_rng(0))
    assert reducer.n_agreed_ == [3, 4, 4]
    reducer._votes = lambda X, rng: [np.full(4, -1)] * 2
    with pytest.raises(ValueError, match="'spc' needs samples on whose cluster its members agree"):
        reducer._learn_from(digits()[0][:4], np.random.default_rng(0))


@pytest.mark.slow
def test_a_run_scores_the_clusters_of_a_method_beside_those_of_k_means(tmp_path: Path) -> None:
    suite = tmp_path / "few.toml"
    suite.write_text("n_train = 300\nn_test = 100\ncomponents = [4]\n")
    with measured_here():
        found = benchmark.run(
            {"dec": {"hidden": (16,), "epochs": 1, "pretrain_epochs": 1, "steps": 20}, "pca": {}}, "digits",
            suite=suite, threads=1, name="few",
            results_dir=tmp_path / "results", reports_dir=tmp_path / "reports",
        )  # fmt: skip
    table = found.table.set_index("reducer")
    own = ["own_nmi", "own_ari", "own_accuracy"]
    assert table.loc["dec", [*own, "kmeans_nmi"]].notna().all()
    assert table.loc["pca", own].isna().all()
    assert board_of(found).set_index("reducer").loc["dec", "own_nmi_ci_low"] > 0
    assert found.report is not None
    assert "own NMI" in found.report.read_text()
