"""The stacked denoising autoencoder: every layer learns to undo a corruption of what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reducers.methods.autoencoders.denoising import Denoising
from reducers.methods.autoencoders.stacked import LayerByLayer
from reducers.parameters import integer, one_of, sizes

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class StackedDenoising(LayerByLayer, Denoising):
    """Three layers of sigmoids, each pretrained to restore its input from a corrupted copy of it.

    Size, activation, loss and masking are among those that the paper chose from. The optimiser is Adam and
    the epochs are fewer, as everywhere here. The paper fine-tunes with labels; here the whole, with a code
    layer on top, is fine-tuned to reconstruct clean inputs.

    Parameters
    ----------
    corruption, level
        As of `Denoising`, of what each layer is given, and in the pretraining only.
    """

    name = "stacked-denoising"
    reference = "Vincent et al. (2010), Stacked denoising autoencoders, JMLR 11"

    hidden: tuple[int, ...] = sizes((1000, 1000, 1000))
    activation: str = one_of("sigmoid", "relu", "tanh", "softplus", "linear")
    loss: str = one_of("bce", "mse")
    pretrain_epochs: int = integer(10, low=0)

    def _corrupt_layer(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return super()._corrupt(x, generator)

    def _corrupt(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return x
