"""Which samples: stratified splits and sub-samples, the same for the same seed."""

from __future__ import annotations

import numpy as np

TEST_FRACTION = 0.2


def split_indices(
    n_samples: int, y: np.ndarray | None, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return shuffled indices of 80 % to train and 20 % to test, stratified where that is possible.

    Stratification needs two samples of each class of the labels `y` (n_samples,), and a place for each class
    in both parts; without that the split is plainly random. Of at least 2 samples, both int64 indices
    together are a permutation of 0 to ``n_samples - 1``.
    """
    n_test = test_size(n_samples)
    counts = np.zeros(1) if y is None else np.unique(y, return_counts=True)[1]
    if y is not None and counts.min() >= 2 and len(counts) <= min(n_test, n_samples - n_test):
        test = stratified_sample(y, n_test, rng)
    else:
        test = rng.permutation(n_samples)[:n_test]
    kept = np.ones(n_samples, dtype=bool)
    kept[test] = False
    return rng.permutation(np.flatnonzero(kept)), test


def test_size(n_samples: int) -> int:
    """Return how many of so many samples are held out."""
    return max(1, round(TEST_FRACTION * n_samples))


def subsample(
    rows: np.ndarray, y: np.ndarray | None, size: int | None, rng: np.random.Generator
) -> np.ndarray:
    """Return `size` of the given row numbers, shuffled and stratified by the labels `y` of all samples.

    Where `size`, at least 1, is None or more than there are, they are returned as they are.
    """
    if size is None or size >= len(rows):
        return rows
    return rows[rng.permutation(len(rows))[:size] if y is None else stratified_sample(y[rows], size, rng)]


def stratified_sample(y: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return `size`, 0 to n, shuffled indices into labels (n,) without repetition, classes in proportion."""
    _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    shuffled = rng.permutation(len(y))
    by_class = shuffled[np.argsort(codes[shuffled], kind="stable")]
    rank = np.arange(len(y)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rng.permutation(by_class[rank < np.repeat(allocate(counts, size), counts)])


def allocate(counts: np.ndarray, size: int) -> np.ndarray:
    """Share `size` places among classes by the largest remainders, none left out if `size` allows.

    `counts` (k,) are the samples of each class, all positive, and `size` is 0 to their sum. The int places
    (k,) of the classes sum to `size` and never exceed `counts`.
    """
    exact = size * counts / counts.sum()
    quota: np.ndarray = np.floor(exact).astype(np.int64)
    missing = size - int(quota.sum())
    quota[np.argsort(quota - exact, kind="stable")[:missing]] += 1
    if size >= len(counts):
        while (quota == 0).any():
            quota[np.argmin(quota)] += 1
            quota[np.argmax(quota)] -= 1
    return quota
