"""The network of the dense autoencoders; what networks share: first weights, and dropout.

Dropout draws from a generator of its own; torch's draws from the global one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from reducers.training.products import linear

Drop = Callable[[Tensor], Tensor]
# First weights, by the name of their scheme (Glorot and Bengio 2010; He et al. 2015).
SCHEMES: dict[str, Callable[..., Tensor]] = {
    "xavier-uniform": nn.init.xavier_uniform_,
    "xavier-normal": nn.init.xavier_normal_,
    "he-uniform": partial(nn.init.kaiming_uniform_, nonlinearity="relu"),
    "he-normal": partial(nn.init.kaiming_normal_, nonlinearity="relu"),
    "fan-in-uniform": partial(nn.init.kaiming_uniform_, a=math.sqrt(5.0)),
    "normal": partial(nn.init.normal_, std=1.0),
    "small-normal": partial(nn.init.normal_, std=0.01),
}


def initialise(weight: Tensor, scheme: str, generator: torch.Generator) -> None:
    """Fill `weight` in place by the scheme, a key of `SCHEMES`."""
    SCHEMES[scheme](weight, generator=generator)


def keep(x: Tensor) -> Tensor:
    """Return all units as they are."""
    return x


def dropout(share: float, generator: torch.Generator) -> Drop:
    """Return a function that sets a share of the units to 0, drawn anew each time it is called.

    The others are divided by 1 - `share`, so that their mean stays what it is without dropout (Srivastava et
    al. 2014, Dropout: a simple way to prevent neural networks from overfitting, JMLR 15).
    """

    def drop(x: Tensor) -> Tensor:
        kept = torch.empty_like(x).bernoulli_(1.0 - share, generator=generator)
        return x * kept.div_(1.0 - share)

    return drop if share else keep


class Dense(nn.Module):
    """An affine map and its activation; `source` is the layer whose transposed weight it shares, if any."""

    def __init__(self, n_in: int, n_out: int, activation: str, source: Dense | None = None) -> None:
        super().__init__()
        self.weight = None if source is not None else nn.Parameter(torch.empty(n_out, n_in))
        self.bias = nn.Parameter(torch.zeros(n_out))
        # In a list, so that the source is not registered as a child of two layers.
        self._source = [source]
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Return the activated layer, of shape (n, n_out)."""
        return self._linear(x, self.activation)

    def pre_activation(self, x: Tensor) -> Tensor:
        """Return ``W x + b``, of shape (n, n_out)."""
        return self._linear(x, "linear")

    def _linear(self, x: Tensor, activation: str) -> Tensor:
        source = self._source[0]
        weight = self.weight if source is None else source.weight.T  # type: ignore[union-attr]
        return linear(x, weight, self.bias, activation)  # type: ignore[arg-type]


class DenseNetwork(nn.Module):
    """Encoder ``sizes[0] -> ... -> sizes[-1]`` and its mirror image, whose weights may be `tied` to it."""

    def __init__(
        self, sizes: Sequence[int], activation: str, code_activation: str, output_activation: str,
        tied: bool, weight_init: str, generator: torch.Generator,
    ) -> None:  # fmt: skip
        super().__init__()
        pairs = list(pairwise(sizes))
        between = [activation] * (len(pairs) - 1)
        self.encoder = nn.ModuleList(
            Dense(a, b, how) for (a, b), how in zip(pairs, [*between, code_activation], strict=True)
        )
        sources = reversed(list(self.encoder)) if tied else [None] * len(pairs)
        self.decoder = nn.ModuleList(
            Dense(b, a, how, source)  # type: ignore[arg-type]
            for (a, b), how, source in zip(
                reversed(pairs), [*between, output_activation], sources, strict=True
            )
        )
        for layer in [*self.encoder, *self.decoder]:
            if layer.weight is not None:
                initialise(layer.weight, weight_init, generator)

    def hidden(self, x: Tensor, drop: Drop = keep) -> list[Tensor]:
        """Return the activity of every encoder layer, before `drop`; the last is the code."""
        activity = [self.encoder[0](x)]
        for layer in list(self.encoder)[1:]:
            activity.append(layer(drop(activity[-1])))
        return activity

    def encode(self, x: Tensor) -> Tensor:
        """Return codes of shape (n, n_components)."""
        return self.hidden(x)[-1]

    def output_pre_activation(self, z: Tensor, drop: Drop = keep) -> Tensor:
        """Return the output layer's pre-activation, of shape (n, n_features)."""
        if len(self.decoder) == 1:
            z = drop(z)
        for layer in list(self.decoder)[:-1]:
            z = drop(layer(z))
        result: Tensor = self.decoder[-1].pre_activation(z)  # type: ignore[operator]
        return result
