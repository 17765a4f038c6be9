"""What no reducer does: a function that trains and measures by itself, in a job of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Trial:
    """What a task is given.

    Attributes
    ----------
    X_train, X_test : float32 ndarray, shape (n, n_features)
        Scaled to [0, 1].
    y_train, y_test : int64 ndarray, shape (n,)
    image_shape : (height, width) or None
    params : mapping
        As its case says.
    width, seed : int
    device : str
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    image_shape: tuple[int, int] | None
    params: Mapping[str, Any]
    width: int
    seed: int
    device: str

    @property
    def rng(self) -> np.random.Generator:
        """A new generator of the seed."""
        return np.random.default_rng(self.seed)


@dataclass(frozen=True)
class Measured:
    """What a task found: scores by name, arrays for a figure, and losses by epoch."""

    scores: dict[str, float]
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)


Task = Callable[[Trial], Measured]


def task_path(task: Task) -> str:
    """Return where a task is to be imported from, as a job says it."""
    return f"{task.__module__}:{task.__qualname__}"
