"""Methods that learn codes to cluster them, and have clusters of their own."""

from __future__ import annotations

from typing import Any, ClassVar

from reducers.base import FloatArray, Reducer
from reducers.parameters import integer


class OwnClusters(Reducer):
    """A reducer that also tells clusters apart; it needs all samples at hand.

    Parameters
    ----------
    n_clusters : int, default 10
        How many clusters there are; no more than samples.

    Attributes
    ----------
    labels_ : int ndarray, shape (n,)
        The cluster of every sample of the fit.
    """

    streams = False
    _partial_fit: ClassVar[Any] = Reducer._partial_fit  # none, whatever the autoencoder beneath has
    # Even with UMAP as a part: threads of torch do not survive the fork that this asks for.
    compiles = False

    n_clusters: int = integer(10, low=2)

    def _check_clusters(self, X: FloatArray) -> None:
        if self.n_clusters > len(X):
            raise self._refusal(f"n_clusters to be at most the number of samples, {len(X)}", self.n_clusters)
