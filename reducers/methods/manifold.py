"""Manifold learners that can embed unseen samples: UMAP, t-SNE and PaCMAP."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reducers.base import FloatArray, Reducer
from reducers.fitted_codes import FittedCodes
from reducers.parameters import integer, number

# Of t-SNE: fewest samples, most steps of early exaggeration, and, openTSNE's default, that of a new sample.
_FEWEST, _MOST_EARLY_STEPS, _PERPLEXITY_OF_NEW = 4, 250, 5.0
# PaCMAP draws so many others at random, of which the second nearest is a mid-near one.
_DRAWN = 6


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


class TSNE(Reducer):
    """t-distributed stochastic neighbour embedding, by openTSNE with its defaults.

    The samples of the fit keep the codes that it gave them. New ones are placed among them, each for
    itself (Poličar, Stražar and Zupan 2023, Embedding to reference t-SNE space). A `random_state` makes the
    result reproducible at the price of one thread; None uses all cores.

    Parameters
    ----------
    n_components : int, default 2
        1 or 2: what makes it fast is made for no more.
    perplexity : float >= 1, default 30
        Effective number of neighbours; at most a third of the other samples.
    n_iter : int, default 500
        Steps of the layout. Half as many, at most 250, come before them with neighbours pulled together
        (early exaggeration), and as many place new samples.
    """

    name = "tsne"
    reference = "van der Maaten and Hinton (2008), Visualizing data using t-SNE, JMLR 9"
    warmup_params = {"n_iter": 10}

    n_components: int = integer(2, low=1, positional=True)
    perplexity: float = number(30.0, low=1.0)
    n_iter: int = integer(500, low=2)

    def inapplicable(self, n_samples: int) -> str:
        """Return that codes have two components at most, where more are asked for."""
        if self.n_components <= 2:
            return ""
        return (
            f"The reducer 'tsne' makes codes of 1 or 2 components; got {self.n_components}: "
            "say n_components=2, or --components 2."
        )

    def _fit(self, X: FloatArray, rng: np.random.Generator) -> None:
        import openTSNE

        if len(X) < _FEWEST:
            raise self._refusal(f"at least {_FEWEST} samples", len(X))
        self.largest_perplexity_ = (len(X) - 1) / 3
        seed = None if self.random_state is None else int(rng.integers(2**31))
        self.embedding_ = openTSNE.TSNE(
            n_components=self.n_components,
            perplexity=min(self.perplexity, self.largest_perplexity_),
            early_exaggeration_iter=self._early_steps,
            n_iter=self.n_iter,
            random_state=seed,
            n_jobs=1 if seed is not None else -1,
        ).fit(X)
        # New samples are placed in a plane that is centred so, and what was given out must lie in it too.
        self.embedding_ -= (self.embedding_.max(axis=0) + self.embedding_.min(axis=0)) / 2
        self.fitted_ = FittedCodes(X, np.array(self.embedding_, dtype=np.float32))

    def _transform(self, X: FloatArray) -> NDArray[Any]:
        codes = self.fitted_.of(X)
        if codes is not None:
            return codes
        perplexity = min(_PERPLEXITY_OF_NEW, self.largest_perplexity_)
        return np.array(self.embedding_.transform(X, perplexity=perplexity, n_iter=self._early_steps))

    @property
    def _early_steps(self) -> int:
        return min(_MOST_EARLY_STEPS, self.n_iter // 2)


class PaCMAP(Reducer):
    """Pairwise controlled manifold approximation, by the package pacmap with its defaults.

    The samples of the fit keep the codes that it gave them; new ones are placed among them.

    Parameters
    ----------
    n_neighbors : int, default 10
        Pairs of near samples, for each sample.
    mid_near_ratio : float >= 0, default 0.5
        Pairs of samples half way off, by those of near ones.
    further_ratio : float >= 0, default 2
        Pairs of other samples, by those of near ones.
    """

    name = "pacmap"
    reference = (
        "Wang, Huang, Rudin and Shaposhnik (2021), Understanding how dimension reduction tools work, JMLR 22"
    )

    n_neighbors: int = integer(10, low=1)
    mid_near_ratio: float = number(0.5, low=0.0)
    further_ratio: float = number(2.0, low=0.0)

    def inapplicable(self, n_samples: int) -> str:
        """Return how to install the package, where it is missing."""
        if find_spec("pacmap") is not None:
            return ""
        return (
            "The reducer 'pacmap' needs the package pacmap: "
            "pip install 'dimensionality-reduction-benchmark[pacmap]'."
        )

    def _fit(self, X: FloatArray, rng: np.random.Generator) -> None:
        # With fewer it would look for samples that are not drawn yet without end.
        fewest = self.n_neighbors + round(self.n_neighbors * self.mid_near_ratio) + _DRAWN + 2
        if len(X) < fewest:
            raise self._refusal(f"at least {fewest} samples for {self.n_neighbors} neighbours", len(X))
        self.seed_, self.basis_ = int(rng.integers(2**30)), X.copy()
        self.pacmap_ = self._model().fit(X, save_pairs=False)
        self.fitted_ = FittedCodes(X, self.pacmap_.embedding_)

    def _transform(self, X: FloatArray) -> NDArray[Any]:
        codes = self.fitted_.of(X)
        if codes is not None:
            return codes
        self._model()
        return np.asarray(self.pacmap_.transform(X, basis=self.basis_, save_pairs=False))

    def _model(self) -> Any:
        """Return an unfitted model; to make one sets the seed that all models of the package draw with."""
        import pacmap

        return pacmap.PaCMAP(
            n_components=self.n_components,
            n_neighbors=self.n_neighbors,
            MN_ratio=self.mid_near_ratio,
            FP_ratio=self.further_ratio,
            random_state=self.seed_,
        )
