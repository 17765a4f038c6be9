"""N2D: the clusters are found on the manifold of an autoencoder's codes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from reducers.base import FloatArray
from reducers.methods.autoencoders.stacked import Stacked
from reducers.methods.deep_clustering import OwnClusters
from reducers.methods.manifold import UMAP
from reducers.parameters import integer, one_of, sizes
from reducers.training.device import TorchReducer

# A start of the mixture may end where two digits share a cluster, at a lower likelihood than others have.
_MIXTURE_STARTS = 5


class N2D(OwnClusters, TorchReducer):
    """An autoencoder's codes, their manifold by UMAP with min_dist 0, and a Gaussian mixture on it.

    The codes are those of the manifold, as wide as the autoencoder's own. New samples come to them by the
    encoder and UMAP's transform. The autoencoder is a `Stacked` one, which is trained for fewer epochs than
    the paper's 1,000.

    Parameters
    ----------
    hidden, batch_size, epochs, pretrain_epochs, precision
        Of the autoencoder, see `Stacked`.
    n_neighbors : int, default 20
        Of UMAP; the paper takes 20 for images of digits, 10 for others.
    n_epochs : int, default 0
        Of UMAP's layout; 0 leaves the choice to it.

    Attributes
    ----------
    autoencoder_, manifold_ : Stacked, UMAP
    mixture_ : sklearn.mixture.GaussianMixture
    history_ : list of dict
        Of the autoencoder.
    """

    name = "n2d"
    reference = "McConville et al. (2020), N2D: (not too) deep clustering, ICPR, arXiv:1908.05968"
    warmup_samples = UMAP.warmup_samples
    warmup_params = {**UMAP.warmup_params, **Stacked.warmup_params}

    hidden: tuple[int, ...] = sizes((500, 500, 2000))
    batch_size: int = integer(256, low=1)
    epochs: int = integer(40, low=1)
    pretrain_epochs: int = integer(3, low=0)
    precision: str = one_of("auto", "fp32", "bf16")
    n_neighbors: int = integer(20, low=2)
    n_epochs: int = integer(0, low=0)

    def _fit(self, X: FloatArray, rng: np.random.Generator) -> None:
        self._check_clusters(X)
        seeds = [int(seed) for seed in rng.integers(2**31, size=3)]
        shared = ("n_components", "hidden", "batch_size", "epochs", "pretrain_epochs", "precision", "device")
        own = {name: getattr(self, name) for name in shared}
        self.autoencoder_ = Stacked(random_state=seeds[0], **own).fit(X)
        self.precision_, self.history_ = self.autoencoder_.precision_, self.autoencoder_.history_
        self.manifold_ = UMAP(
            n_components=self.n_components,
            n_neighbors=self.n_neighbors,
            min_dist=0.0,
            n_epochs=self.n_epochs,
            random_state=None if self.random_state is None else seeds[1],
        )
        codes = self.manifold_.fit_transform(self.autoencoder_.transform(X))
        mixture = GaussianMixture(self.n_clusters, n_init=_MIXTURE_STARTS, random_state=seeds[2])
        self.mixture_ = mixture.fit(_exact(codes))
        self.labels_ = self.mixture_.predict(_exact(codes))

    def _transform(self, X: FloatArray) -> NDArray[Any]:
        return self.manifold_.transform(self.autoencoder_.transform(X))

    def _predict(self, X: FloatArray) -> NDArray[Any]:
        return np.asarray(self.mixture_.predict(_exact(self._transform(X))))


def _exact(codes: FloatArray) -> NDArray[np.float64]:
    # The covariance of a tight cluster may be singular in single precision.
    return codes.astype(np.float64)
