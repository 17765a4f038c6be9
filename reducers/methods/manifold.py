"""UMAP: neighbours stay neighbours in few dimensions, and unseen samples find their place."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reducers.base import FloatArray, Reducer
from reducers.parameters import integer, number


class UMAP(Reducer):
    """Uniform manifold approximation and projection, by umap-learn with its defaults.

    A `random_state` makes the result reproducible at the price of one thread in the layout phase;
    None uses all cores and differs from run to run.

    Parameters
    ----------
    n_neighbors : int, default 15
        Size of the local neighbourhood.
    min_dist : float in [0, 1], default 0.1
        How tightly points may be packed in the embedding.
    n_epochs : int, default 0
        Epochs of the layout, at least 3; 0 leaves the choice to umap-learn (200 for large data, 500 for
        small). Unseen samples get a third of them.

    Notes
    -----
    Functions are compiled at first use, which is why the warm-up needs a slice large enough for
    the approximate neighbour search (above 4,096 samples) that large data will use.
    """

    name = "umap"
    reference = "McInnes, Healy and Melville (2018), UMAP, arXiv:1802.03426"
    ignores_offset = True
    compiles = True
    warmup_samples = 4608
    warmup_params = {"n_epochs": 10}

    n_neighbors: int = integer(15, low=2)
    min_dist: float = number(0.1, low=0.0, high=1.0)
    n_epochs: int = integer(0, low=0)

    def _fit(self, X: FloatArray, rng: np.random.Generator) -> None:
        import umap

        if 0 < self.n_epochs < 3:
            raise self._refusal("n_epochs to be 0 or at least 3", self.n_epochs)
        fewest = self.n_components + 2
        if len(X) < fewest:
            raise self._refusal(f"at least n_components + 2 = {fewest} samples", f"{len(X)} sample(s)")
        seed = None if self.random_state is None else int(rng.integers(2**31))
        # Fewer samples than neighbours is legal here: the neighbourhood is then everybody else.
        layout = umap.UMAP(
            n_components=self.n_components,
            n_neighbors=min(self.n_neighbors, len(X) - 1),
            min_dist=self.min_dist,
            n_epochs=self.n_epochs or None,
            random_state=seed,
            n_jobs=1 if seed is not None else -1,
        )
        with _threads_of_torch_kept():
            self.umap_ = layout.fit(X)

    def _transform(self, X: FloatArray) -> NDArray[Any]:
        with _threads_of_torch_kept():
            return np.asarray(self.umap_.transform(X))


@contextmanager
def _threads_of_torch_kept() -> Iterator[None]:
    """Leave torch as many threads as it had: numba sets the number of those of OpenMP, which both share."""
    torch: Any = sys.modules.get("torch")
    threads = None if torch is None else torch.get_num_threads()
    try:
        yield
    finally:
        if threads is not None:
            torch.set_num_threads(threads)
