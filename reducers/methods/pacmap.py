"""PaCMAP, where its package is installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reducers.base import FloatArray, Reducer
from reducers.fitted_codes import FittedCodes
from reducers.parameters import integer, number

# So many others are drawn at random, of which the second nearest is a mid-near one.
_DRAWN = 6


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
