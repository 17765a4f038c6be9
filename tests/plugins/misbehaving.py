"""Reducers that go wrong in every way a plugin can, beside one that does not."""

from __future__ import annotations

import os
import signal
from typing import Any

import numpy as np

from reducers.base import Reducer


class First(Reducer):
    """The first features, unchanged: nothing is wrong with it."""

    name = "first"
    reference = "none"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        self.mean_ = X.mean()

    def _transform(self, X: np.ndarray) -> np.ndarray:
        return X[:, -self.n_components :]


class Raises(First):
    """Cannot be fitted."""

    name = "raises"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        raise RuntimeError("the matrix\nis singular")


class ReturnsNaN(First):
    """Returns codes that are not numbers."""

    name = "returns-nan"

    def _transform(self, X: np.ndarray) -> np.ndarray:
        codes = X[:, : self.n_components].copy()
        codes[0, 0] = np.nan
        return codes


class WrongShape(First):
    """Returns codes of another width than was asked for."""

    name = "wrong-shape"

    def _transform(self, X: np.ndarray) -> np.ndarray:
        return X[:, : self.n_components + 1]


class KillsItself(First):
    """Ends its process as the system does when memory runs out."""

    name = "kills-itself"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Exits(First):
    """Leaves without a word, and says that all is well."""

    name = "exits"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        os._exit(0)


class Leaves(First):
    """Calls ``sys.exit``, as a script would."""

    name = "leaves"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        raise SystemExit("no licence")


class NumpyFacts(First):
    """Keeps its history in numpy's numbers, which JSON does not know."""

    name = "numpy-facts"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        self.history_: list[dict[str, Any]] = [
            {"epoch": np.int64(1), "loss": np.float32(0.5)},
            {"epoch": np.int64(2), "loss": np.nan},
        ]
        self.n_components_ = np.int64(self.n_components)
