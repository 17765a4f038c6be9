"""Scores and reducers where numbers are hard: equal distances, points far out, values far from 0."""

from __future__ import annotations

import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.manifold import trustworthiness

from benchmark.datasets import load_dataset
from benchmark.datasets import mapped as mapped_files
from benchmark.datasets.data_options import DataOptions
from benchmark.scoring import METRICS, Embedding
from benchmark.scoring.neighbours import neighbour_ranks
from reducers import make_reducer
from reducers.checks import make_data
from reducers.rows import loses_digits

FAR = 1e8


def table(n: int = 400, seed: int = 0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 6)) @ rng.normal(size=(6, 6))


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (table(), False),
        (table() + 1e3, False),
        (table() + FAR, True),
        (np.float32(table() + FAR), False),
        (np.arange(12).reshape(6, 2) + 2**23, False),
        (np.arange(12).reshape(6, 2) + 2**30 + 1, True),
        (np.full((5, 2), 0.1), False),
        (0.1 + np.arange(10).reshape(5, 2) * 1e-17, False),
        (np.column_stack([table()[:, 0], table()[:, 1] + FAR]), True),
        (np.arange(10, dtype=np.uint8).reshape(5, 2), False),
    ],
)  # fmt: skip
def test_lost_digits_are_noticed_where_they_tell_rows_apart(X: NDArray[np.generic], expected: bool) -> None:
    assert loses_digits(X) is expected


@pytest.mark.parametrize("name", ["pca", "random-projection", pytest.param("umap", marks=pytest.mark.slow)])
def test_values_far_from_zero_are_reduced_as_if_they_were_near(name: str) -> None:
    X, unseen = table(), table(50, seed=1)
    near, far = (make_reducer(name, n_components=2).fit(X + offset) for offset in (0, FAR))
    distances = [np.linalg.norm(made.transform(X + c)[:200] - made.transform(X + c)[200:], axis=1)
                 for made, c in ((near, 0), (far, FAR))]  # fmt: skip
    if name == "umap":
        # Rounding in the 16th digit is enough for another layout, as good as the first.
        scores = [trustworthiness(X, made.transform(X + c)) for made, c in ((near, 0), (far, FAR))]
        assert scores[1] == pytest.approx(scores[0], abs=0.02)
        return
    np.testing.assert_allclose(distances[1], distances[0], rtol=1e-3, atol=1e-4)
    assert len(np.unique(far.transform(unseen + FAR), axis=0)) == 50
    back = far.inverse_transform(far.transform(unseen + FAR))
    np.testing.assert_allclose(back, near.inverse_transform(near.transform(unseen)) + FAR, rtol=1e-6)
    assert far.fit(X).offset_ is None


@pytest.mark.parametrize("name", ["raw", "autoencoder"])
def test_a_method_that_needs_raw_values_says_that_their_digits_are_lost(name: str) -> None:
    made = make_reducer(name, n_components=2, **({} if name == "raw" else {"epochs": 1}))
    with pytest.warns(UserWarning, match=rf"^The reducer '{name}' computes in single .* feature first\.$"):
        made.fit(table() + FAR)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made.fit(table())


def test_a_data_set_far_from_zero_keeps_its_rows_apart(tmp_path: Path) -> None:
    near, far = tmp_path / "near.npz", tmp_path / "far.npz"
    X = table(1200)
    np.savez(near, X=X)
    np.savez(far, X=X + FAR)
    expected, found = (load_dataset(path).scaled()[0] for path in (near, far))
    assert found.dtype == np.float32
    assert len(np.unique(found, axis=0)) == len(found) == 960
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_parts_of_a_far_data_set_are_read_alike(tmp_path: Path) -> None:
    path, X = tmp_path / "far.npz", table() + FAR
    # The test rows alone are whole numbers, of which no digit would be lost.
    np.savez(path, X_train=X, X_test=np.round(X[:10] / 8) * 8)
    train, test = load_dataset(path).scaled()
    np.testing.assert_allclose(train, (X - X.min()) / np.ptp(X), atol=1e-6)
    np.testing.assert_allclose(test, (np.round(X[:10] / 8) * 8 - X.min()) / np.ptp(X), atol=1e-6)


def test_a_far_column_of_a_table_is_standardised_by_all_its_digits(tmp_path: Path) -> None:
    X = table()
    X[:, 1] += FAR
    text = "\n".join(["a,b,c,d,e,f", *(",".join(map(repr, map(float, row))) for row in X)])
    (tmp_path / "far.csv").write_text(text)
    data = load_dataset(tmp_path / "far.csv", options=DataOptions(scale="standard"))
    train = X[data.rows_train]
    expected = (train - train.mean(axis=0)) / train.std(axis=0)
    np.testing.assert_allclose(data.scaled()[0] * data.scale + data.offset, expected, atol=1e-5)
    as_given = load_dataset(tmp_path / "far.csv", options=DataOptions(scale="none"))
    assert any("loses their digits" in note for note in as_given.notes)
    assert not any("loses their digits" in note for note in data.notes)


def test_a_file_that_is_read_in_blocks_keeps_its_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "far.npy", table(1200) + FAR)
    expected = load_dataset(tmp_path / "far.npy").scaled()[0]
    monkeypatch.setattr(mapped_files, "MAPPED_BYTES", 2**12)
    found = load_dataset(tmp_path / "far.npy").scaled()[0]
    np.testing.assert_allclose(np.sort(found, axis=0), np.sort(expected, axis=0), atol=1e-6)
    few = load_dataset(tmp_path / "far.npy", n_train=50).scaled()[0]
    assert len(np.unique(few, axis=0)) == 50


