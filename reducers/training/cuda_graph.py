"""The update of the weights recorded once as a CUDA graph, and replayed.

Not yet proven on a GPU: an autoencoder takes it only where it is asked to by ``cuda_graphs=True``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from reducers.training.steps import Schedule, Step

# Optimisers whose state, the step size included, can live on the device.
CAPTURABLE = ("adam", "adamw")
_EAGER_STEPS_BEFORE_CAPTURE = 3


class GraphedStep(Step):
    """An eager step as a graph: one launch for a batch in place of some hundred.

    The first updates run eagerly, on a side stream, as a recording needs it; a batch of another
    size (the last of an epoch) and hooks that cannot be recorded run eagerly too.

    Parameters
    ----------
    generator : torch.Generator
        What the hooks draw from; a replay goes on where it stands.
    """

    def __init__(
        self,
        parameters: Sequence[torch.nn.Parameter],
        batch_loss: Callable[[Tensor], Tensor],
        schedule: Schedule,
        generator: torch.Generator,
    ) -> None:
        super().__init__(parameters, batch_loss, schedule)
        self.batch_size, self.generator = schedule.batch_size, generator
        self._graph: torch.cuda.CUDAGraph | None = None
        self._input: Tensor | None = None
        self._eager_steps = 0
        self._can_record = True

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
