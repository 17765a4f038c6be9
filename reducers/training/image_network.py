"""The network of the convolutional autoencoder, built from a frozen description."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reducers.training.dense_network import initialise
from reducers.training.dropout import Drop, keep
from reducers.training.products import ACTIVATIONS, linear


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
        # Drawn channel by channel, used channels last: a seed's network is the same in either order.
        for weight, dim in ((self.to_code.weight, 1), (self.from_code.weight, 0)):
            weight.data = weight.data.index_select(dim, self._channels_last())

    def _channels_last(self) -> Tensor:
        """Return the features of the smallest maps, counted channel by channel, in channels-last order."""
        shape = (self.design.channels[-1], *self.shapes[-1])
        return torch.arange(self.flat).view(shape).permute(1, 2, 0).flatten()

    def hidden(self, x: Tensor, drop: Drop = keep) -> list[Tensor]:
        """Return the activity of every stage; the last is the code."""
        act = ACTIVATIONS[self.design.activation]
        x = x.view(-1, 1, *self.design.image_shape).to(memory_format=torch.channels_last)
        activity = []
        for convolution in self.down:
            # Activations are monotone, so they may follow the maximum: a quarter of the work.
            x = act(F.max_pool2d(convolution(x), 2, ceil_mode=True))
            activity.append(x)
        # Neighbours within a map tell what a dropped unit would have: only dense layers get dropout.
        flat = drop(x.permute(0, 2, 3, 1).flatten(1))
        code = linear(flat, self.to_code.weight, self.to_code.bias, self.design.code_activation)
        return [*activity, code]

    def encode(self, x: Tensor) -> Tensor:
        """Return codes of shape (n, n_components)."""
        return self.hidden(x)[-1]

    def output_pre_activation(self, z: Tensor, drop: Drop = keep) -> Tensor:
        """Return the output image before its activation, flattened to (n, n_features)."""
        act = ACTIVATIONS[self.design.activation]
        x = drop(self.maps(z))
        for convolution, shape in zip(self.up, reversed(self.shapes[:-1]), strict=True):
            x = act(convolution(F.interpolate(x, size=shape, mode="nearest")))
        pixels: Tensor = self.output(x).flatten(1)
        return pixels

    def maps(self, z: Tensor) -> Tensor:
        """Return the smallest feature maps that codes `z` become, channels last."""
        maps = linear(z, self.from_code.weight, self.from_code.bias, self.design.activation)
        return maps.view(len(z), *self.shapes[-1], -1).permute(0, 3, 1, 2)


def _empty_convolution(n_in: int, n_out: int, kernel_size: int) -> nn.Conv2d:
    """Return a same-padded convolution whose weights are yet to be drawn (from our own generator)."""
    layer: nn.Conv2d = nn.utils.skip_init(nn.Conv2d, n_in, n_out, kernel_size, padding="same")
    return layer
