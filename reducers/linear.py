"""Linear reducers: the raw features, Gaussian random projection, principal components."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reducers.accelerated import TorchReducer
from reducers.base import FloatArray, Reducer
from reducers.parameters import flag

# Forming the covariance costs n * d**2 and squares the condition number, so it pays (and is
# precise enough in double) only where samples far outnumber a moderate number of features.
_COVARIANCE_RATIO = 3
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
    """

    name = "pca"
    reference = "Pearson (1901), On lines and planes of closest fit to systems of points in space"

    whiten: bool = flag(False)

    def _fit(self, X: FloatArray, rng: np.random.Generator) -> None:
        n, d = X.shape
        if self.n_components > min(n, d):
            raise ValueError(
                f"The reducer 'pca' needs n_components <= min(samples, features) = {min(n, d)}; "
                f"got {self.n_components}."
            )
        data = self._to_device(X)
        mean = _mean(data)
        tall = n >= _COVARIANCE_RATIO * d and d <= _COVARIANCE_MAX_FEATURES
        variance, axes = _covariance_axes(data, mean) if tall else _singular_axes(data, mean)
        axes = axes[: self.n_components].float().cpu().numpy()
        largest = np.abs(axes).argmax(axis=1)
        signs = np.sign(axes[np.arange(len(axes)), largest])
        self.components_ = np.ascontiguousarray(axes * signs[:, None])
        self.mean_ = mean.cpu().numpy()
        spread = variance.clamp(min=0).cpu().numpy()
        self.explained_variance_ = spread[: self.n_components]
        self.explained_variance_ratio_ = self.explained_variance_ / max(spread.sum(), np.finfo(float).tiny)

    def _scale(self) -> NDArray[Any]:
        if not self.whiten:
            return np.ones(self.n_components_, dtype=np.float32)
        scale: NDArray[Any] = np.sqrt(self.explained_variance_)
        # A direction whose variance is below what single precision resolves is not scaled up.
        unresolved = self.explained_variance_ <= np.finfo(np.float32).eps * self.explained_variance_.max()
        return np.where(unresolved, 1.0, scale).astype(np.float32)

    def _transform(self, X: FloatArray) -> NDArray[Any]:
        axes = self._to_device(np.ascontiguousarray((self.components_ / self._scale()[:, None]).T))
        mean = self._to_device(self.mean_)
        # Centred first: the difference of two large products would lose what an offset hides.
        return self._apply(lambda x: (x - mean) @ axes, X)  # type: ignore[no-any-return]

    def _inverse_transform(self, Z: FloatArray) -> NDArray[Any]:
        axes = self._to_device(self.components_ * self._scale()[:, None])
        mean = self._to_device(self.mean_)
        return self._apply(lambda z: z @ axes + mean, Z)  # type: ignore[no-any-return]

    @property
    def n_parameters_(self) -> int:
        """Size of the components and the mean."""
        return int(self.components_.size + self.mean_.size)


def _mean(data: Any) -> Any:
    """Return the mean row of `data`, summed in double precision."""
    import torch

    total = torch.zeros(data.shape[1], dtype=torch.float64)
    for block in data.split(8192):
        reference = block[0]
        total += (block - reference).sum(dim=0).cpu().double() + len(block) * reference.cpu().double()
    return (total / len(data)).float().to(data.device)


def _covariance_axes(data: Any, mean: Any) -> tuple[Any, Any]:
    """Return all variances (descending) and axes (rows) from the covariance of `data` (n, d)."""
    import torch

    n = len(data)
    covariance = torch.zeros(data.shape[1], data.shape[1], dtype=torch.float64, device="cpu")
    # Block sums in single precision, added up in double: accurate, at the speed of single.
    for block in data.split(8192):
        centred = block - mean
        covariance += (centred.T @ centred).cpu().double()
    variance, axes = torch.linalg.eigh(covariance / max(n - 1, 1))
    return variance.flip(0), axes.flip(1).T


def _singular_axes(data: Any, mean: Any) -> tuple[Any, Any]:
    """Return variances (descending) and axes (rows) from the singular values of centred `data`."""
    import torch

    _, singular, axes = torch.linalg.svd(data - mean, full_matrices=False)
    return singular.cpu().double() ** 2 / max(len(data) - 1, 1), axes
