"""Learning batch by batch: the same as at once where that can be, and better with every batch elsewhere."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from test_conformance import fast

from reducers import make_reducer
from reducers.base import Reducer
from reducers.checks import make_data
from reducers.methods import linear
from reducers.methods.linear import PCA
from reducers.registry import BUILT_IN, FURTHER

LEARN_ON = {
    "pca", "rbm", "dbn", "autoencoder", "undercomplete", "stacked", "sparse", "denoising", "convolutional",
}  # fmt: skip


def digits() -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = (load_digits().data / 16.0).astype(np.float32)
    return scaled


def test_it_is_there_where_a_method_can_do_it() -> None:
    every = (*BUILT_IN, *FURTHER)
    there = {entry.name for entry in every if hasattr(make_reducer(entry.name), "partial_fit")}
    # Deep clustering needs all samples at hand, whatever its autoencoder can do.
    assert there == LEARN_ON | {"variational", "contractive", "stacked-denoising", "recurrent"}


@pytest.mark.parametrize("sizes", [[1797], [20, 1777], [300] * 5 + [297], [12, 1] + [84] * 21 + [20]])
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_principal_components_of_batches_are_those_of_all(sizes: list[int], offset: float) -> None:
    X = np.float32(digits() + offset)
    whole, parts = PCA(10).fit(X), PCA(10)
    for batch in np.split(X, np.cumsum(sizes)[:-1]):
        parts.partial_fit(batch)
    np.testing.assert_allclose(parts.mean_, whole.mean_, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(parts.explained_variance_, whole.explained_variance_, rtol=1e-5)
    np.testing.assert_allclose(parts.explained_variance_ratio_, whole.explained_variance_ratio_, rtol=1e-5)
    np.testing.assert_allclose(parts.components_, whole.components_, atol=1e-4)
    np.testing.assert_allclose(parts.transform(X), whole.transform(X), atol=1e-3)


def test_principal_components_of_fewer_samples_than_features_are_those_of_all() -> None:
    X = digits()[:50]
    whole, parts = PCA(5).fit(X), PCA(5).partial_fit(X[:20]).partial_fit(X[20:])
    np.testing.assert_allclose(parts.components_, whole.components_, atol=1e-4)
    np.testing.assert_allclose(parts.explained_variance_, whole.explained_variance_, rtol=1e-5)


def test_principal_components_say_what_they_cannot_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    X = digits()
    with pytest.raises(ValueError, match=r"n_components <= min\(samples, features\) = 7; got 10"):
        PCA(10).partial_fit(X[:7])
    fitted = PCA(10).fit(X)
    with pytest.raises(ValueError, match="needs partial_fit from the first batch on, or fit on all of them"):
        fitted.partial_fit(X)
    assert PCA(10).partial_fit(X[:100]).fit(X).mean_ == pytest.approx(fitted.mean_)
    monkeypatch.setattr(linear, "_COVARIANCE_MAX_FEATURES", 63)
    with pytest.raises(ValueError, match="needs at most 63 features for partial_fit; got 64"):
        PCA(10).partial_fit(X)


def error(made: Reducer, X: NDArray[np.float32]) -> float:
    return float(((made.inverse_transform(made.transform(X)) - X) ** 2).mean())


FLAT: dict[str, Any] = {"epochs": 10, "batch_size": 20, "learning_rate": 0.01}
DEEP: dict[str, Any] = {"hidden": (30,), **FLAT}


@pytest.mark.parametrize("name", sorted(LEARN_ON - {"pca"}))
def test_every_batch_teaches_something_and_is_recorded(name: str) -> None:
    X = digits()[:600]
    made = make_reducer(
        name, n_components=8, **(DEEP if name in ("dbn", "stacked", "sparse", "denoising") else FLAT)
    )
    made.partial_fit(X[:200])
    first, entries = error(made, X), len(made.history_)
    for batch in np.split(X[200:], 2):
        made.partial_fit(batch)
    assert error(made, X) < first
    assert len(made.history_) == entries + 2 * 10
    assert np.isfinite([entry["loss"] for entry in made.history_]).all()


@pytest.mark.parametrize("name", sorted(LEARN_ON))
def test_the_first_batch_is_a_fit_and_a_fit_begins_anew(name: str) -> None:
    X = make_data()
    fitted, begun = fast(name).fit(X), fast(name).partial_fit(X)
    np.testing.assert_allclose(begun.transform(X), fitted.transform(X), atol=1e-4)
    np.testing.assert_array_equal(begun.partial_fit(X).fit(X).transform(X), fitted.transform(X))


@pytest.mark.parametrize("name", sorted(LEARN_ON))
def test_the_same_seed_and_batches_give_the_same_codes_over_a_pickle_too(name: str) -> None:
    X = make_data()
    codes = []
    for stored in (False, True, False):
        made = fast(name).partial_fit(X[:30])
        made = pickle.loads(pickle.dumps(made)) if stored else made
        codes.append(made.partial_fit(X[30:]).transform(X))
    np.testing.assert_array_equal(codes[0], codes[1])
    np.testing.assert_array_equal(codes[0], codes[2])


@pytest.mark.parametrize("name", sorted(LEARN_ON))
def test_a_batch_of_other_features_is_refused(name: str) -> None:
    made = fast(name).partial_fit(make_data())
    with pytest.raises(ValueError, match=r"X has 63 features, but .* is expecting 64"):
        made.partial_fit(make_data()[:, :-1])
