"""The convolutional autoencoder."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reducers.base import NotApplicableError
from reducers.methods.autoencoders.autoencoder import Autoencoder
from reducers.parameters import image_shape, integer, one_of, sizes

if TYPE_CHECKING:
    import torch


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

    def _build_network(self, n_features: int, generator: torch.Generator) -> Any:
        from reducers.training.image_network import ConvolutionalDesign, ConvolutionalNetwork

        design = ConvolutionalDesign(
            image_shape=self._image_shape(n_features),
            channels=tuple(self.channels),
            n_components=self.n_components,
            kernel_size=self.kernel_size,
            activation=self.activation,
            code_activation=self.code_activation,
            weight_init=self.weight_init,
        )
        return ConvolutionalNetwork(design, generator)

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
