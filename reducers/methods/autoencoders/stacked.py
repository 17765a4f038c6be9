"""The stacked autoencoder: deep, pretrained layer by layer, then fine-tuned as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reducers.methods.autoencoders.autoencoder import DenseAutoencoder
from reducers.parameters import integer, number, one_of, sizes

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from reducers.training.batches import Batches


class Stacked(DenseAutoencoder):
    """``n_features-500-500-2000-n_components``, pretrained greedily, then trained as a whole.

    Each pair of hidden encoder layer and mirrored decoder layer first learns, alone and on the codes
    of the layers below it, to reconstruct what it is given from a copy of which a share is masked.
    The code layer is left to the fine-tuning: alone it would learn the principal components of the
    features below it, and the whole would be slow to leave them.

    Parameters
    ----------
    pretrain_epochs : int, default 3
        Epochs of each pair; 0 leaves the pretraining out.
    pretrain_masking : float in [0, 1], default 0.5
        Share of a pair's inputs set to 0 during its pretraining; 0 leaves that out.
    """

    name = "stacked"
    reference = (
        "Vincent et al. (2010), Stacked denoising autoencoders, JMLR 11; sizes of Xie et al. (2016), DEC"
    )
    warmup_params = {"epochs": 1, "pretrain_epochs": 1}

    hidden: tuple[int, ...] = sizes((500, 500, 2000))
    output_activation: str = one_of("linear", "relu", "sigmoid", "tanh", "softplus")
    decay: str = one_of("cosine", "constant")
    epochs: int = integer(40, low=1)
    pretrain_epochs: int = integer(3, low=0)
    pretrain_masking: float = number(0.5, low=0.0, high=1.0)

    def _pretrain(self, X: Batches, generator: torch.Generator) -> None:
        if self.pretrain_epochs == 0:
            return
        encoder, decoder = list(self.network_.encoder), list(self.network_.decoder)
        pairs = list(zip(encoder[:-1], reversed(decoder[1:]), strict=True))
        for depth, (down, up) in enumerate(pairs, start=1):
            self._train_pair(down, up, X, generator, f"layer {depth}")
            if depth < len(pairs):
                X = X.mapped(down)

    def _train_pair(
        self, down: torch.nn.Module, up: torch.nn.Module, X: Batches, generator: torch.Generator, stage: str
    ) -> None:
        from torch.nn import functional as F

        from reducers.methods.autoencoders.denoising import corrupt
        from reducers.training.loop import train

        def batch_loss(x: Tensor) -> Tensor:
            seen = corrupt(x, "masking", self.pretrain_masking, generator) if self.pretrain_masking else x
            return F.mse_loss(up(down(seen)).float(), x)

        schedule = self._schedule(self.pretrain_epochs)
        parameters = {id(p): p for p in [*down.parameters(), *up.parameters()]}
        self.history_ += train(parameters.values(), batch_loss, X, schedule, generator, stage=stage)
