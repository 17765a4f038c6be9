"""The variational autoencoder: its code is a distribution, held close to a standard normal one."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from reducers.methods.autoencoders.autoencoder import DenseAutoencoder
from reducers.parameters import integer, number, one_of, sizes
from reducers.rows import FloatArray, Rows
from reducers.training.dense_network import Dense, DenseNetwork, initialise
from reducers.training.products import single


class VariationalNetwork(DenseNetwork):
    """A dense network whose encoder ends in two numbers a unit of the code: mean and log-variance."""

    def encode(self, x: Tensor) -> Tensor:
        """Return the means, of shape (n, n_components)."""
        return self.hidden(x)[-1].chunk(2, dim=1)[0]


class Variational(DenseAutoencoder):
    """The decoder learns from draws of a Gaussian whose mean, which is the code, and variance are encoded.

    What is minimised is the negative evidence lower bound of a sample over its number of features: with loss
    ``bce`` the features are Bernoulli, with ``mse`` Gaussian of variance 1/2. One hidden layer of 500 tanh
    units and batches of 100 are the paper's; Adam, and weights that fit its steps, stand in for Adagrad.

    Parameters
    ----------
    beta : float >= 0, default 1
        Factor of the divergence from the standard normal distribution; above 1 it is a beta-VAE.
    """

    name = "variational"
    reference = (
        "Kingma and Welling (2014), Auto-encoding variational Bayes; Higgins et al. (2017), beta-VAE, ICLR"
    )
    _network_class = VariationalNetwork

    hidden: tuple[int, ...] = sizes((500,))
    activation: str = one_of("tanh", "relu", "sigmoid", "softplus", "linear")
    code_activation: str = one_of("linear")
    loss: str = one_of("bce", "mse")
    batch_size: int = integer(100, low=1)
    beta: float = number(1.0, low=0.0)

    def _fit(self, X: FloatArray | Rows, rng: np.random.Generator) -> None:
        if self.tied:
            raise self._refusal("tied False, as its encoder ends in twice the numbers of a code", "True")
        super()._fit(X, rng)

    def _build_network(self, n_features: int, generator: torch.Generator) -> DenseNetwork:
        network = super()._build_network(n_features, generator)
        n_in = (n_features, *self.hidden)[-1]
        network.encoder[-1] = last = Dense(n_in, 2 * self.n_components, self.code_activation)
        initialise(last.weight, self.weight_init, generator)  # type: ignore[arg-type]
        return network

    def _seen_by_decoder(self, code: Tensor, generator: torch.Generator) -> Tensor:
        mean, log_variance = _moments(code)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
        return mean + (0.5 * log_variance).exp() * noise

    def _penalty(self, hidden: list[Tensor]) -> Tensor:
        mean, log_variance = _moments(hidden[-1])
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).sum(dim=1)
        penalty: Tensor = self.beta * divergence.mean() / self.n_features_in_
        return penalty


def _moments(code: Tensor) -> tuple[Tensor, ...]:
    """Return mean and log-variance, each of shape (n, n_components)."""
    return single(code).chunk(2, dim=1)
