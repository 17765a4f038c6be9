"""The one training loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

PRECISIONS = ("auto", "fp32", "bf16")
OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "adadelta": torch.optim.Adadelta,
    "rmsprop": torch.optim.RMSprop,
}
_FUSED = {"adam", "adamw", "sgd", "adagrad"}


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


def native_precision(requested: str, device: torch.device) -> str:
    """Return the arithmetic to train in: ``auto`` is bf16 where the hardware multiplies it natively."""
    if requested != "auto":
        return requested
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    if device.type == "cpu":
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        return "bf16" if native else "fp32"
    return "fp32"


def train(
    parameters: Iterable[torch.nn.Parameter],
    batch_loss: Callable[[Tensor], Tensor],
    X: Tensor,
    schedule: Schedule,
    generator: torch.Generator,
    *,
    stage: str = "training",
) -> list[dict[str, float | str]]:
    """Minimise the mean of ``batch_loss`` over mini-batches of `X`, of shape (n, n_features).

    The data stay where they are; one shuffle an epoch; the loss is read from the device once an
    epoch, so nothing waits for it in between.

    Returns
    -------
    list of dict
        ``stage``, ``epoch`` (from 1) and ``loss``, the mean over the epoch's samples.

    Raises
    ------
    ValueError
        The loss is no longer finite.
    """
    optimizer = _make_optimizer(list(parameters), schedule)
    history: list[dict[str, float | str]] = []
    for epoch in range(1, schedule.epochs + 1):
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate((epoch - 1) / schedule.epochs)
        loss = _train_epoch(optimizer, batch_loss, X, schedule, generator)
        if not math.isfinite(loss):
            raise ValueError(
                f"{stage} diverged in epoch {epoch} (the loss is {loss}); a learning_rate below "
                f"{schedule.learning_rate:g} or inputs in [0, 1] may help."
            )
        history.append({"stage": stage, "epoch": epoch, "loss": loss})
    return history


def _train_epoch(
    optimizer: torch.optim.Optimizer,
    batch_loss: Callable[[Tensor], Tensor],
    X: Tensor,
    schedule: Schedule,
    generator: torch.Generator,
) -> float:
    order = torch.randperm(len(X), generator=generator, device=X.device)
    total = torch.zeros((), device=X.device)
    bf16 = schedule.precision == "bf16"
    for index in order.split(schedule.batch_size):
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(X.device.type, dtype=torch.bfloat16, enabled=bf16):
            loss = batch_loss(X[index])
        loss.backward()
        optimizer.step()
        total += loss.detach().float() * len(index)
    return total.item() / len(X)


def _make_optimizer(parameters: list[torch.nn.Parameter], schedule: Schedule) -> torch.optim.Optimizer:
    kind = schedule.optimizer
    options: dict[str, Any] = {"lr": schedule.learning_rate}
    if kind in _FUSED and parameters[0].device.type in ("cpu", "cuda"):
        options["fused"] = True
    return OPTIMIZERS[kind](parameters, **options)
