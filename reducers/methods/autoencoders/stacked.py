"""Deep autoencoders that are pretrained layer by layer, then fine-tuned as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reducers.methods.autoencoders.autoencoder import DenseAutoencoder
from reducers.methods.autoencoders.denoising import corrupt
from reducers.parameters import integer, number, one_of, sizes

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from reducers.training.batches import Batches
    from reducers.training.dense_network import Dense


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
        from reducers.training.loop import train
        from reducers.training.products import reconstruction_loss

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
