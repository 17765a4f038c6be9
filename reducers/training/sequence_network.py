"""The network of the recurrent autoencoder, built from a frozen description."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reducers.training.dense_network import initialise
from reducers.training.dropout import Drop, keep
from reducers.training.products import linear, single

CELLS: dict[str, type[nn.RNNBase]] = {"gru": nn.GRU, "lstm": nn.LSTM}


@dataclass(frozen=True)
class SequenceDesign:
    """Features and how many of them are a step, units of a state, code size, kind of cell."""

    n_features: int
    row: int
    units: int
    n_components: int
    cell: str
    code_activation: str
    weight_init: str


class SequenceNetwork(nn.Module):
    """Reads steps one by one into a state, whose affine map is the code; writes them from it, last first.

    The code begins the writer's state and is its input at every step (Cho et al. 2014); it never sees what it
    has written, and the reversed order lets it begin with what was read last (Srivastava et al. 2015). The
    last step is filled up with zeros.
    """

    def __init__(self, design: SequenceDesign, generator: torch.Generator) -> None:
        super().__init__()
        self.design = design
        self.steps = math.ceil(design.n_features / design.row)
        units, n_code = design.units, design.n_components
        self.reader = _empty(CELLS[design.cell], design.row, units, batch_first=True)
        self.to_code = _empty(nn.Linear, units, n_code)
        self.from_code = _empty(nn.Linear, n_code, units)
        self.writer = _empty(CELLS[design.cell], n_code, units, batch_first=True)
        self.output = _empty(nn.Linear, units, design.row)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                initialise(parameter, design.weight_init, generator)
            else:
                nn.init.zeros_(parameter)

    def hidden(self, x: Tensor, drop: Drop = keep) -> list[Tensor]:
        """Return the last state and the code."""
        filled = F.pad(x, (0, self.steps * self.design.row - self.design.n_features))
        last = _states(self.reader, filled.view(len(x), self.steps, self.design.row))[:, -1]
        code = linear(drop(last), self.to_code.weight, self.to_code.bias, self.design.code_activation)
        return [last, code]

    def encode(self, x: Tensor) -> Tensor:
        """Return codes of shape (n, n_components)."""
        return self.hidden(x)[-1]

    def output_pre_activation(self, z: Tensor, drop: Drop = keep) -> Tensor:
        """Return the output before its activation, of shape (n, n_features)."""
        begin = linear(z, self.from_code.weight, self.from_code.bias, "tanh")
        states = _states(self.writer, z.unsqueeze(1).expand(-1, self.steps, -1), begin)
        rows = linear(drop(states.flatten(0, 1)), self.output.weight, self.output.bias, "linear")
        return rows.view(len(z), self.steps, -1).flip(1).flatten(1)[:, : self.design.n_features]


def _empty(kind: type[nn.Module], *sizes: int, **options: bool) -> Any:
    """Return a layer whose weights are yet to be drawn (from our own generator)."""
    return kind(*sizes, **options, device="meta").to_empty(device="cpu")


def _states(cells: Any, steps: Tensor, begin: Tensor | None = None) -> Tensor:
    """Return the state after each step, of shape (n, steps, units), from 0 or from `begin`.

    In single precision always: what bfloat16 rounds off would add up from step to step.
    """
    with torch.autocast(steps.device.type, enabled=False):
        state: Any = None if begin is None else single(begin).unsqueeze(0)
        if state is not None and isinstance(cells, nn.LSTM):
            state = (state, state)
        states: Tensor = cells(single(steps), state)[0]
        return states
