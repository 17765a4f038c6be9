"""Reducers that compile at their first fit, and tell in their history which process did that."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np
from numba import njit, prange

from reducers.base import Reducer
from reducers.methods.manifold import UMAP

_COMPILED_IN: list[int] = []
_PATHS: list[tuple[object, ...]] = []


@njit(parallel=True)  # type: ignore[untyped-decorator]
def _scaled(X: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Return the rows of `X` times a factor each, on all threads that numba has."""
    result = np.empty_like(X)
    for i in prange(len(X)):
        result[i] = X[i] * factors[i]
    return result


class Compiled(Reducer):
    """The features that vary most after a random scaling of the rows; writes its process to FAULTS_PIDS."""

    name = "compiled"
    reference = "none"
    compiles = True
    warmup_samples = 50

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        first = not _COMPILED_IN
        with open(os.environ["FAULTS_PIDS"], "a") as file:
            file.write(f"{'compiles' if first else 'fits'} {os.getpid()}\n")
        if first:
            _COMPILED_IN.append(os.getpid())
            self._begin()
        scaled = _scaled(X, rng.random(len(X), dtype=np.float32))
        self.columns_ = np.argsort(-scaled.var(axis=0), kind="stable")[: self.n_components]
        self.history_: list[dict[str, Any]] = [{"compiled in": _COMPILED_IN[0]}]
        if len(X) > self.warmup_samples:
            self._end()

    def _transform(self, X: np.ndarray) -> np.ndarray:
        return X[:, self.columns_]

    def _begin(self) -> None:
        """Do what the first fit of a process does besides."""

    def _end(self) -> None:
        """Do what every fit but that of the warm-up does besides."""


class CompilesForEver(Compiled):
    """Does not come to the end of its compilation."""

    name = "compiles-for-ever"

    def _begin(self) -> None:
        print("still compiling")
        while True:
            time.sleep(0.01)


class CrashesInCompilation(Compiled):
    """Brings its process down when it compiles."""

    name = "crashes-in-compilation"

    def _begin(self) -> None:
        os.abort()


class FitsForEver(Compiled):
    """Compiles, and then does not come to the end of its fit."""

    name = "fits-for-ever"

    def _end(self) -> None:
        print("still fitting")
        while True:
            time.sleep(0.01)


class CompilesBySize(Reducer):
    """Needs a while for its first fit and transform of few rows, and of more; for known rows it does not."""

    name = "compiles-by-size"
    reference = "none"
    warmup_samples = 150
    warmup_unseen = 50
    seconds = 1.0

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        self._compile("fit", len(X) < self.warmup_samples)
        self.known_ = X

    def _transform(self, X: np.ndarray) -> np.ndarray:
        if not np.array_equal(X, self.known_):
            self._compile("transform", len(X) < self.warmup_unseen)
        return X[:, : self.n_components]

    def _compile(self, *path: object) -> None:
        if path not in _PATHS:
            _PATHS.append(path)
            time.sleep(self.seconds)


class Unseeded(UMAP):
    """UMAP as it is without a seed: on all threads."""

    name = "umap-unseeded"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        seed, self.random_state = self.random_state, None
        super()._fit(X, rng)
        self.random_state = seed
