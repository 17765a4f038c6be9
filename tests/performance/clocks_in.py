"""A plugin whose reducer says when its process first got to work."""

from __future__ import annotations

import time
from typing import ClassVar

import numpy as np

from reducers.base import Reducer


class ClocksIn(Reducer):
    """The first features, unchanged; its history holds the time of its first fit in the process."""

    name = "clocks-in"
    reference = "none"
    first: ClassVar[list[float]] = []

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        if not self.first:
            # This clock is the system's: other processes read the same one.
            self.first.append(time.monotonic())
        self.history_ = [{"epoch": 1, "began": self.first[0]}]

    def _transform(self, X: np.ndarray) -> np.ndarray:
        return X[:, : self.n_components]
