"""Autoencoders that restore corrupted input: as a whole, or layer by layer before they are fine-tuned."""

from __future__ import annotations

import torch
from torch import Tensor

from reducers.methods.autoencoders.autoencoder import DenseAutoencoder
from reducers.parameters import integer, number, one_of, sizes
from reducers.training.batches import Batches
from reducers.training.dense_network import Dense
from reducers.training.loop import train
from reducers.training.products import reconstruction_loss


class Denoising(DenseAutoencoder):
    """A deep autoencoder trained to restore the input from a corrupted copy, drawn anew every batch.

    Parameters
    ----------
    corruption : {'masking', 'gaussian', 'salt-and-pepper'}
        Set a share of the features to 0; add Gaussian noise and clip to [0, 1]; or set a share to
        0 or 1 at random.
    level : float in [0, 1], default 0.25
        The share, or the standard deviation of the noise.
    """

    name = "denoising"
    reference = "Vincent et al. (2010), Stacked denoising autoencoders, JMLR 11"

    hidden: tuple[int, ...] = sizes((500, 250))
    corruption: str = one_of("masking", "gaussian", "salt-and-pepper")
    level: float = number(0.25, low=0.0, high=1.0)

    def _corrupt(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return corrupt(x, self.corruption, self.level, generator)


def corrupt(x: Tensor, corruption: str, level: float, generator: torch.Generator) -> Tensor:
    """Return a corrupted copy of `x`, of the same shape; see `Denoising` for the kinds."""
    if corruption == "gaussian":
        noise = torch.randn(x.shape, generator=generator, device=x.device)
        return (x + level * noise).clamp_(0.0, 1.0)
    draw = torch.rand(x.shape, generator=generator, device=x.device)
    kept = torch.where(draw < level, torch.zeros_like(x), x)
    if corruption == "masking":
        return kept
    return torch.where(draw < level / 2, torch.ones_like(x), kept)


class LayerByLayer(DenseAutoencoder):
    """Each pair of hidden encoder layer and mirrored decoder layer first learns alone, on the codes below it.

    It learns to reconstruct what it is given from a copy that a subclass corrupts. The code layer is left to
    the fine-tuning: alone it would learn the principal components of the features below it, and the whole
    would be slow to leave them.

    Parameters
    ----------
    pretrain_epochs : int, default 3
        Epochs of each pair; 0 leaves the pretraining out.
    """

    warmup_params = {"epochs": 1, "pretrain_epochs": 1}

    pretrain_epochs: int = integer(3, low=0)

    def _corrupt_layer(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Hook: return what a pair sees of its input `x` while it is pretrained."""
        raise NotImplementedError

    def _pretrain(self, X: Batches, generator: torch.Generator) -> None:
        if self.pretrain_epochs == 0:
            return
        encoder, decoder = list(self.network_.encoder), list(self.network_.decoder)
        pairs = list(zip(encoder[:-1], reversed(decoder[1:]), strict=True))
        for depth, (down, up) in enumerate(pairs, start=1):
            self._train_pair(down, up, X, generator, f"layer {depth}")
            if depth < len(pairs):
                X = X.mapped(down)

    def _train_pair(self, down: Dense, up: Dense, X: Batches, generator: torch.Generator, stage: str) -> None:
        # A layer of sigmoids gives probabilities to the next; no other does.
        loss = self.loss if up.activation == "sigmoid" else "mse"

        def batch_loss(x: Tensor) -> Tensor:
            output = up.pre_activation(down(self._corrupt_layer(x, generator)))
            return reconstruction_loss(output, x, up.activation, loss)

        schedule = self._schedule(self.pretrain_epochs)
        parameters = {id(p): p for p in [*down.parameters(), *up.parameters()]}
        self.history_ += train(parameters.values(), batch_loss, X, schedule, generator, stage=stage)


class Stacked(LayerByLayer):
    """``n_features-500-500-2000-n_components``, pretrained greedily, then trained as a whole.

    Parameters
    ----------
    pretrain_masking : float in [0, 1], default 0.5
        Share of a pair's inputs set to 0 during its pretraining; 0 leaves that out.
    """

    name = "stacked"
    reference = (
        "Vincent et al. (2010), Stacked denoising autoencoders, JMLR 11; sizes of Xie et al. (2016), DEC"
    )

    hidden: tuple[int, ...] = sizes((500, 500, 2000))
    output_activation: str = one_of("linear", "relu", "sigmoid", "tanh", "softplus")
    decay: str = one_of("cosine", "constant")
    epochs: int = integer(40, low=1)
    pretrain_masking: float = number(0.5, low=0.0, high=1.0)

    def _corrupt_layer(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return corrupt(x, "masking", self.pretrain_masking, generator) if self.pretrain_masking else x


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
