"""What is timed on: MNIST where it is at hand, else images made up to the same shape."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from benchmark.datasets import Dataset
    from reducers.rows import FloatArray

N_PIXELS = 784


@cache
def mnist() -> Dataset | None:
    """Return MNIST, or None where it is neither below BENCHMARK_DATA_DIR nor in the cache."""
    from benchmark.datasets import DataUnavailable, load_dataset

    try:
        return load_dataset("mnist", download=False)
    except DataUnavailable:
        return None


@cache
def training_images(n: int) -> FloatArray:
    """Return `n` <= 60,000 images with pixels in [0, 1]: float32, shape (n, 784)."""
    dataset = mnist()
    if dataset is None:
        return synthetic_images(n)
    return np.ascontiguousarray(np.asarray(dataset.X_train[:n], dtype=np.float32) / np.float32(255))


def synthetic_images(n: int, seed: int = 0) -> FloatArray:
    """Return `n` images of 28x28 pixels on a smooth 10-dimensional surface in [0, 1]."""
    rng = np.random.default_rng(seed)
    axes = rng.normal(size=(10, N_PIXELS)).astype(np.float32)
    codes = rng.normal(size=(n, 10)).astype(np.float32)
    images: FloatArray = 1 / (1 + np.exp(-codes @ axes))
    return images


def source() -> str:
    """Return what the images are, in words."""
    return "synthetic images of MNIST's shape" if mnist() is None else "MNIST"
