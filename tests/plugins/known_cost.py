"""Reducers whose cost is known beforehand, each in one place."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from reducers.base import Reducer
from reducers.training.device import TorchReducer

SECONDS = 0.5
SIZE_MB = 200


class Free(Reducer):
    """The first features, unchanged: it costs nothing."""

    name = "free"
    reference = "none"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        self.fitted_ = True

    def _transform(self, X: np.ndarray) -> np.ndarray:
        return X[:, : self.n_components]


class SleepsInFit(Free):
    """Waits while it is fitted."""

    name = "sleeps-in-fit"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        time.sleep(SECONDS)


class SpinsInFit(Free):
    """Keeps a core busy while it is fitted."""

    name = "spins-in-fit"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        end = time.perf_counter() + SECONDS
        while time.perf_counter() < end:
            pass


class SleepsInTransform(Free):
    """Waits while it transforms."""

    name = "sleeps-in-transform"

    def _transform(self, X: np.ndarray) -> np.ndarray:
        time.sleep(SECONDS)
        return super()._transform(X)


class SleepsOnce(Free):
    """Waits when it is first used in a process, as compilation does."""

    name = "sleeps-once"
    awake: ClassVar[list[bool]] = []

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        if not self.awake:
            self.awake.append(True)
            time.sleep(SECONDS)


class SleepsElsewhere(Free):
    """Waits in what no clock claims: while it reconstructs."""

    name = "sleeps-elsewhere"

    def _inverse_transform(self, Z: np.ndarray) -> np.ndarray:
        time.sleep(SECONDS)
        return np.zeros((len(Z), self.n_features_in_))


class SlowToScore(Free):
    """Makes the scoring in its process wait."""

    name = "slow-to-score"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        from benchmark import scoring
        from benchmark.measure import measurement

        score_rows = measurement.score_rows

        def wait_and_score(
            embedding: scoring.Embedding, metrics: Mapping[str, scoring.Metric] | None = None
        ) -> tuple[dict[str, float], dict[str, np.ndarray]]:
            time.sleep(SECONDS)
            return score_rows(embedding, metrics)

        if score_rows.__name__ == "score_rows":
            measurement.score_rows = wait_and_score


class Allocates(Free):
    """Takes memory while it is fitted, and gives it back."""

    name = "allocates"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        self.sum_ = int(np.ones(SIZE_MB * 2**20, dtype=np.uint8).sum())


class Queues(TorchReducer):
    """Gives a GPU work for a while, and does not wait for it.

    Its history tells how long the queueing took, and how long the GPU says that the work took.
    """

    name = "queues"
    reference = "none"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        import torch

        matrix = torch.rand(4096, 4096, device=self._torch_device())
        self.events_ = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
        product = torch.empty_like(matrix)
        start = time.perf_counter()
        self.events_[0].record()
        for _ in range(200):
            torch.mm(matrix, matrix, out=product)
        self.events_[1].record()
        self.history_ = [{"epoch": 1, "queueing": time.perf_counter() - start}]

    def _transform(self, X: np.ndarray) -> np.ndarray:
        self.history_[0]["working"] = self.events_[0].elapsed_time(self.events_[1]) / 1000
        return X[:, : self.n_components]
