"""The two autoencoders without a hidden layer: plain, and linear."""

from __future__ import annotations

from reducers.methods.autoencoders.autoencoder import DenseAutoencoder
from reducers.parameters import one_of


class Plain(DenseAutoencoder):
    """One hidden layer, which is the code: ``n_features -> n_components -> n_features``."""

    name = "autoencoder"
    reference = (
        "Rumelhart, Hinton and Williams (1986), Learning internal representations by error propagation"
    )


class Undercomplete(DenseAutoencoder):
    """Linear encoder and decoder; at its optimum the code spans the principal subspace."""

    name = "undercomplete"
    reference = "Baldi and Hornik (1989), Neural networks and principal component analysis, Neural Networks 2"

    code_activation: str = one_of("linear", "relu", "sigmoid", "tanh", "softplus")
    output_activation: str = one_of("linear", "relu", "sigmoid", "tanh", "softplus")
