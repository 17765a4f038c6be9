"""Mean and covariance by blocks, on every way there is, against numpy's in double precision."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from reducers.rows import FloatArray, Rows
from reducers.training import covariance as module
from reducers.training.batches import make_batches
from reducers.training.covariance import scatter, scatter_on_device

N, WIDTH = 257, 9


def pixels() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (N, WIDTH), dtype=np.uint8)


def in_bytes() -> Rows:
    return Rows(pixels(), scale=255.0)


def in_floats() -> FloatArray:
    return (pixels() / 255.0).astype(np.float32)


@pytest.mark.parametrize("rows", [1, 64, 256, 1000])
@pytest.mark.parametrize("samples", [in_bytes, in_floats])
def test_blocks_add_up_to_the_covariance(
    samples: type[Rows], rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BLOCK_VALUES", rows * WIDTH)
    found = scatter(samples())  # type: ignore[call-arg]
    exact = pixels() / 255.0
    np.testing.assert_allclose(found.mean, exact.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.covariance, np.cov(exact.T), atol=1e-6)


def test_a_device_finds_the_same() -> None:
    found, other = scatter(in_floats()), scatter_on_device(make_batches(in_bytes(), torch.device("cpu")))
    np.testing.assert_allclose(other.mean, found.mean, atol=1e-6)
    np.testing.assert_allclose(other.covariance, found.covariance, atol=1e-6)


def test_a_large_mean_costs_no_accuracy() -> None:
    X = in_floats() + np.float32(1000.0)
    exact = np.cov(X.astype(np.float64).T)
    np.testing.assert_allclose(scatter(X).covariance, exact, rtol=1e-3, atol=1e-3)


def test_samples_in_an_order_are_no_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK_VALUES", 16 * WIDTH)
    X = in_floats() + np.linspace(0, 50, N, dtype=np.float32)[:, None]
    found = scatter(X)
    np.testing.assert_allclose(found.mean, X.mean(axis=0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(found.covariance, np.cov(X.astype(np.float64).T), rtol=1e-4)


def test_one_sample_varies_in_nothing() -> None:
    found = scatter(in_floats()[:1])
    np.testing.assert_array_equal(found.mean, in_floats()[0])
    assert not found.covariance.any()
