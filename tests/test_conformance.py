"""Every registered reducer passes the conformance kit, and the kit catches those that should not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from reducers import checks, find_reducers, make_reducer
from reducers.base import Reducer
from reducers.checks import CHECKS, check_input_is_not_changed, check_reducer

# What makes a fit of 60 samples quick; everything else is the default.
FAST = {
    "rbm": {"epochs": 2},
    "dbn": {"epochs": 2, "pretrain_epochs": 1, "hidden": (20, 10)},
    "autoencoder": {"epochs": 2},
    "undercomplete": {"epochs": 2},
    "stacked": {"epochs": 2, "pretrain_epochs": 1, "hidden": (20, 10)},
    "sparse": {"epochs": 2},
    "denoising": {"epochs": 2, "hidden": (20, 10)},
    "convolutional": {"epochs": 2},
    "umap": {"n_epochs": 5, "n_neighbors": 5},
}


def fast(name: str) -> Reducer:
    return make_reducer(name, n_components=2, **FAST.get(name, {}))


# What compiles for as long as all others take together.
REDUCERS = [pytest.param(name, marks=pytest.mark.slow if name == "umap" else ()) for name in find_reducers()]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", REDUCERS)
def test_every_registered_reducer_conforms(name: str, check: Callable[[Reducer], None]) -> None:
    check(fast(name))


def test_a_scikit_learn_transformer_conforms() -> None:
    reducer = make_reducer("sklearn.decomposition.NMF", n_components=2, max_iter=500)
    X = np.abs(np.random.default_rng(0).normal(size=(40, 6)))
    Z = reducer.fit_transform(X)
    assert Z.shape == (40, 2)
    assert reducer.inverse_transform(Z).shape == X.shape


@pytest.mark.parametrize("name", find_reducers())
def test_the_registry_describes_the_class_as_it_is(name: str) -> None:
    entry, reducer = find_reducers()[name], make_reducer(name)
    assert reducer.name == name
    assert reducer.devices == entry.devices


class Mean(Reducer):
    """A plugin of the smallest kind."""

    name = "mean"
    reference = "none"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        self.scale_ = 1.0

    def _transform(self, X: np.ndarray) -> np.ndarray:
        return np.repeat(X.mean(axis=1, keepdims=True), self.n_components, axis=1) * self.scale_


class NotReproducible(Mean):
    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        self.scale_ = np.random.default_rng().random()


class Seeds(Mean):
    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        np.random.seed(0)
        self.scale_ = 1.0


class Writes(Mean):
    def _transform(self, X: np.ndarray) -> np.ndarray:
        X.setflags(write=True)
        X += 1.0
        return super()._transform(X)


class WritesUnawares(Mean):
    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        X -= X.mean(axis=0)
        self.scale_ = 1.0


class KeepsPublicState(Mean):
    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        self.scale_ = self.seen = 1.0


class Swallows(Mean):
    def __init__(self, n_components: int = 10, *, random_state: int | None = 0, **options: object) -> None:
        self.n_components, self.random_state = n_components, random_state


class HasBadName(Mean):
    name = "Bad Name"


def test_the_smallest_plugin_passes_the_kit() -> None:
    check_reducer(Mean(n_components=2))


@pytest.mark.parametrize(
    ("cls", "complaint"),
    [
        (NotReproducible, "different codes"),
        (Seeds, "global random state"),
        (KeepsPublicState, "seen"),
        (Swallows, "swallows typos"),
        (HasBadName, "kebab-case"),
    ],
)
def test_the_kit_names_what_a_reducer_breaks(cls: type[Reducer], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_reducer(cls(n_components=2))


@pytest.mark.parametrize(
    ("cls", "complaint"), [(Writes, "the input is changed"), (WritesUnawares, "the input is written to")]
)
def test_the_kit_catches_a_reducer_that_writes_to_its_input(cls: type[Reducer], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_input_is_not_changed(cls(n_components=2))
    check_input_is_not_changed(Mean(n_components=2))


def test_every_check_of_the_kit_is_run() -> None:
    named = {name for name in vars(checks) if name.startswith("check_")} - {"check_reducer"}
    assert {check.__name__ for check in CHECKS} == named
    assert len(CHECKS) == len(named) == 16
