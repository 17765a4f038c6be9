"""A variant of the autoencoder as a plugin: its penalty, and one parameter.

python -m benchmark run --reducer decorrelated --reducer stacked --plugin examples/decorrelated.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reducers.methods.autoencoders.autoencoder import DenseAutoencoder
from reducers.parameters import number

if TYPE_CHECKING:
    from torch import Tensor


class Decorrelated(DenseAutoencoder):
    """One hidden layer whose units are kept from varying together (Cogswell et al. 2016).

    The penalty is half the sum of the squared covariances of different units over a batch.
    """

    name = "decorrelated"
    reference = (
        "Cogswell et al. (2016), Reducing overfitting in deep networks by decorrelating representations"
    )

    weight: float = number(1e-3, low=0.0)

    def _penalty(self, hidden: list[Tensor]) -> Tensor:
        centred = hidden[-1].float() - hidden[-1].float().mean(dim=0)
        covariance = centred.T @ centred / len(centred)
        return self.weight * 0.5 * (covariance.square().sum() - covariance.diagonal().square().sum())
