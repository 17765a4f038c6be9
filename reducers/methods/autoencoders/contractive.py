"""The contractive autoencoder: a penalty on how far the code follows small changes of the input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor

from reducers.methods.autoencoders.autoencoder import DenseAutoencoder
from reducers.parameters import flag, number, one_of
from reducers.rows import FloatArray, Rows
from reducers.training.dense_network import Dense
from reducers.training.products import SLOPES, single


class Contractive(DenseAutoencoder):
    """One layer of sigmoids, the code, with tied weights; the Jacobian of the encoder is kept small.

    The paper's network, loss and penalty; the optimiser is Adam in place of plain gradient descent.

    Parameters
    ----------
    weight : float >= 0, default 0.1
        Factor of the squared Frobenius norm of the code's Jacobian, which is exact for any `hidden`. As in
        the paper it stands beside the loss summed over features: both are divided by their number.
    """

    name = "contractive"
    reference = "Rifai et al. (2011), Contractive auto-encoders, ICML"

    code_activation: str = one_of("sigmoid", "tanh", "relu", "softplus", "linear")
    loss: str = one_of("bce", "mse")
    tied: bool = flag(True)
    weight: float = number(0.1, low=0.0)

    def _fit(self, X: FloatArray | Rows, rng: np.random.Generator) -> None:
        if self.dropout and self.hidden:
            # Units that are left out are left out of the Jacobian, too.
            raise self._refusal("dropout 0 with hidden layers below the code", repr(self.dropout))
        super()._fit(X, rng)

    def _penalty(self, hidden: list[Tensor]) -> Tensor:
        squares = squared_jacobian(list(self.network_.encoder), hidden)
        penalty: Tensor = self.weight * squares.mean() / self.n_features_in_
        return penalty


def squared_jacobian(layers: Sequence[Dense], activity: Sequence[Tensor]) -> Tensor:
    """Return the squared Frobenius norm of the derivative of the last layer by the input, of shape (n,).

    Parameters
    ----------
    layers : sequence of Dense
        From the input on.
    activity : sequence of Tensor, each of shape (n, units of the layer)
        What the layers gave: the slope of every activation follows from its value.
    """
    values = [single(y) for y in activity]
    slopes = [
        SLOPES[layer.activation](torch.ones_like(y), y) for layer, y in zip(layers, values, strict=True)
    ]
    first, *others = (cast("Tensor", layer.weight) for layer in layers)
    if not others:
        return (slopes[0].square() * first.square().sum(dim=1)).sum(dim=1)
    rows = slopes[-1].unsqueeze(2) * others[-1]
    for weight, slope in zip(others[-2::-1], slopes[-2:0:-1], strict=True):
        rows = (rows * slope.unsqueeze(1)) @ weight
    rows = rows * slopes[0].unsqueeze(1)
    # The norm of rows @ first, without the product, which is as wide as the input.
    return single((rows @ (first @ first.T)) * rows).sum(dim=(1, 2))
