"""One update of the weights, eager or recorded as a CUDA graph, and the schedule of them all."""

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
# Optimisers whose state, the step size included, can live on the device.
_CAPTURABLE = ("adam", "adamw")
_EAGER_STEPS_BEFORE_CAPTURE = 3


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
    generator : torch.Generator
        What the hooks draw from; the replay of a recorded step goes on where it stands.

    Attributes
    ----------
    total : Tensor, scalar
        Sum over samples of the losses since it was last set to 0; on the device.
    """

    def __init__(
        self, parameters: Sequence[torch.nn.Parameter], batch_loss: Callable[[Tensor], Tensor],
        schedule: Schedule, generator: torch.Generator,
    ) -> None:  # fmt: skip
        self.batch_loss, self.generator = batch_loss, generator
        self.batch_size, self.half = schedule.batch_size, schedule.precision == "bf16"
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


class GraphedStep(Step):
    """An eager step as a graph: one launch for a batch in place of some hundred.

    The first updates run eagerly, on a side stream, as a recording needs it; a batch of another
    size (the last of an epoch) and hooks that cannot be recorded run eagerly too. Not yet proven on a GPU: an
    autoencoder takes it only where it is asked to by ``cuda_graphs=True``.
    """

    _graph: Any = None
    _input: Any = None
    _eager_steps = 0
    _can_record = True

    def _options(self, optimizer: str) -> dict[str, Any]:
        rate = torch.ones((), device=self.device)
        return super()._options(optimizer) | {"capturable": True, "lr": rate}

    def set_rate(self, rate: float) -> None:
        """Set the step size of the updates to come, where the graph reads it."""
        for group in self.optimizer.param_groups:
            group["lr"].fill_(rate)

    def __call__(self, x: Tensor) -> None:
        """Update the weights on a batch `x` of shape (n, n_features)."""
        if len(x) != self.batch_size or not self._can_record:
            super().__call__(x)
        elif self._eager_steps < _EAGER_STEPS_BEFORE_CAPTURE:
            self._eager_steps += 1
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                super().__call__(x)
            torch.cuda.current_stream().wait_stream(stream)
        elif self._recorded(x):
            self._input.copy_(x)
            self._graph.replay()
        else:
            super().__call__(x)

    def _recorded(self, x: Tensor) -> bool:
        """Record the step, unless that is done; return whether it can be replayed."""
        if self._graph is not None:
            return True
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.generator)
        self._input = x.clone()
        self.optimizer.zero_grad()
        try:
            with torch.cuda.graph(graph):
                super().__call__(self._input)
        except RuntimeError:
            # A hook that reads a value back to the host cannot be recorded; it still trains.
            self._can_record = False
            return False
        self._graph = graph
        return True


def make_step(
    parameters: Sequence[torch.nn.Parameter], batch_loss: Callable[[Tensor], Tensor], schedule: Schedule,
    generator: torch.Generator,
) -> Step:  # fmt: skip
    """Return the eager step, or, on CUDA where the schedule asks for it, the recorded one; see `Step`."""
    graphs = (
        schedule.cuda_graphs and parameters[0].device.type == "cuda" and schedule.optimizer in _CAPTURABLE
    )
    return (GraphedStep if graphs else Step)(parameters, batch_loss, schedule, generator)