def share_votes(Z: NDArray[np.floating], y: NDArray[np.intp], z: NDArray[np.floating], k: int = 5) -> int:
    """The class with the most votes of the k nearest, those at the k-th distance sharing, in fractions."""
    squares = [sum((Fraction(float(a)) - Fraction(float(b))) ** 2 for a, b in zip(row, z, strict=True))
               for row in Z]  # fmt: skip
    limit = sorted(squares)[k - 1]
    nearer = [c for c, square in zip(y, squares, strict=True) if square < limit]
    tied = [c for c, square in zip(y, squares, strict=True) if square == limit]
    votes = {c: nearer.count(c) + Fraction((k - len(nearer)) * tied.count(c), len(tied)) for c in set(y)}
    return int(min(votes, key=lambda c: (-votes[c], c)))


def predictions(
    Z: NDArray[np.floating], y: NDArray[np.intp], Z_test: NDArray[np.floating]
) -> NDArray[np.intp]:
    made = Embedding(Z, Z_test, y, np.resize(y, len(Z_test)), n_jobs=1)
    return np.asarray(METRICS["knn_accuracy"].function(made))


TIED = {
    "grid": lambda rng: rng.integers(0, 4, (120, 2)).astype(np.float32),
    "thirds": lambda rng: (rng.integers(0, 3, (120, 2)) / 3 + 7).astype(np.float32),
    "binary": lambda rng: rng.integers(0, 2, (120, 3)).astype(np.float32),
    "collapsed": lambda rng: np.full((120, 2), 1 / 3, dtype=np.float32),
    "duplicates": lambda rng: np.repeat(rng.normal(size=(30, 2)), 4, axis=0).astype(np.float32),
    "apart": lambda rng: rng.normal(size=(120, 2)).astype(np.float32),
    "as many as neighbours": lambda rng: rng.integers(0, 2, (85, 2)).astype(np.float32),
}


@pytest.mark.parametrize("kind", TIED)
def test_neighbours_that_are_equally_far_share_their_votes(kind: str) -> None:
    rng = np.random.default_rng(0)
    codes = TIED[kind](rng)
    Z, Z_test = codes[:-80], codes[-80:]
    # Sorted by class, as files often are.
    y = np.sort(rng.integers(0, 3, len(Z)))
    expected = [share_votes(Z, y, z) for z in Z_test]
    assert predictions(Z, y, Z_test).tolist() == expected


@pytest.mark.parametrize("order", ["sorted", "reversed", "shuffled"])
def test_collapsed_codes_name_the_largest_class_whatever_the_order_of_the_rows(order: str) -> None:
    y = np.repeat([0, 1], [199, 201])
    y = {"sorted": y, "reversed": y[::-1], "shuffled": np.random.default_rng(0).permutation(y)}[order]
    collapsed = np.full((400, 10), 0.25, dtype=np.float32)
    assert set(predictions(collapsed, y, collapsed[:250])) == {1}


def test_collapsed_codes_are_trusted_as_chance_is_though_like_rows_stand_together() -> None:
    rng = np.random.default_rng(0)
    # Neighbours in the inputs are neighbours in the file.
    X = np.cumsum(rng.random((600, 3)), axis=0).astype(np.float32)
    found = Embedding(np.ones((600, 2)), np.ones((600, 2)), X_test=X)
    assert METRICS["trustworthiness"](found) == pytest.approx(METRICS["trustworthiness"](
        Embedding(np.ones((600, 2)), rng.normal(size=(600, 2)), X_test=X)), abs=0.02)  # fmt: skip


def test_codes_of_a_class_that_share_a_place_are_ranked_alike_whatever_the_order() -> None:
    rng = np.random.default_rng(0)
    X = np.sort(rng.random((400, 1)), axis=0).astype(np.float32)
    Z = np.round(X * 4).astype(np.float32) / 3
    shuffled = rng.permutation(400)
    sorted_score, shuffled_score = (METRICS["trustworthiness"](Embedding(Z[i], Z[i], X_test=X[i]))
                                    for i in (np.arange(400), shuffled))  # fmt: skip
    assert sorted_score == pytest.approx(shuffled_score, abs=0.005)


def test_ranks_do_not_depend_on_the_number_of_threads() -> None:
    X = make_data(300)
    tied = np.round(X[:, :2] * 3)
    one, two = (neighbour_ranks(X, tied, 5, n_jobs=n) for n in (1, 2))
    for ranks in zip(one, two, strict=True):
        np.testing.assert_array_equal(*ranks)


@pytest.mark.parametrize("far_out", [1, 3])
def test_points_far_out_take_no_digits_from_the_others(far_out: int) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 5))
    Z = X[:, :2] + rng.normal(size=(500, 2))
    X[:far_out] *= 1e6
    X, Z = X.astype(np.float32), Z.astype(np.float32)
    expected = trustworthiness(X.astype(np.float64), Z.astype(np.float64), n_neighbors=5)
    assert METRICS["trustworthiness"](Embedding(Z, Z, X_test=X)) == pytest.approx(expected, abs=1e-3)


def test_two_groups_far_apart_keep_their_neighbourhoods() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 5))
    Z = X[:, :2] + rng.normal(size=(500, 2))
    X[::2] += 1e4
    X, Z = X.astype(np.float32), Z.astype(np.float32)
    expected = trustworthiness(X.astype(np.float64), Z.astype(np.float64), n_neighbors=5)
    assert METRICS["trustworthiness"](Embedding(Z, Z, X_test=X)) == pytest.approx(expected, abs=1e-3)
