"""Raw features, random projection and principal components, against algebra and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn import decomposition
from sklearn.datasets import load_digits
from sklearn.metrics import pairwise_distances

from reducers.base import FloatArray
from reducers.methods import linear
from reducers.methods.linear import PCA, RandomProjection, Raw

WIDTH = 10
# 1,797 samples of 64 features take the covariance, 300 of them the singular value decomposition.
SAMPLES = {"covariance": 1797, "singular values": 300}


def digits(branch: str) -> FloatArray:
    scaled: FloatArray = (load_digits().data / 16.0).astype(np.float32)
    return scaled[: SAMPLES[branch]]


def exact(X: FloatArray, width: int = WIDTH, whiten: bool = False) -> decomposition.PCA:
    """scikit-learn's PCA in double precision."""
    return decomposition.PCA(width, whiten=whiten, svd_solver="full").fit(X.astype(np.float64))


def aligned(Z: NDArray[np.floating], reference: NDArray[np.floating]) -> NDArray[np.floating]:
    """`Z` with the sign of each column that agrees with `reference`."""
    return np.asarray(Z * np.sign((Z * reference).sum(axis=0)))


branches = pytest.mark.parametrize("branch", SAMPLES)


@branches
def test_pca_equals_scikit_learn(branch: str) -> None:
    X = digits(branch)
    ours, theirs = PCA(WIDTH).fit(X), exact(X)
    cosines = np.linalg.svd(ours.components_ @ theirs.components_.T)[1]
    assert cosines.min() > 1 - 1e-5
    np.testing.assert_allclose(ours.mean_, theirs.mean_, atol=1e-6)
    np.testing.assert_allclose(ours.explained_variance_, theirs.explained_variance_, rtol=1e-5)
    np.testing.assert_allclose(ours.explained_variance_ratio_, theirs.explained_variance_ratio_, rtol=1e-5)
    Z = theirs.transform(X)
    np.testing.assert_allclose(aligned(ours.transform(X), Z), Z, atol=1e-4)
    np.testing.assert_allclose(
        ours.inverse_transform(ours.transform(X)), theirs.inverse_transform(Z), atol=1e-5
    )


@branches
def test_whitened_codes_are_uncorrelated_with_unit_variance(branch: str) -> None:
    X = digits(branch)
    plain, white = PCA(WIDTH).fit(X), PCA(WIDTH, whiten=True).fit(X)
    Z = white.transform(X)
    np.testing.assert_allclose(np.cov(Z, rowvar=False), np.eye(WIDTH), atol=1e-4)
    reference = exact(X, whiten=True).transform(X)
    np.testing.assert_allclose(aligned(Z, reference), reference, atol=1e-4)
    np.testing.assert_allclose(
        white.inverse_transform(Z), plain.inverse_transform(plain.transform(X)), atol=1e-5
    )


def test_a_direction_that_never_varied_does_not_blow_up_when_whitened() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 8))
    X[:, 5:] = 0.0
    Z = PCA(8, whiten=True).fit(X).transform(rng.normal(size=(50, 8)))
    assert np.abs(Z).max() < 1e3


def test_both_branches_give_the_same_axes_and_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    X = digits("covariance")
    by_covariance = PCA(WIDTH).fit(X)
    monkeypatch.setattr(linear, "_COVARIANCE_MAX_FEATURES", 1)
    by_singular_values = PCA(WIDTH).fit(X)
    np.testing.assert_allclose(by_covariance.components_, by_singular_values.components_, atol=1e-4)


@branches
def test_axes_are_orthonormal_with_a_positive_largest_entry(branch: str) -> None:
    X = digits(branch)
    axes = PCA(WIDTH).fit(X).components_
    np.testing.assert_allclose(axes @ axes.T, np.eye(WIDTH), atol=1e-5)
    assert (axes[np.arange(WIDTH), np.abs(axes).argmax(axis=1)] > 0).all()
    np.testing.assert_allclose(PCA(WIDTH).fit(-X).components_, axes, atol=1e-4)


