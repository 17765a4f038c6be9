"""The one training loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from reducers.training.batches import Batches
from reducers.training.kept_memory import freed_memory_kept
from reducers.training.steps import Step, make_step
from reducers.training.weights import MasterWeights


@dataclass(frozen=True)
class Schedule:
    """How to descend: the optimiser, its step, and how often."""

    epochs: int
    batch_size: int
    learning_rate: float
    optimizer: str = "adam"
    decay: str = "constant"
    precision: str = "fp32"

    def rate(self, progress: float) -> float:
        """Return the step size after a share `progress` of the training (Loshchilov and Hutter 2017)."""
        if self.decay == "constant":
            return self.learning_rate
        return self.learning_rate * (1.0 + math.cos(math.pi * progress)) / 2.0


def train(
    parameters: Iterable[torch.nn.Parameter],
    batch_loss: Callable[[Tensor], Tensor],
    X: Batches,
    schedule: Schedule,
    generator: torch.Generator,
    *,
    stage: str = "training",
) -> list[dict[str, float | str]]:
    """Minimise the mean of ``batch_loss`` over mini-batches of `X`, of shape (n, n_features).

    Batches are shuffled anew each epoch; the loss is read from the device once an epoch, so nothing
    waits for it in between. Under ``bf16`` the parameters are bfloat16 while `batch_loss` runs.

    Returns
    -------
    list of dict
        ``stage``, ``epoch`` (from 1) and ``loss``, the mean over the epoch's samples.

    Raises
    ------
    ValueError
        The loss is no longer finite.
    """
    history: list[dict[str, float | str]] = []
    dtype = torch.bfloat16 if schedule.precision == "bf16" else torch.float32
    with freed_memory_kept(), MasterWeights(list(parameters), dtype) as weights:
        step = make_step(weights, batch_loss, schedule.optimizer, schedule.batch_size, generator)
        for epoch in range(1, schedule.epochs + 1):
            step.set_rate(schedule.rate((epoch - 1) / schedule.epochs))
            loss = _train_epoch(step, X, schedule.batch_size, generator)
            if not math.isfinite(loss):
                raise ValueError(
                    f"{stage} diverged in epoch {epoch} (the loss is {loss}); a learning_rate below "
                    f"{schedule.learning_rate:g} or inputs in [0, 1] may help."
                )
            history.append({"stage": stage, "epoch": epoch, "loss": loss})
    return history


def _train_epoch(step: Step, X: Batches, batch_size: int, generator: torch.Generator) -> float:
    step.total.zero_()
    for batch in X.epoch(batch_size, generator):
        step(batch)
    return float(step.total.item()) / len(X)
