"""A plugin that is installed: its package names this module as an entry point."""

from __future__ import annotations

import numpy as np
from scipy.fft import dct, idct

from reducers import Reducer


class Cosines(Reducer):
    """The lowest frequencies of each sample, its features taken as a signal in their order."""

    name = "cosines"
    reference = "Ahmed, Natarajan and Rao (1974), Discrete cosine transform, IEEE Trans. Computers C-23"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        if self.n_components > X.shape[1]:
            raise self._refusal(f"n_components <= features = {X.shape[1]}", self.n_components)

    def _transform(self, X: np.ndarray) -> np.ndarray:
        return dct(X, norm="ortho")[:, : self.n_components_]

    def _inverse_transform(self, Z: np.ndarray) -> np.ndarray:
        return idct(Z, n=self.n_features_in_, norm="ortho")
