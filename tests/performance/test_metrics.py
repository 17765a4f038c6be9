"""Seconds to score an embedding of fixed size, metric by metric, and to load data."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from benchmark.datasets import load_dataset
from benchmark.scoring import METRICS, Embedding

ROUNDS = 5
N_TRAIN, N_TEST, N_CLASSES, WIDTH, N_FEATURES = 2000, 1000, 10, 10, 64


@cache
def embedding() -> Embedding:
    """Return codes of ten overlapping classes, and inputs whose neighbours are partly the same."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(N_CLASSES, WIDTH))
    y_train, y_test = (np.arange(n) % N_CLASSES for n in (N_TRAIN, N_TEST))
    Z_train, Z_test = (centres[y] + rng.normal(size=(len(y), WIDTH)) for y in (y_train, y_test))
    X_test = Z_test @ rng.normal(size=(WIDTH, N_FEATURES))
    noisy = X_test + rng.normal(size=X_test.shape)
    return Embedding(Z_train, Z_test, y_train, y_test, X_test, noisy, n_jobs=1)


@pytest.mark.parametrize("name", METRICS)
def test_metric(name: str, benchmark: Any) -> None:
    def unscored() -> tuple[tuple[Any, ...], dict[str, Any]]:
        # A new one each time: what metrics share is computed once an embedding, and is timed here.
        return (replace(embedding()),), {}

    metric = METRICS[name]
    value = benchmark.pedantic(metric, setup=unscored, rounds=ROUNDS, warmup_rounds=1)
    assert value is not None
    assert metric.low <= value <= metric.high


def test_load_digits(benchmark: Any) -> None:
    dataset = benchmark.pedantic(load_dataset, args=("digits",), rounds=ROUNDS, warmup_rounds=1)
    assert dataset.n_train == 1438
