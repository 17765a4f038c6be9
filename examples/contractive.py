"""A variant of the autoencoder as a plugin: its penalty, and one parameter.

python -m benchmark run --reducer contractive --reducer stacked --plugin examples/contractive.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reducers.methods.autoencoders.autoencoder import DenseAutoencoder
from reducers.parameters import number, one_of

if TYPE_CHECKING:
    from torch import Tensor


class Contractive(DenseAutoencoder):
    """One hidden layer whose code resists small changes of the input (Rifai et al. 2011).

    The squared Frobenius norm of the code's Jacobian is, for a sigmoid code h = s(W x + b),
    the sum over units of (h (1 - h))^2 times the squared norm of the unit's weights.
    """

    name = "contractive"
    reference = "Rifai et al. (2011), Contractive auto-encoders, ICML"

    code_activation: str = one_of("sigmoid")
    contraction: float = number(1e-3, low=0.0)

    def _penalty(self, hidden: list[Tensor]) -> Tensor:
        code = hidden[-1].float()
        slopes = (code * (1.0 - code)).square()
        norms = self.network_.encoder[-1].weight.float().square().sum(dim=1)
        return self.contraction * (slopes @ norms).mean()
