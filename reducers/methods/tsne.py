"""t-SNE that can embed unseen samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reducers.base import FloatArray, Reducer
from reducers.fitted_codes import FittedCodes
from reducers.parameters import integer, number

# Fewest samples, most steps of early exaggeration, and, openTSNE's default, the perplexity of a new sample.
_FEWEST, _MOST_EARLY_STEPS, _PERPLEXITY_OF_NEW = 4, 250, 5.0


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
