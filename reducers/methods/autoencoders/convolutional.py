"""The convolutional autoencoder."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reducers.base import NotApplicableError
from reducers.methods.autoencoders.autoencoder import Autoencoder
from reducers.parameters import image_shape, integer, one_of, sizes
from reducers.training.dense_network import Drop, initialise, keep
from reducers.training.products import ACTIVATIONS, linear


class Convolutional(Autoencoder):
    """Stages of 3x3 convolution and 2x2 max-pooling to a dense code, mirrored with upsampling.

    Parameters
    ----------
    channels : tuple of int, default (16, 8)
        Channels of each stage.
    kernel_size : int, default 3
    image_shape : (height, width) or None
        None infers a square image from the number of features.

    Raises
    ------
    NotApplicableError
        The features are no image of `image_shape`, or no square where it is None.
    """

    name = "convolutional"
    reference = "Masci et al. (2011), Stacked convolutional auto-encoders for hierarchical feature extraction"

    loss: str = one_of("bce", "mse")
    channels: tuple[int, ...] = sizes((16, 8), empty=False)
    kernel_size: int = integer(3, low=1)
    image_shape: tuple[int, int] | None = image_shape()

    def _build_network(self, n_features: int, generator: torch.Generator) -> ConvolutionalNetwork:
        return ConvolutionalNetwork(
            self._image_shape(n_features), tuple(self.channels), self.n_components, self.kernel_size,
            self.activation, self.code_activation, self.weight_init, generator,
        )  # fmt: skip

    def _image_shape(self, n_features: int) -> tuple[int, int]:
        side = math.isqrt(n_features)
        height, width = self.image_shape or (side, side)
        if height * width == n_features:
            return int(height), int(width)
        if self.image_shape is not None:
            raise NotApplicableError(
                f"The reducer 'convolutional' got image_shape {height}x{width} for {n_features} features."
            )
        raise NotApplicableError(
            f"The reducer 'convolutional' needs images: {n_features} features are no square image, "
            "and no image_shape=(height, width) was given."
        )


class ConvolutionalNetwork(nn.Module):
    """Convolution + 2x2 max-pooling stages to a dense code, mirrored with nearest-neighbour upsampling.

    Feature maps lie channels last in memory, where convolution and pooling are several times faster.

    Images of any size: pooling rounds up, and upsampling goes back to the size recorded on the way
    down, so the output has exactly the input's shape.
    """

    def __init__(
        self, image_shape: tuple[int, int], channels: tuple[int, ...], n_components: int, kernel_size: int,
        activation: str, code_activation: str, weight_init: str, generator: torch.Generator,
    ) -> None:  # fmt: skip
        super().__init__()
        self.activation, self.code_activation = activation, code_activation
        self.shapes = [image_shape]
        for _ in channels:
            height, width = self.shapes[-1]
            self.shapes.append(((height + 1) // 2, (width + 1) // 2))
        smallest = (channels[-1], *self.shapes[-1])
        down = list(pairwise((1, *channels)))
        up = [(b, b if i == 0 else a) for i, (a, b) in enumerate(down)]
        self.down = nn.ModuleList(_empty_convolution(a, b, kernel_size) for a, b in down)
        self.to_code = nn.utils.skip_init(nn.Linear, math.prod(smallest), n_components)
        self.from_code = nn.utils.skip_init(nn.Linear, n_components, math.prod(smallest))
        self.up = nn.ModuleList(_empty_convolution(b, a, kernel_size) for b, a in reversed(up))
        self.output = _empty_convolution(channels[0], 1, kernel_size)
        for layer in [*self.down, self.to_code, self.from_code, *self.up, self.output]:
            initialise(layer.weight, weight_init, generator)
            nn.init.zeros_(layer.bias)
        # Drawn channel by channel, used channels last: a seed's network is the same in either order.
        order = torch.arange(math.prod(smallest)).view(smallest).permute(1, 2, 0).flatten()
        for weight, dim in ((self.to_code.weight, 1), (self.from_code.weight, 0)):
            weight.data = weight.data.index_select(dim, order)

    def hidden(self, x: Tensor, drop: Drop = keep) -> list[Tensor]:
        """Return the activity of every stage; the last is the code."""
        x = x.view(-1, 1, *self.shapes[0]).to(memory_format=torch.channels_last)
        activity = []
        for convolution in self.down:
            # Activations are monotone, so they may follow the maximum: a quarter of the work.
            x = ACTIVATIONS[self.activation](F.max_pool2d(convolution(x), 2, ceil_mode=True))
            activity.append(x)
        # Neighbours within a map tell what a dropped unit would have: only dense layers get dropout.
        flat = drop(x.permute(0, 2, 3, 1).flatten(1))
        code = linear(flat, self.to_code.weight, self.to_code.bias, self.code_activation)
        return [*activity, code]

    def encode(self, x: Tensor) -> Tensor:
        """Return codes of shape (n, n_components)."""
        return self.hidden(x)[-1]

    def output_pre_activation(self, z: Tensor, drop: Drop = keep) -> Tensor:
        """Return the output image before its activation, flattened to (n, n_features)."""
        x = drop(self.maps(z))
        for convolution, shape in zip(self.up, reversed(self.shapes[:-1]), strict=True):
            x = ACTIVATIONS[self.activation](convolution(F.interpolate(x, size=shape, mode="nearest")))
        return torch.flatten(self.output(x), 1)

    def maps(self, z: Tensor) -> Tensor:
        """Return the smallest feature maps that codes `z` become, channels last."""
        maps = linear(z, self.from_code.weight, self.from_code.bias, self.activation)
        return maps.view(len(z), *self.shapes[-1], -1).permute(0, 3, 1, 2)


def _empty_convolution(n_in: int, n_out: int, kernel_size: int) -> nn.Conv2d:
    """Return a same-padded convolution whose weights are yet to be drawn (from our own generator)."""
    layer: nn.Conv2d = nn.utils.skip_init(nn.Conv2d, n_in, n_out, kernel_size, padding="same")
    return layer
