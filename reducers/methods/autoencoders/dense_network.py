"""The network of the dense autoencoders, built from a frozen description; activations and first weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reducers.training.products import FUSED_ACTIVATIONS, linear

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda x: x,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": F.softplus,
}


def initialise(weight: Tensor, scheme: str, generator: torch.Generator) -> None:
    """Fill `weight` in place by the named scheme (Glorot and Bengio 2010; He et al. 2015)."""
    schemes: dict[str, Callable[[], Tensor]] = {
        "xavier-uniform": lambda: nn.init.xavier_uniform_(weight, generator=generator),
        "xavier-normal": lambda: nn.init.xavier_normal_(weight, generator=generator),
        "he-uniform": lambda: nn.init.kaiming_uniform_(weight, nonlinearity="relu", generator=generator),
        "he-normal": lambda: nn.init.kaiming_normal_(weight, nonlinearity="relu", generator=generator),
        "fan-in-uniform": lambda: nn.init.kaiming_uniform_(weight, a=math.sqrt(5.0), generator=generator),
        "normal": lambda: nn.init.normal_(weight, std=1.0, generator=generator),
        "small-normal": lambda: nn.init.normal_(weight, std=0.01, generator=generator),
    }
    schemes[scheme]()


@dataclass(frozen=True)
class DenseDesign:
    """Sizes from input to code, and the activation of hidden layers, code and output."""

    sizes: tuple[int, ...]
    activation: str
    code_activation: str
    output_activation: str
    tied: bool
    weight_init: str


class Dense(nn.Module):
    """An affine map and its activation; `source` is the layer whose transposed weight it shares, if any."""

    def __init__(self, n_in: int, n_out: int, activation: str, source: Dense | None = None) -> None:
        super().__init__()
        self.weight = None if source is not None else nn.Parameter(torch.empty(n_out, n_in))
        self.bias = nn.Parameter(torch.zeros(n_out))
        # In a list, so that the source is not registered as a child of two layers.
        self._source = [source]
        self.activation = activation

    def pre_activation(self, x: Tensor) -> Tensor:
        """Return ``W x + b``, of shape (n, n_out)."""
        return self._linear(x, "linear")

    def forward(self, x: Tensor) -> Tensor:
        """Return the activated layer, of shape (n, n_out)."""
        if self.activation in FUSED_ACTIVATIONS:
            return self._linear(x, self.activation)
        return ACTIVATIONS[self.activation](self.pre_activation(x))

    def _linear(self, x: Tensor, activation: str) -> Tensor:
        source = self._source[0]
        weight = self.weight if source is None else source.weight.T  # type: ignore[union-attr]
        return linear(x, weight, self.bias, activation)  # type: ignore[arg-type]


class DenseNetwork(nn.Module):
    """Encoder ``sizes[0] -> ... -> sizes[-1]`` and its mirror image."""

    def __init__(self, design: DenseDesign, generator: torch.Generator) -> None:
        super().__init__()
        pairs = list(pairwise(design.sizes))
        codes = [design.activation] * (len(pairs) - 1) + [design.code_activation]
        self.encoder = nn.ModuleList(Dense(a, b, how) for (a, b), how in zip(pairs, codes, strict=True))
        outputs = [design.activation] * (len(pairs) - 1) + [design.output_activation]
        sources = reversed(list(self.encoder)) if design.tied else [None] * len(pairs)
        self.decoder = nn.ModuleList(
            Dense(b, a, how, source)  # type: ignore[arg-type]
            for (a, b), how, source in zip(reversed(pairs), outputs, sources, strict=True)
        )
        for layer in [*self.encoder, *self.decoder]:
            if layer.weight is not None:
                initialise(layer.weight, design.weight_init, generator)

    def hidden(self, x: Tensor) -> list[Tensor]:
        """Return the activity of every encoder layer; the last is the code."""
        activity = []
        for layer in self.encoder:
            x = layer(x)
            activity.append(x)
        return activity

    def encode(self, x: Tensor) -> Tensor:
        """Return codes of shape (n, n_components)."""
        return self.hidden(x)[-1]

    def output_pre_activation(self, z: Tensor) -> Tensor:
        """Return the output layer's pre-activation, of shape (n, n_features)."""
        for layer in list(self.decoder)[:-1]:
            z = layer(z)
        result: Tensor = self.decoder[-1].pre_activation(z)  # type: ignore[operator]
        return result
