"""The recurrent autoencoder: it reads its input row by row, and writes it row by row from the code."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reducers.methods.autoencoders.autoencoder import Autoencoder
from reducers.parameters import integer, one_of
from reducers.training.dense_network import Drop, initialise, keep
from reducers.training.products import linear, single

CELLS: dict[str, type[nn.RNNBase]] = {"gru": nn.GRU, "lstm": nn.LSTM}


class Recurrent(Autoencoder):
    """Rows of an image, or chunks of a vector, read and written as a sequence by gated cells.

    The encoder's last state becomes the code, from which the decoder writes the rows, the last one first.
    The papers keep states of 1,000 and more units as the code itself; here they are 128, with a narrow code
    between encoder and decoder. Dropout falls on what the two give, never on what a cell passes to itself.

    Parameters
    ----------
    cell : {'gru', 'lstm'}
    units : int, default 128
        Width of the state of encoder and decoder.
    row : int or None
        Features of a step. None takes the root of their number, rounded up: the rows of a square image.
    activation : {'tanh'}
        Of the states, as the cells have it.
    """

    name = "recurrent"
    reference = (
        "Srivastava, Mansimov and Salakhutdinov (2015), Unsupervised learning of video representations using "
        "LSTMs, ICML; Cho et al. (2014), Learning phrase representations using RNN encoder-decoder, EMNLP"
    )

    activation: str = one_of("tanh")
    cell: str = one_of(*CELLS)
    units: int = integer(128, low=1)
    row: int | None = integer(None, low=1)

    def _build_network(self, n_features: int, generator: torch.Generator) -> SequenceNetwork:
        row = self.row or math.ceil(math.sqrt(n_features))
        cell, n_code = CELLS[self.cell], self.n_components
        network = SequenceNetwork(n_features, row, self.units, n_code, cell, self.code_activation)
        for parameter in network.parameters():
            if parameter.dim() > 1:
                initialise(parameter, self.weight_init, generator)
            else:
                nn.init.zeros_(parameter)
        return network


class SequenceNetwork(nn.Module):
    """Reads steps one by one into a state, whose affine map is the code; writes them from it, last first.

    The code begins the writer's state and is its input at every step (Cho et al. 2014); it never sees what it
    has written, and the reversed order lets it begin with what was read last (Srivastava et al. 2015). The
    last step is filled up with zeros. The weights are yet to be drawn.
    """

    def __init__(
        self, n_features: int, row: int, units: int, n_code: int, cell: type[nn.RNNBase], code_activation: str
    ) -> None:
        super().__init__()
        self.n_features, self.row, self.code_activation = n_features, row, code_activation
        self.steps = math.ceil(n_features / row)
        self.reader = _empty(cell, row, units, batch_first=True)
        self.to_code = _empty(nn.Linear, units, n_code)
        self.from_code = _empty(nn.Linear, n_code, units)
        self.writer = _empty(cell, n_code, units, batch_first=True)
        self.output = _empty(nn.Linear, units, row)

    def hidden(self, x: Tensor, drop: Drop = keep) -> list[Tensor]:
        """Return the last state and the code."""
        filled = F.pad(x, (0, self.steps * self.row - self.n_features))
        last = _states(self.reader, filled.view(len(x), self.steps, self.row))[:, -1]
        code = linear(drop(last), self.to_code.weight, self.to_code.bias, self.code_activation)
        return [last, code]

    def encode(self, x: Tensor) -> Tensor:
        """Return codes of shape (n, n_components)."""
        return self.hidden(x)[-1]

    def output_pre_activation(self, z: Tensor, drop: Drop = keep) -> Tensor:
        """Return the output before its activation, of shape (n, n_features)."""
        begin = linear(z, self.from_code.weight, self.from_code.bias, "tanh")
        states = _states(self.writer, z.unsqueeze(1).expand(-1, self.steps, -1), begin)
        rows = linear(drop(states.flatten(0, 1)), self.output.weight, self.output.bias, "linear")
        return rows.view(len(z), self.steps, -1).flip(1).flatten(1)[:, : self.n_features]


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
