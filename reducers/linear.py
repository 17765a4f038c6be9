"""Linear reducers: the raw features, Gaussian random projection, principal components."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reducers.accelerated import TorchReducer
from reducers.base import Reducer
from reducers.parameters import flag
from reducers.rows import FloatArray, Rows

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

    def _fit(self, X: FloatArray | Rows, rng: np.random.Generator) -> None:
        n, d = X.shape
        if self.n_components > min(n, d):
            raise ValueError(
                f"The reducer 'pca' needs n_components <= min(samples, features) = {min(n, d)}; "
                f"got {self.n_components}."
            )
        data = self._batches(X)
        mean = _mean(data)
        tall = d <= n and d <= _COVARIANCE_MAX_FEATURES
        find = _covariance_axes if tall else _singular_axes
        spread, axes, total = find(data, mean, self.n_components)
        axes = axes.astype(np.float32)
        largest = np.abs(axes).argmax(axis=1)
        signs = np.sign(axes[np.arange(len(axes)), largest])
        self.components_ = np.ascontiguousarray(axes * signs[:, None])
        self.mean_ = mean.cpu().numpy()
        self.explained_variance_ = np.maximum(spread, 0.0)
        self.explained_variance_ratio_ = self.explained_variance_ / max(total, np.finfo(float).tiny)

    def _scale(self) -> NDArray[Any]:
        if not self.whiten:
            return np.ones(self.n_components_, dtype=np.float32)
        scale: NDArray[Any] = np.sqrt(self.explained_variance_)
        # A direction whose variance is below what single precision resolves is not scaled up.
        unresolved = self.explained_variance_ <= np.finfo(np.float32).eps * self.explained_variance_.max()
        return np.where(unresolved, 1.0, scale).astype(np.float32)

    def _transform(self, X: FloatArray | Rows) -> NDArray[Any]:
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

    # Where the device has no double precision, it is the CPU's.
    device = "cpu" if data.device.type == "mps" else data.device
    total = torch.zeros(data.shape[1], dtype=torch.float64, device=device)
    for block in data.blocks():
        total += block.to(device).sum(dim=0, dtype=torch.float64)
    return (total / len(data)).float().to(data.device)


Axes = tuple[NDArray[Any], NDArray[Any], float]


def _covariance_axes(data: Any, mean: Any, k: int) -> Axes:
    """Return the `k` largest variances, their axes (rows), and the sum of all variances, of `data` (n, d)."""
    import torch
    from scipy.linalg import eigh

    from reducers.products import product

    n, d = data.shape
    # Where the device has no double precision, the sums are kept on the CPU.
    device = "cpu" if data.device.type == "mps" else data.device
    sums = torch.zeros(d, d, dtype=torch.float64, device=device)
    # Block sums in single precision, added up in double: accurate, at the speed of single.
    for block in data.blocks():
        centred = block - mean
        sums += product(centred.T, centred).to(device)
    covariance = (sums / max(n - 1, 1)).cpu().numpy()
    variance, axes = eigh(covariance, subset_by_index=[d - k, d - 1])
    return variance[::-1], axes[:, ::-1].T, float(np.trace(covariance))


def _singular_axes(data: Any, mean: Any, k: int) -> Axes:
    """Return the same from the singular values of centred `data`."""
    import torch

    whole = torch.cat(list(data.blocks()))
    _, singular, axes = torch.linalg.svd(whole - mean, full_matrices=False)
    variance = (singular.cpu().double() ** 2 / max(len(data) - 1, 1)).numpy()
    return variance[:k], axes[:k].cpu().numpy(), float(variance.sum())
