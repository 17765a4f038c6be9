"""The smallest plugin: keep the features that vary most.

python -m benchmark run --reducer top-variance --reducer pca --plugin examples/top_variance.py
"""

from __future__ import annotations

import numpy as np

from reducers import Reducer


class TopVariance(Reducer):
    """The features with the largest variance, unchanged."""

    name = "top-variance"
    reference = "the features that vary most"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        self.columns_ = X.var(axis=0).argsort()[-self.n_components :]

    def _transform(self, X: np.ndarray) -> np.ndarray:
        return X[:, self.columns_]
