"""The sparse autoencoder: a penalty on the activity of the first hidden layer."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from reducers.methods.autoencoders.autoencoder import DenseAutoencoder
from reducers.parameters import number, one_of, sizes
from reducers.rows import FloatArray, Rows
from reducers.training.products import single

_WEIGHTS = {"l1": 1e-5, "kl": 0.1}


class Sparse(DenseAutoencoder):
    """A deep autoencoder whose first hidden layer is kept sparse.

    Parameters
    ----------
    penalty : {'l1', 'kl'}
        ``l1``: the sum of absolute activities of a sample. ``kl``: sum over units of
        KL(rho || rho_hat), with rho_hat a running mean of a unit's activity over mini-batches; it
        needs sigmoid hidden layers, whose activity is a probability.
    weight : float >= 0 or None
        Factor of the penalty. None is 1e-5 for ``l1`` and 0.1 for ``kl``, which brings the mean activity of
        a unit to `sparsity`.
    sparsity : float in (0, 1), default 0.05
        rho, the mean activity aimed at (``kl`` only).
    momentum : float in [0, 1), default 0.9
        Share of the past in the running mean (``kl`` only). The gradient flows through the present
        batch alone, so a longer memory also means a weaker pull.
    """

    name = "sparse"
    reference = "Ng (2011), Sparse autoencoder, CS294A lecture notes; Olshausen and Field (1996), Nature 381"

    hidden: tuple[int, ...] = sizes((128, 64), empty=False)
    penalty: str = one_of("l1", "kl")
    weight: float | None = number(None, low=0.0)
    sparsity: float = number(0.05, low=0.0, high=1.0, above=True, below=True)
    momentum: float = number(0.9, low=0.0, high=1.0, below=True)

    def _fit(self, X: FloatArray | Rows, rng: np.random.Generator) -> None:
        if self.penalty == "kl" and self.activation != "sigmoid":
            raise self._refusal("activation 'sigmoid' with penalty 'kl'", repr(self.activation))
        self._mean_activity: Tensor | None = None
        super()._fit(X, rng)

    def _penalty(self, hidden: list[Tensor]) -> Tensor:
        activity, weight = single(hidden[0]), _WEIGHTS[self.penalty] if self.weight is None else self.weight
        if self.penalty == "l1":
            return weight * activity.abs().sum(dim=1).mean()
        return weight * self._divergence(activity).sum()

    def _divergence(self, activity: Tensor) -> Tensor:
        """Return KL(rho || rho_hat) of every unit, rho_hat the running mean of its activity."""
        mean = activity.mean(dim=0)
        if self._mean_activity is None:
            self._mean_activity = mean.detach().clone()
        mean = self.momentum * self._mean_activity + (1.0 - self.momentum) * mean
        # In place, so that a recorded step finds it where it was.
        self._mean_activity.copy_(mean.detach())
        mean, rho = mean.clamp(1e-6, 1.0 - 1e-6), self.sparsity
        return rho * (rho / mean).log() + (1.0 - rho) * ((1.0 - rho) / (1.0 - mean)).log()
