"""The one training loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from reducers.training.batches import Batches
from reducers.training.device import freed_memory_kept
from reducers.training.epochs import report_epoch
from reducers.training.steps import Schedule, Step, make_step


def train(
    parameters: Iterable[torch.nn.Parameter], batch_loss: Callable[[Tensor], Tensor], X: Batches,
    schedule: Schedule, generator: torch.Generator, *, stage: str = "training",
) -> list[dict[str, float | str]]:  # fmt: skip
    """Minimise the mean of ``batch_loss`` over mini-batches of `X`, of shape (n, n_features).

    Batches are shuffled anew each epoch; the loss is read from the device once an epoch, so nothing
    waits for it in between. Under ``bf16`` autocast is on while `batch_loss` runs.

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
    step = make_step(list(parameters), batch_loss, schedule, generator)
    with freed_memory_kept():
        for epoch in range(1, schedule.epochs + 1):
            step.set_rate(schedule.rate((epoch - 1) / schedule.epochs))
            batches = X.epoch(schedule.batch_size, generator)
            history.append(take_epoch(step, batches, epoch, schedule, stage))
    return history


def take_epoch(
    step: Step, batches: Iterable[Tensor], epoch: int, schedule: Schedule, stage: str
) -> dict[str, float | str]:
    """Update on every batch and tell who watches; return the entry of the history, see `train`."""
    step.total.zero_()
    seen = 0
    for batch in batches:
        step(batch)
        seen += len(batch)
    loss = float(step.total) / seen
    if not math.isfinite(loss):
        raise ValueError(
            f"{stage} diverged in epoch {epoch} (the loss is {loss}); a learning_rate below "
            f"{schedule.learning_rate:g} or inputs in [0, 1] may help."
        )
    report_epoch(epoch, schedule.epochs, loss)
    return {"stage": stage, "epoch": epoch, "loss": loss}
