"""Improved deep embedded clustering: the codes must still reconstruct what they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reducers.methods.autoencoders.stacked import Stacked
from reducers.methods.deep_clustering.dec import DEC
from reducers.parameters import number, one_of

if TYPE_CHECKING:
    from torch import Tensor


class IDEC(DEC):
    """`DEC` that keeps its decoder: the loss is the reconstruction's plus `gamma` times the clustering's.

    Parameters
    ----------
    gamma : float >= 0, default 0.1
        Weight of the divergence.
    clustering_rate, clustering_optimizer
        By default those of the autoencoder, 0.001 and 'adam'.
    """

    name = "idec"
    reference = (
        "Guo et al. (2017), Improved deep embedded clustering with local structure preservation, IJCAI"
    )

    gamma: float = number(0.1, low=0.0)
    clustering_rate: float = number(1e-3, low=0.0, above=True)
    clustering_optimizer: str = one_of("adam", "momentum", "adamw", "sgd")

    _inverse_transform = Stacked._inverse_transform

    def _discard(self) -> None:
        """Keep everything."""

    def _clustering_loss(self, x: Tensor, target: Tensor) -> Tensor:
        code = self.network_.encode(x)
        output = self.network_.output_pre_activation(code)
        return self._reconstruction_loss(output, x) + self.gamma * self._divergence(code, target)
