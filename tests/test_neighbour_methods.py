"""t-SNE and PaCMAP: new samples land among their own, a seed is a promise, what cannot be is said before."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from test_execution import plan_of

from reducers import make_reducer
from reducers.base import NotApplicableError
from reducers.methods import pacmap
from reducers.methods.tsne import TSNE

N_TRAIN, CLASSES = 150, 3
FAST: dict[str, dict[str, Any]] = {"tsne": {"n_iter": 100}, "pacmap": {}}
NO_PACMAP = pytest.mark.skipif(
    find_spec("pacmap") is None, reason="pacmap is not installed: pip install -e '.[pacmap]' brings it"
)
# It compiles for longer than all the rest takes.
METHODS = ["tsne", pytest.param("pacmap", marks=[NO_PACMAP, pytest.mark.slow])]


def blobs() -> tuple[np.ndarray, np.ndarray]:
    X, y = make_blobs(200, n_features=10, centers=CLASSES, cluster_std=1.0, random_state=0)
    return X.astype(np.float32), y


def fitted(name: str) -> Any:
    return make_reducer(name, n_components=2, random_state=3, **FAST[name]).fit(blobs()[0][:N_TRAIN])


@pytest.mark.parametrize("name", METHODS)
def test_new_samples_land_in_their_class(name: str) -> None:
    (X, y), made = blobs(), fitted(name)
    codes = made.transform(X[:N_TRAIN])
    middle = np.array([codes[y[:N_TRAIN] == k].mean(axis=0) for k in range(CLASSES)])
    placed = made.transform(X[N_TRAIN:])
    assert (np.linalg.norm(placed[:, None] - middle, axis=2).argmin(axis=1) == y[N_TRAIN:]).all()


@pytest.mark.parametrize("name", METHODS)
def test_samples_of_the_fit_keep_their_codes_and_some_of_them_are_placed_near(name: str) -> None:
    X, made = blobs()[0][:N_TRAIN], fitted(name)
    codes = made.transform(X)
    np.testing.assert_array_equal(codes, made.transform(X.copy()))
    again = made.transform(X[:30])
    spread = np.linalg.norm(codes - codes.mean(axis=0), axis=1).mean()
    assert np.median(np.linalg.norm(again - codes[:30], axis=1)) < 0.25 * spread


@pytest.mark.parametrize("name", METHODS)
def test_the_same_seed_gives_the_same_codes_whatever_was_made_between(name: str) -> None:
    X, first = blobs()[0], fitted(name)
    second = fitted(name)
    make_reducer(name, n_components=2, random_state=9, **FAST[name]).fit(X[:100])
    for rows in (X[:N_TRAIN], X[N_TRAIN:]):
        np.testing.assert_array_equal(first.transform(rows), second.transform(rows))


def test_more_than_two_components_are_refused_before_the_fit() -> None:
    with pytest.raises(NotApplicableError, match=r"'tsne' makes codes of 1 or 2 components; got 3: say"):
        TSNE(3).fit(blobs()[0])
    assert TSNE(1, n_iter=20).fit(blobs()[0][:40]).transform(blobs()[0][:40]).shape == (40, 1)
    wide, narrow = plan_of("tsne", components=(10, 2)).jobs
    assert wide.unavailable is not None
    assert "--components 2" in wide.unavailable
    assert narrow.unavailable is None


def test_the_neighbourhood_shrinks_with_the_samples_down_to_four() -> None:
    X = blobs()[0]
    assert TSNE(2, n_iter=20).fit(X[:10]).transform(X[10:14]).shape == (4, 2)
    with pytest.raises(ValueError, match="'tsne' needs at least 4 samples; got 3"):
        TSNE(2).fit(X[:3])


def test_the_parameters_of_tsne_reach_it() -> None:
    X = blobs()[0][:60]
    usual = TSNE(2, n_iter=100).fit(X).transform(X)
    for params in ({"perplexity": 3.0}, {"n_iter": 30}):
        assert not np.allclose(TSNE(2, n_iter=100).set_params(**params).fit(X).transform(X), usual, atol=0.1)


def test_without_its_package_pacmap_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacmap, "find_spec", lambda name: None)
    told = r"needs the package pacmap: pip install 'dimensionality-reduction-benchmark\[pacmap\]'"
    with pytest.raises(NotApplicableError, match=told):
        make_reducer("pacmap", n_components=2).fit(blobs()[0])
    (job,) = plan_of("pacmap").jobs
    assert job.unavailable is not None
    assert "pip install" in job.unavailable


@NO_PACMAP
@pytest.mark.slow
def test_pacmap_refuses_samples_it_would_search_without_end() -> None:
    X = blobs()[0]
    with pytest.raises(ValueError, match="'pacmap' needs at least 23 samples for 10 neighbours; got 22"):
        make_reducer("pacmap", n_components=2).fit(X[:22])
    assert make_reducer("pacmap", n_components=2).fit(X[:23]).transform(X[:23]).shape == (23, 2)
