"""One update of the weights: eager, or recorded once as a CUDA graph and replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from reducers.training.weights import MasterWeights

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "adadelta": torch.optim.Adadelta,
    "rmsprop": torch.optim.RMSprop,
}
_FUSED = {"cpu": {"adam", "adamw", "sgd", "adagrad"}, "cuda": {"adam", "adamw", "sgd"}}
# Those whose state, the step size included, can live on the device.
_CAPTURABLE = {"adam", "adamw"}
_EAGER_STEPS_BEFORE_CAPTURE = 3


def make_step(
    weights: MasterWeights,
    batch_loss: Callable[[Tensor], Tensor],
    optimizer: str,
    batch_size: int,
    generator: torch.Generator,
) -> Step:
    """Return the fastest step there is for the device the weights are on."""
    graphed = weights.master.device.type == "cuda" and optimizer in _CAPTURABLE
    if graphed:
        return GraphedStep(weights, batch_loss, optimizer, batch_size, generator)
    return Step(weights, batch_loss, optimizer)


class Step:
    """Forward, backward and update on one batch.

    Attributes
    ----------
    total : Tensor, scalar
        Sum over samples of the losses since it was last set to 0; on the device.
    """

    def __init__(
        self, weights: MasterWeights, batch_loss: Callable[[Tensor], Tensor], optimizer: str
    ) -> None:
        self.weights, self.batch_loss = weights, batch_loss
        self.device = weights.master.device
        self.optimizer = self._make_optimizer(optimizer)
        self.total = torch.zeros((), device=self.device)

    def set_rate(self, rate: float) -> None:
        """Set the step size of the updates to come."""
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def __call__(self, x: Tensor) -> None:
        """Update the weights on a batch `x` of shape (n, n_features)."""
        self.weights.forget_gradients()
        half = self.weights.dtype == torch.bfloat16
        # The weights are in half precision already; this is for what a subclass's hooks multiply.
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half, cache_enabled=False):
            loss = self.batch_loss(x)
        loss.backward()
        self.weights.collect_gradients()
        self.optimizer.step()
        self.weights.publish()
        self.total.add_(loss.detach().float(), alpha=len(x))

    def _make_optimizer(self, kind: str) -> torch.optim.Optimizer:
        options: dict[str, Any] = {"lr": 1.0}
        if kind in _FUSED.get(self.device.type, ()):
            options["fused"] = True
        if self.device.type == "cuda" and kind in _CAPTURABLE:
            options |= {"capturable": True, "lr": torch.ones((), device=self.device)}
        return OPTIMIZERS[kind](self.weights.optimised, **options)


class GraphedStep(Step):
    """The same update as a CUDA graph: one launch for a batch in place of some hundred.

    The first updates run eagerly, on a side stream, as a recording needs it; a batch of another
    size (the last of an epoch) and hooks that cannot be recorded run eagerly too.
    """

    def __init__(
        self,
        weights: MasterWeights,
        batch_loss: Callable[[Tensor], Tensor],
        optimizer: str,
        batch_size: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__(weights, batch_loss, optimizer)
        self.batch_size, self.generator = batch_size, generator
        self._graph: torch.cuda.CUDAGraph | None = None
        self._input: Tensor | None = None
        self._eager_steps = 0
        self._can_record = True

    def __call__(self, x: Tensor) -> None:
        """Update the weights on a batch `x` of shape (n, n_features)."""
        if len(x) != self.batch_size or not self._can_record:
            super().__call__(x)
        elif self._eager_steps < _EAGER_STEPS_BEFORE_CAPTURE:
            self._eager_steps += 1
            self._on_side_stream(x)
        elif self._recorded(x):
            assert self._graph is not None
            assert self._input is not None
            self._input.copy_(x)
            self._graph.replay()
        else:
            super().__call__(x)

    def _on_side_stream(self, x: Tensor) -> None:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            super().__call__(x)
        torch.cuda.current_stream().wait_stream(stream)

    def _recorded(self, x: Tensor) -> bool:
        """Record the step, unless that is done; return whether it can be replayed."""
        if self._graph is not None:
            return True
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.generator)
        self._input = x.clone()
        self.weights.forget_gradients()
        try:
            with torch.cuda.graph(graph):
                super().__call__(self._input)
        except RuntimeError:
            # A hook that reads a value back to the host cannot be recorded; it still trains.
            self._can_record = False
            return False
        self._graph = graph
        return True
