"""Seconds to score an embedding of fixed size, metric by metric, and to load data."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.datasets import load_dataset
from benchmark.scoring import METRICS, Embedding, score

ROUNDS = 5
N_TRAIN, N_TEST, N_CLASSES, WIDTH, N_FEATURES = 2000, 1000, 10, 10, 64


@cache
def embedding(n_train: int = N_TRAIN, n_test: int = N_TEST) -> Embedding:
    """Return codes of ten overlapping classes, and inputs whose neighbours are partly the same."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(N_CLASSES, WIDTH))
    y_train, y_test = (np.arange(n) % N_CLASSES for n in (n_train, n_test))
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


@pytest.mark.slow
def test_score_at_the_size_of_mnist(benchmark: Any) -> None:
    scores = benchmark.pedantic(score, args=(replace(embedding(60_000, 10_000)),))
    assert scores.keys() == METRICS.keys()


def test_load_digits(benchmark: Any) -> None:
    dataset = benchmark.pedantic(load_dataset, args=("digits",), rounds=ROUNDS, warmup_rounds=1)
    assert dataset.n_train == 1438


def test_load_mnist(mnist_dir: Path, benchmark: Any) -> None:
    load = partial(load_dataset, data_dir=mnist_dir, download=False)
    dataset = benchmark.pedantic(load, args=("mnist",), rounds=ROUNDS, warmup_rounds=1)
    assert dataset.n_train == 60_000
