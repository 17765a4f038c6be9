"""The two autoencoders without a hidden layer: plain, and linear."""

from __future__ import annotations

import torch
from torch import Tensor

from reducers.methods.autoencoders.autoencoder import DenseAutoencoder
from reducers.parameters import one_of
from reducers.training.batches import Batches
from reducers.training.covariance import mean_on_device


class Plain(DenseAutoencoder):
    """One hidden layer, which is the code: ``n_features -> n_components -> n_features``."""

    name = "autoencoder"
    reference = (
        "Rumelhart, Hinton and Williams (1986), Learning internal representations by error propagation"
    )


class Undercomplete(DenseAutoencoder):
    """Linear encoder and decoder; at its optimum the code spans the principal subspace.

    Two things bring the decoder close to it. The encoder is trained on inputs less their mean, which its bias
    takes over in the end: far from the origin, the descent is slow along all but the mean. And the learning
    rate falls to 0, as the batches' noise would go on turning what has been found.
    """

    name = "undercomplete"
    reference = "Baldi and Hornik (1989), Neural networks and principal component analysis, Neural Networks 2"

    decay: str = one_of("cosine", "constant")
    code_activation: str = one_of("linear", "relu", "sigmoid", "tanh", "softplus")
    output_activation: str = one_of("linear", "relu", "sigmoid", "tanh", "softplus")

    def _corrupt(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return x - self._mean

    def _fine_tune(self, X: Batches, generator: torch.Generator) -> None:
        self._mean = mean_on_device(X)
        first, last = self.network_.encoder[0], self.network_.decoder[-1]
        with torch.no_grad():
            last.bias.copy_(self._mean)
        super()._fine_tune(X, generator)
        with torch.no_grad():
            first.bias.sub_(first.weight @ self._mean)