@branches
@pytest.mark.parametrize("whiten", [False, True])
def test_a_large_offset_costs_no_accuracy(branch: str, whiten: bool) -> None:
    X = digits(branch) + np.float32(1000.0)
    ours, theirs = PCA(WIDTH, whiten=whiten).fit(X), exact(X, whiten=whiten)
    np.testing.assert_allclose(ours.explained_variance_, theirs.explained_variance_, rtol=1e-4)
    reference = theirs.transform(X.astype(np.float64))
    # The spacing of single precision at 1000 is 6e-5, and a code sums 64 of them.
    np.testing.assert_allclose(aligned(ours.transform(X), reference), reference, atol=5e-4)


def test_all_components_reconstruct_the_data() -> None:
    X = digits("singular values")
    pca = PCA(64).fit(X)
    np.testing.assert_allclose(pca.inverse_transform(pca.transform(X)), X, atol=1e-5)
    assert pca.explained_variance_ratio_.sum() == pytest.approx(1.0, abs=1e-6)
    assert (np.diff(pca.explained_variance_) <= 1e-6).all()
    assert pca.n_parameters_ == 64 * 64 + 64


def test_constant_data_have_no_variance() -> None:
    X = np.full((30, 4), 3.0)
    pca = PCA(2).fit(X)
    np.testing.assert_array_equal(pca.explained_variance_ratio_, 0.0)
    np.testing.assert_allclose(pca.inverse_transform(pca.transform(X)), X, atol=1e-5)


@pytest.mark.parametrize("shape", [(5, 20), (20, 5)])
def test_more_components_than_there_can_be_are_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"'pca' needs n_components <= .* = 5; got 6\."):
        PCA(6).fit(np.random.default_rng(0).normal(size=shape))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
@branches
def test_pca_on_cuda_equals_the_cpu(branch: str) -> None:
    X = digits(branch)
    on_cpu, on_gpu = (PCA(WIDTH, device=device).fit(X) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(on_gpu.explained_variance_, on_cpu.explained_variance_, rtol=1e-5)
    np.testing.assert_allclose(on_gpu.transform(X), on_cpu.transform(X), atol=1e-3)


def test_a_wide_random_projection_preserves_all_distances() -> None:
    width = 2000
    X = np.random.default_rng(1).normal(size=(40, 300))
    Z = RandomProjection(width).fit_transform(X)
    pairs = np.triu_indices(len(X), 1)
    ratio = (pairwise_distances(Z)[pairs] / pairwise_distances(X)[pairs]) ** 2
    # Each ratio is chi-squared over its degrees of freedom: standard deviation sqrt(2 / width).
    assert np.abs(ratio - 1).max() < 5 * np.sqrt(2 / width)
    assert ratio.std() == pytest.approx(np.sqrt(2 / width), rel=0.25)


def test_a_narrow_random_projection_preserves_distances_in_expectation() -> None:
    width, draws = 5, 600
    X = np.random.default_rng(2).normal(size=(1, 30)).astype(np.float32)
    projections = [RandomProjection(width, random_state=seed).fit(X) for seed in range(draws)]
    ratio = [float((p.transform(X) ** 2).sum() / (X**2).sum()) for p in projections]
    assert np.mean(ratio) == pytest.approx(1.0, abs=3.5 * np.sqrt(2 / width / draws))


def test_the_inverse_of_a_random_projection_is_the_pseudo_inverse() -> None:
    X = digits("singular values")
    projection = RandomProjection(WIDTH).fit(X)
    Z = projection.transform(X)
    back = projection.inverse_transform(Z)
    np.testing.assert_allclose(projection.transform(back), Z, atol=1e-4)
    # Of all points with that code it is the shortest: what is lost is orthogonal to it.
    np.testing.assert_allclose(((X - back) * back).sum(axis=1), 0.0, atol=1e-3)
    assert projection.n_parameters_ == WIDTH * 64


def test_raw_is_the_identity() -> None:
    X = digits("singular values")
    raw = Raw(3).fit(X)
    np.testing.assert_array_equal(raw.transform(X), X)
    assert (raw.n_components_, raw.n_parameters_) == (64, 0)
