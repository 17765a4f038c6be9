"""Linear reducers: the raw features, Gaussian random projection, principal components."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reducers.base import Reducer
from reducers.parameters import flag
from reducers.rows import FloatArray, Rows
from reducers.training.covariance import Scatter
from reducers.training.device import TorchReducer

# Forming the covariance costs n * d**2 and squares the condition number, so it pays (and is
# precise enough in double) only where samples outnumber a moderate number of features.
_COVARIANCE_MAX_FEATURES = 5000

# The largest variances, their axes (rows), and the sum of all variances.
Axes = tuple[NDArray[Any], NDArray[Any], float]


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
        codes: NDArray[Any] = X @ self.components_.T
        return codes

    def _inverse_transform(self, Z: FloatArray) -> NDArray[Any]:
        reconstructions: NDArray[Any] = Z @ self.inverse_components_.T
        return reconstructions

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
            mean, matrix = self._covariance(X)
            self._keep_axes(mean, _principal_axes(matrix, self.n_components))
        else:
            self._keep_axes(*self._singular_axes(X))

    def _partial_fit(self, X: FloatArray | Rows, rng: np.random.Generator) -> None:
        n, d = X.shape
        if d > _COVARIANCE_MAX_FEATURES:
            raise self._refusal(f"at most {_COVARIANCE_MAX_FEATURES:,} features for partial_fit", d)
        if not hasattr(self, "n_components_"):
            self._scatter = None
        elif self._scatter is None:
            raise self._refusal("partial_fit from the first batch on, or fit on all of them", "both in turn")
        mean, matrix = self._covariance(X)
        batch = Scatter(n, mean.astype(np.float64), matrix * max(n - 1, 1))
        total = batch if self._scatter is None else self._scatter + batch
        self._check_width(total.n, d)
        self._keep_axes(total.mean.astype(np.float32), _principal_axes(total.covariance, self.n_components))
        self._scatter = total

    def _check_width(self, n: int, d: int) -> None:
        if self.n_components > min(n, d):
            most = f"n_components <= min(samples, features) = {min(n, d)}"
            raise self._refusal(most, self.n_components)

    def _keep_axes(self, mean: FloatArray, found: Axes) -> None:
        spread, axes, total = found
        axes = axes.astype(np.float32)
        largest = np.abs(axes).argmax(axis=1)
        signs = np.sign(axes[np.arange(len(axes)), largest])
        self.components_ = np.ascontiguousarray(axes * signs[:, None])
        self.mean_ = mean
        self.explained_variance_ = np.maximum(spread, 0.0)
        self.explained_variance_ratio_ = self.explained_variance_ / max(total, np.finfo(float).tiny)

    @property
    def _on_cpu(self) -> bool:
        """Whether numpy computes all: on a CPU, its threads and torch's would wait for each other."""
        return self._torch_device().type == "cpu"

    def _covariance(self, X: FloatArray | Rows) -> tuple[FloatArray, NDArray[np.float64]]:
        from reducers.training.covariance import covariance, covariance_on_device

        return covariance(X) if self._on_cpu else covariance_on_device(self._batches(X))

    def _singular_axes(self, X: FloatArray | Rows) -> tuple[FloatArray, Axes]:
        import torch

        from reducers.training.covariance import mean_on_device

        data = self._batches(X)
        mean = mean_on_device(data)
        centred = torch.cat(list(data.blocks())) - mean
        _, singular, axes = torch.linalg.svd(centred, full_matrices=False)
        variance = (singular.cpu().double() ** 2 / max(len(data) - 1, 1)).numpy()
        k = self.n_components
        return mean.cpu().numpy(), (variance[:k], axes[:k].cpu().numpy(), float(variance.sum()))

    def _scale(self) -> NDArray[Any]:
        if not self.whiten:
            return np.ones(self.n_components_, dtype=np.float32)
        scale: NDArray[Any] = np.sqrt(self.explained_variance_)
        # A direction whose variance is below what single precision resolves is not scaled up.
        unresolved = self.explained_variance_ <= np.finfo(np.float32).eps * self.explained_variance_.max()
        return np.where(unresolved, 1.0, scale).astype(np.float32)

    def _transform(self, X: FloatArray | Rows) -> NDArray[Any]:
        from reducers.training.batches import BLOCK_ROWS

        axes = np.ascontiguousarray((self.components_ / self._scale()[:, None]).T)
        # Centred first: the difference of two large products would lose what an offset hides.
        if self._on_cpu:
            blocks = (X[start : start + BLOCK_ROWS] for start in range(0, len(X), BLOCK_ROWS))
            return np.concatenate([(block - self.mean_) @ axes for block in blocks])
        on_device, mean = self._to_device(axes), self._to_device(self.mean_)
        return self._apply(lambda x: (x - mean) @ on_device, X)  # type: ignore[no-any-return]

    def _inverse_transform(self, Z: FloatArray) -> NDArray[Any]:
        axes = self._to_device(self.components_ * self._scale()[:, None])
        mean = self._to_device(self.mean_)
        return self._apply(lambda z: z @ axes + mean, Z)  # type: ignore[no-any-return]

    @property
    def n_parameters_(self) -> int:
        """Size of the components and the mean."""
        return int(self.components_.size + self.mean_.size)


def _principal_axes(covariance: NDArray[np.float64], k: int) -> Axes:
    """Return the `k` largest variances, their axes (rows), and the sum of all variances."""
    from scipy.linalg import eigh

    d = len(covariance)
    variance, axes = eigh(covariance, subset_by_index=[d - k, d - 1])
    return variance[::-1], axes[:, ::-1].T, float(np.trace(covariance))
