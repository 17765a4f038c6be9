"""Everything that is built in passes the conformance kit, and the kit catches what should not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from test_neighbour_methods import NO_PACMAP

from benchmark.conformance import CHECKS as KINDS_OF_CHECKS
from benchmark.conformance import breaches, check_plugin
from benchmark.datasets import DATASETS, DatasetInfo
from benchmark.scoring import BUILT_IN_METRICS, Clustering, Embedding, Metric, metric
from benchmark.scoring.clusterings import BUILT_IN_CLUSTERINGS
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
    "tsne": {"n_iter": 20},
    "variational": {"epochs": 2, "hidden": (20,)},
    "contractive": {"epochs": 2},
    "stacked-denoising": {"epochs": 2, "pretrain_epochs": 1, "hidden": (20, 10)},
    "recurrent": {"epochs": 2, "units": 16},
    "n2d": {"n_epochs": 5, "n_neighbors": 5, "epochs": 2, "pretrain_epochs": 1, "hidden": (20, 10)},
    "dec": {"steps": 20, "interval": 5, "epochs": 2, "pretrain_epochs": 1, "hidden": (20, 10)},
    "idec": {"steps": 20, "interval": 5, "epochs": 2, "pretrain_epochs": 1, "hidden": (20, 10)},
    "spc": {"members": 2, "rounds": 1, "epochs": 2, "label_epochs": 2, "channels": (4,), "n_clusters": 3},
}


def fast(name: str) -> Reducer:
    return make_reducer(name, n_components=2, **FAST.get(name, {}))


# What compiles for as long as all others take together.
COMPILED = dict.fromkeys(("umap", "n2d", "spc"), (pytest.mark.slow,))
COMPILED |= {"pacmap": (NO_PACMAP, pytest.mark.slow)}
REDUCERS = [pytest.param(name, marks=COMPILED.get(name, ())) for name in find_reducers()]


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
    assert (reducer.devices, reducer.reproducible) == (entry.devices, entry.reproducible)


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
    assert len(CHECKS) == len(named) == 17


BUNDLED = {name: info for name, info in DATASETS.items() if info.load}


@pytest.mark.parametrize("name", [*BUILT_IN_METRICS, *BUILT_IN_CLUSTERINGS, *BUNDLED])
def test_every_metric_clustering_and_bundled_data_set_conforms(name: str) -> None:
    assert breaches({**BUILT_IN_METRICS, **BUILT_IN_CLUSTERINGS, **BUNDLED}[name]) == []


def test_the_kit_has_checks_for_every_kind() -> None:
    assert {kind: len(several) for kind, several in KINDS_OF_CHECKS.items()} == {
        "reducer": 17, "metric": 6, "clustering": 4, "dataset": 3,
    }  # fmt: skip
    assert "must be a reducer, metric, clustering or dataset" in breaches(object())[0]


def test_a_reducer_is_checked_by_its_class_or_an_instance_and_all_that_it_breaks_is_told() -> None:
    assert breaches(Mean) == breaches(Mean(n_components=2)) == []

    class TwoFaults(NotReproducible):
        name = "Bad Name"

    found = breaches(TwoFaults)
    assert any("kebab-case" in line for line in found)
    assert any("different codes" in line for line in found)


def metric_of(function: Callable[[Embedding], float | None], **changed: object) -> Metric:
    """Return a metric from 0 to 1 that is right but for what is changed."""
    function.__doc__ = "A summary."
    said = {"low": 0, "high": 1, "higher_is_better": True, "reference": "none", **changed}
    return metric(**said)(function)  # type: ignore[arg-type]


def mean_code(embedding: Embedding) -> float:
    return float(embedding.Z_test.mean())


def seen_labels(embedding: Embedding) -> float:
    return float(embedding.y_test.max() > 0)  # type: ignore[union-attr]


def noise(embedding: Embedding) -> float:
    return float(np.random.default_rng().random())


def draws(embedding: Embedding) -> float:
    np.random.seed(0)
    return 0.5


def centres(embedding: Embedding) -> float:
    embedding.Z_test[:] -= embedding.Z_test.mean()
    return 0.5


def forces(embedding: Embedding) -> float:
    embedding.Z_test.setflags(write=True)
    embedding.Z_test[:] = 0
    return 0.5


def half(embedding: Embedding) -> float:
    return 0.5


def undefined(embedding: Embedding) -> float:
    return float(np.float64(0) if embedding.Z_test.std() > 0 else np.nan)


WRONG_METRICS = {
    "out of range": (metric_of(mean_code), "of plain codes, it met ValueError: .* from 0 to 1"),
    "undeclared need": (metric_of(seen_labels), "without labels .* it met AttributeError"),
    "not deterministic": (metric_of(noise), "the same codes must give the same result"),
    "seeds": (metric_of(draws), "global random state of numpy must not be touched"),
    "writes": (metric_of(centres), "read-only"),
    "writes by force": (metric_of(forces), "Z_test of the embedding must not be changed"),
    "no range": (metric_of(half, low=1), "low must be finite and below high"),
    "unknown clustering": (metric_of(half, clustering="wards"), "no clustering is named 'wards'"),
    "uncited": (metric_of(half, reference=""), "reference must not be empty"),
    "NaN of constant codes": (metric_of(undefined), "of constant codes, it met ValueError: .* got nan"),
    "wrong way round": (
        replace(BUILT_IN_METRICS["trustworthiness"], higher_is_better=False),
        "where they are shuffled: is higher_is_better right",
    ),
}


@pytest.mark.parametrize("case", WRONG_METRICS)
def test_the_kit_names_what_a_metric_breaks(case: str) -> None:
    made, complaint = WRONG_METRICS[case]
    with pytest.raises(AssertionError, match=complaint) as caught:
        check_plugin(made)
    assert all(line.startswith(f"The metric '{made.name}': ") for line in str(caught.value).splitlines())


def rows(embedding: Embedding) -> np.ndarray:
    return np.arange(len(embedding.Z_test))


WRONG_CLUSTERINGS = {
    "one array": (lambda e: rows(e), "must return"),
    "fractions": (lambda e: (rows(e), rows(e) / 2), "a whole number for every row; got float64"),
    "too few": (lambda e: (rows(e), rows(e)[:-1]), "a whole number for every row; got int64 of shape"),
    "twice": (lambda e: (rows(e) // 2, rows(e)), "none of them twice"),
    "beyond": (lambda e: (rows(e) + 1, rows(e)), "row numbers of 0 to 119"),
    "noise": (lambda e: (rows(e), np.random.default_rng().integers(0, 9, 120)), "the same result again"),
    "draws": (lambda e: (rows(e), np.random.randint(0, 9, 120)), "global random state of numpy"),
    "cheats": (lambda e: (rows(e), e.y_test), "must not depend on which class"),
    "fails": (lambda e: (rows(e), 1 // 0), "it met ZeroDivisionError"),
}


@pytest.mark.parametrize("case", WRONG_CLUSTERINGS)
def test_the_kit_names_what_a_clustering_breaks(case: str) -> None:
    assign, complaint = WRONG_CLUSTERINGS[case]
    with pytest.raises(AssertionError, match=complaint):
        check_plugin(Clustering("mine", "Mine", "mine", assign, "a summary", "none"))


X = np.arange(60.0).reshape(30, 2)
WRONG_DATA = {
    "infinite": (lambda: X / (X - 1), "must be finite"),
    "other each time": (lambda: np.random.default_rng().random((30, 2)), "the same data every time"),
    "draws": (lambda: np.random.rand(30, 2), "global random state of numpy"),
    "labels of one part": (lambda: (X[:20], [0, 1] * 10, X[20:], None), "both parts must have labels"),
    "one class": (lambda: (X, [1] * 30), "at least two classes"),
    "untrained": (lambda: (X[:20], [0, 1] * 10, X[20:], [2] * 10), "in the test part only"),
    "shapes": (lambda: (X, [1] * 29), "as many labels as samples"),
}


@pytest.mark.parametrize("case", WRONG_DATA)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_the_kit_names_what_a_data_set_breaks(case: str) -> None:
    load, complaint = WRONG_DATA[case]
    with pytest.raises(AssertionError, match=complaint):
        check_plugin(DatasetInfo(name="mine", summary="s", citation="c", url="u", load=load))
