"""Linear reducers: the raw features, Gaussian random projection, principal components."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import eigh

from reducers.base import Reducer
from reducers.parameters import flag
from reducers.rows import FloatArray, Rows
from reducers.training.batches import BLOCK_ROWS
from reducers.training.covariance import Scatter, mean_on_device, scatter, scatter_on_device
from reducers.training.device import TorchReducer

# Forming the covariance costs n * d**2 and squares the condition number, so it pays (and is
# precise enough in double) only where samples outnumber a moderate number of features.
_COVARIANCE_MAX_FEATURES = 5000


class Raw(Reducer):
    """The features, unchanged: the baseline every other row is compared with.

    `n_components` is accepted, as by every reducer, and has no effect.
    """

    name = "raw"
    reference = "no reduction"

    def _fit(self, X: FloatArray, rng: np.random.Generator) -> None:
        self.n_components_ = X.shape[1]

    def _transform(self, X: FloatArray) -> NDArray[Any]:
        return X

    @property
    def n_parameters_(self) -> int:
        """Nothing is learned."""
        return 0


class RandomProjection(Reducer):
    """Projection on Gaussian random directions, which keeps distances in expectation.

    The inverse is the Moore-Penrose pseudo-inverse of the projection.
    """

    name = "random-projection"
    reference = "Johnson and Lindenstrauss (1984), Extensions of Lipschitz mappings into a Hilbert space"
    ignores_offset = True

    def _fit(self, X: FloatArray, rng: np.random.Generator) -> None:
        shape = (self.n_components, X.shape[1])
        self.components_ = (rng.standard_normal(shape) / np.sqrt(self.n_components)).astype(np.float32)
        self.inverse_components_ = np.linalg.pinv(self.components_)

    def _transform(self, X: FloatArray) -> NDArray[Any]:
        return np.asarray(X @ self.components_.T)

    def _inverse_transform(self, Z: FloatArray) -> NDArray[Any]:
        return np.asarray(Z @ self.inverse_components_.T)

    @property
    def n_parameters_(self) -> int:
        """Size of the projection."""
        return int(self.components_.size)


class PCA(TorchReducer):
    """Principal component analysis.

    An exact eigendecomposition of the covariance where samples far outnumber features, else a
    singular value decomposition of the centred data. Products run on the device in single
    precision; the covariance is summed and decomposed in double.

    Parameters
    ----------
    whiten : bool, default False
        Scale every component to unit variance on the training data.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        Orthonormal rows, by decreasing variance; the entry of largest magnitude is positive.
    mean_ : ndarray of shape (n_features,)
    explained_variance_, explained_variance_ratio_ : ndarray of shape (n_components,)

    Notes
    -----
    `partial_fit` keeps the covariance of the batches so far, of at most 5,000 features, and finds what `fit`
    finds in all of their samples.
    """

    name = "pca"
    reference = "Pearson (1901), On lines and planes of closest fit to systems of points in space"
    ignores_offset = True

    whiten: bool = flag(False)

    def _fit(self, X: FloatArray | Rows, rng: np.random.Generator) -> None:
        n, d = X.shape
        self._check_width(n, d)
        self._scatter: Scatter | None = None
        if d <= n and d <= _COVARIANCE_MAX_FEATURES:
            self._keep_principal_axes(self._scatter_of(X))
        else:
            self._keep_singular_axes(X)

    def _partial_fit(self, X: FloatArray | Rows, rng: np.random.Generator) -> None:
        d = X.shape[1]
        if d > _COVARIANCE_MAX_FEATURES:
            raise self._refusal(f"at most {_COVARIANCE_MAX_FEATURES:,} features for partial_fit", d)
        if not hasattr(self, "n_components_"):
            self._scatter = None
        elif self._scatter is None:
            raise self._refusal("partial_fit from the first batch on, or fit on all of them", "both in turn")
        batch = self._scatter_of(X)
        total = batch if self._scatter is None else self._scatter + batch
        self._check_width(total.n, d)
        self._keep_principal_axes(total)
        self._scatter = total

    def _check_width(self, n: int, d: int) -> None:
        if self.n_components > min(n, d):
            most = f"n_components <= min(samples, features) = {min(n, d)}"
            raise self._refusal(most, self.n_components)

    @property
    def _on_cpu(self) -> bool:
        """Whether numpy computes all: on a CPU, its threads and torch's would wait for each other."""
        return self._torch_device().type == "cpu"

    def _scatter_of(self, X: FloatArray | Rows) -> Scatter:
        return scatter(X) if self._on_cpu else scatter_on_device(self._batches(X))

    def _keep_principal_axes(self, found: Scatter) -> None:
        covariance, d = found.covariance, len(found.mean)
        variance, axes = eigh(covariance, subset_by_index=[d - self.n_components, d - 1])
        self._keep_axes(found.mean, variance[::-1], axes[:, ::-1].T, np.trace(covariance))

    def _keep_singular_axes(self, X: FloatArray | Rows) -> None:
        data, k = self._batches(X), self.n_components
        mean = mean_on_device(data)
        centred = torch.cat(list(data.blocks())) - mean
        _, singular, axes = torch.linalg.svd(centred, full_matrices=False)
        variance = (singular.cpu().double() ** 2 / max(len(data) - 1, 1)).numpy()
        self._keep_axes(mean.cpu().numpy(), variance[:k], axes[:k].cpu().numpy(), variance.sum())

    def _keep_axes(
        self, mean: NDArray[Any], variance: NDArray[Any], axes: NDArray[Any], total: float
    ) -> None:
        """Keep the largest variances, their axes (rows), and the share of the sum of all variances."""
        axes = axes.astype(np.float32)
        largest = np.abs(axes).argmax(axis=1)
        signs = np.sign(axes[np.arange(len(axes)), largest])
        self.components_ = np.ascontiguousarray(axes * signs[:, None])
        self.mean_ = mean.astype(np.float32)
        self.explained_variance_ = np.maximum(variance, 0.0)
        self.explained_variance_ratio_ = self.explained_variance_ / max(total, np.finfo(float).tiny)

    def _scale(self) -> NDArray[Any]:
        if not self.whiten:
            return np.ones(self.n_components_, dtype=np.float32)
        scale: NDArray[Any] = np.sqrt(self.explained_variance_)
        # A direction whose variance is below what single precision resolves is not scaled up.
        unresolved = self.explained_variance_ <= np.finfo(np.float32).eps * self.explained_variance_.max()
        return np.where(unresolved, 1.0, scale).astype(np.float32)

    def _transform(self, X: FloatArray | Rows) -> NDArray[Any]:
        axes = np.ascontiguousarray((self.components_ / self._scale()[:, None]).T)
        # Centred first: the difference of two large products would lose what an offset hides.
        if self._on_cpu:
            blocks = (X[start : start + BLOCK_ROWS] for start in range(0, len(X), BLOCK_ROWS))
            return np.concatenate([(block - self.mean_) @ axes for block in blocks])
        on_device, mean = self._to_device(axes), self._to_device(self.mean_)
        return self._apply(lambda x: (x - mean) @ on_device, X)

    def _inverse_transform(self, Z: FloatArray) -> NDArray[Any]:
        axes = self._to_device(self.components_ * self._scale()[:, None])
        mean = self._to_device(self.mean_)
        return self._apply(lambda z: z @ axes + mean, Z)

    @property
    def n_parameters_(self) -> int:
        """Size of the components and the mean."""
        return int(self.components_.size + self.mean_.size)
