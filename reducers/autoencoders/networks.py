"""The networks: a dense and a convolutional autoencoder, built from a frozen description."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reducers.products import FUSED_ACTIVATIONS, linear

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


@dataclass(frozen=True)
class ConvolutionalDesign:
    """Image shape, channels of each convolution + pooling stage, code size, activations."""

    image_shape: tuple[int, int]
    channels: tuple[int, ...]
    n_components: int
    kernel_size: int
    activation: str
    code_activation: str
    weight_init: str


class ConvolutionalNetwork(nn.Module):
    """Convolution + 2x2 max-pooling stages to a dense code, mirrored with nearest-neighbour upsampling.

    Feature maps lie channels last in memory, where convolution and pooling are several times faster.

    Images of any size: pooling rounds up, and upsampling goes back to the size recorded on the way
    down, so the output has exactly the input's shape.
    """

    def __init__(self, design: ConvolutionalDesign, generator: torch.Generator) -> None:
        super().__init__()
        self.design = design
        k = design.kernel_size
        self.shapes = [design.image_shape]
        for _ in design.channels:
            height, width = self.shapes[-1]
            self.shapes.append(((height + 1) // 2, (width + 1) // 2))
        down = list(pairwise((1, *design.channels)))
        self.down = nn.ModuleList(_empty_convolution(a, b, k) for a, b in down)
        self.flat = design.channels[-1] * self.shapes[-1][0] * self.shapes[-1][1]
        self.to_code = nn.utils.skip_init(nn.Linear, self.flat, design.n_components)
        self.from_code = nn.utils.skip_init(nn.Linear, design.n_components, self.flat)
        up = [(b, b if i == 0 else a) for i, (a, b) in enumerate(down)]
        self.up = nn.ModuleList(_empty_convolution(b, a, k) for b, a in reversed(up))
        self.output = _empty_convolution(design.channels[0], 1, k)
        for layer in [*self.down, self.to_code, self.from_code, *self.up, self.output]:
            initialise(layer.weight, design.weight_init, generator)
            nn.init.zeros_(layer.bias)

    def hidden(self, x: Tensor) -> list[Tensor]:
        """Return the activity of every stage; the last is the code."""
        act = ACTIVATIONS[self.design.activation]
        x = x.to(self.to_code.weight.dtype).view(-1, 1, *self.design.image_shape)
        x = x.to(memory_format=torch.channels_last)
        activity = []
        for convolution in self.down:
            # Activations are monotone, so they may follow the maximum: a quarter of the work.
            x = act(F.max_pool2d(convolution(x), 2, ceil_mode=True))
            activity.append(x)
        code = linear(x.permute(0, 2, 3, 1).flatten(1), self.to_code.weight, self.to_code.bias, "linear")
        return [*activity, ACTIVATIONS[self.design.code_activation](code)]

    def encode(self, x: Tensor) -> Tensor:
        """Return codes of shape (n, n_components)."""
        return self.hidden(x)[-1]

    def output_pre_activation(self, z: Tensor) -> Tensor:
        """Return the output image before its activation, flattened to (n, n_features)."""
        act = ACTIVATIONS[self.design.activation]
        maps = act(linear(z, self.from_code.weight, self.from_code.bias, "linear"))
        x = maps.view(len(z), *self.shapes[-1], -1).permute(0, 3, 1, 2)
        for convolution, shape in zip(self.up, reversed(self.shapes[:-1]), strict=True):
            x = act(convolution(F.interpolate(x, size=shape, mode="nearest")))
        flat: Tensor = self.output(x).flatten(1)
        return flat


def _empty_convolution(n_in: int, n_out: int, kernel_size: int) -> nn.Conv2d:
    """Return a same-padded convolution whose weights are yet to be drawn (from our own generator)."""
    layer: nn.Conv2d = nn.utils.skip_init(nn.Conv2d, n_in, n_out, kernel_size, padding="same")
    return layer
