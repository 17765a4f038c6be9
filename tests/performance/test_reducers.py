"""Seconds to fit 1,000 images of 8x8 pixels and to transform as many, for every registered reducer."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from sklearn.base import clone

from race import stopwatch
from reducers import make_reducer
from reducers.base import FloatArray, Reducer
from reducers.checks import make_data
from reducers.registry import BUILT_IN

ROUNDS = 5
N_SAMPLES = 1000
FEW_EPOCHS = {"epochs": 2, "pretrain_epochs": 1, "n_epochs": 50}


@cache
def images(seed: int = 0) -> FloatArray:
    return make_data(N_SAMPLES, seed)


def quick(name: str) -> Reducer:
    """Return a reducer with its defaults, but for the number of epochs."""
    reducer = make_reducer(name)
    own = reducer.get_params()
    reducer.set_params(**{key: value for key, value in FEW_EPOCHS.items() if key in own})
    return reducer


@pytest.mark.parametrize("name", [entry.name for entry in BUILT_IN])
def test_fit(name: str, benchmark: Any) -> None:
    def unfitted() -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (clone(quick(name)), images()), {}

    fitted = benchmark.pedantic(Reducer.fit, setup=unfitted, rounds=ROUNDS, warmup_rounds=1)
    assert fitted.n_features_in_ == images().shape[1]


@pytest.mark.parametrize("name", [entry.name for entry in BUILT_IN])
def test_transform(name: str, benchmark: Any) -> None:
    fitted = quick(name).fit(images())
    # Unseen images: a method may have kept the codes of those it learned from.
    codes = benchmark.pedantic(fitted.transform, args=(images(seed=1),), rounds=ROUNDS, warmup_rounds=1)
    assert codes.shape == (N_SAMPLES, fitted.n_components_)


def test_umap_transform_beside_its_fit(benchmark: Any) -> None:
    quick("umap").fit(images())  # compiles
    fitted = quick("umap")
    fit = stopwatch(lambda: fitted.fit(images()))
    benchmark.pedantic(fitted.transform, args=(images(seed=1),), rounds=ROUNDS, warmup_rounds=1)
    benchmark.extra_info["transform_over_fit"] = benchmark.stats.stats.min / fit
