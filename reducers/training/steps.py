"""One update of the weights, and the schedule of them all."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
    "momentum": partial(torch.optim.SGD, momentum=0.9),
    "adagrad": torch.optim.Adagrad,
    "adadelta": torch.optim.Adadelta,
    "rmsprop": torch.optim.RMSprop,
}
_FUSED = {"cpu": {"adam", "adamw", "sgd", "adagrad"}, "cuda": {"adam", "adamw", "sgd"}}


@dataclass(frozen=True)
class Schedule:
    """How to descend: the optimiser, its step, how often, and in which arithmetic."""

    epochs: int
    batch_size: int
    learning_rate: float
    optimizer: str = "adam"
    decay: str = "constant"
    precision: str = "fp32"
    cuda_graphs: bool = False

    def rate(self, progress: float) -> float:
        """Return the step size after a share `progress` of the training (Loshchilov and Hutter 2017)."""
        if self.decay == "constant":
            return self.learning_rate
        return self.learning_rate * (1.0 + math.cos(math.pi * progress)) / 2.0


class Step:
    """Forward, backward and update on one batch.

    Parameters
    ----------
    parameters : sequence of torch.nn.Parameter
        On one device, float32; they are updated in place.
    batch_loss : function of a batch of shape (n, n_features)
        The mean loss of the batch, a scalar.
    schedule : Schedule
        Under ``bf16`` products run in bfloat16, by autocast: weights, gradients and updates stay
        float32 (Micikevicius et al. 2018, Mixed precision training).

    Attributes
    ----------
    total : Tensor, scalar
        Sum over samples of the losses since it was last set to 0; on the device.
    """

    def __init__(
        self,
        parameters: Sequence[torch.nn.Parameter],
        batch_loss: Callable[[Tensor], Tensor],
        schedule: Schedule,
    ) -> None:
        self.batch_loss, self.half = batch_loss, schedule.precision == "bf16"
        self.device = parameters[0].device
        self.optimizer = OPTIMIZERS[schedule.optimizer](parameters, **self._options(schedule.optimizer))
        self.total = torch.zeros((), device=self.device)

    def _options(self, optimizer: str) -> dict[str, Any]:
        fused = {"fused": True} if optimizer in _FUSED.get(self.device.type, ()) else {}
        return {"lr": 1.0, **fused}

    def set_rate(self, rate: float) -> None:
        """Set the step size of the updates to come."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def __call__(self, x: Tensor) -> None:
        """Update the weights on a batch `x` of shape (n, n_features)."""
        self.optimizer.zero_grad()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half, cache_enabled=False):
            loss = self.batch_loss(x)
        loss.backward()
        self.optimizer.step()
        self.total.add_(loss.detach().float(), alpha=len(x))
