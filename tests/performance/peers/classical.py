"""scikit-learn's RBM, perceptron and PCA, and ours with the same settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from images import training_images
from peers.start import (
    ADAM_BETA_2,
    BATCH_SIZE,
    LEARNING_RATE,
    N_COMPONENTS,
    SIZES,
    autoencoder,
    early_epsilon,
    reconstruction_error,
    start,
)
from race import Contender, Trial
from reducers import make_reducer

if TYPE_CHECKING:
    import numpy as np

RBM: dict[str, Any] = {"n_components": 256, "batch_size": 100, "learning_rate": 0.1}
RBM_EPOCHS = 3
PCA_SOLVERS = ("full", "covariance_eigh", "randomized")


def our_rbm(n: int) -> Contender:
    """Return our RBM on `n` images."""

    def contender(seed: int) -> Trial:
        X = training_images(n)
        machine = make_reducer("rbm", **RBM, epochs=RBM_EPOCHS, random_state=seed, device="cpu")
        return Trial(
            lambda: machine.fit(X),
            lambda: _pseudo_likelihood(
                X, machine.weights_, machine.hidden_bias_, machine.visible_bias_, sample=seed
            ),
        )

    return contender


def sklearn_rbm(n: int) -> Contender:
    """Return scikit-learn's ``BernoulliRBM`` on `n` images."""
    from sklearn.neural_network import BernoulliRBM

    def contender(seed: int) -> Trial:
        X = training_images(n)
        machine = BernoulliRBM(**RBM, n_iter=RBM_EPOCHS, random_state=seed)
        return Trial(
            lambda: machine.fit(X),
            lambda: _pseudo_likelihood(
                X, machine.components_, machine.intercept_hidden_, machine.intercept_visible_, sample=seed
            ),
        )

    return contender


def _pseudo_likelihood(X: Any, weights: Any, hidden: Any, visible: Any, sample: int) -> float:
    """Return scikit-learn's mean log pseudo-likelihood (nats) of any machine's weights and biases."""
    from sklearn.neural_network import BernoulliRBM

    judge = BernoulliRBM(random_state=sample)
    judge.components_, judge.intercept_hidden_, judge.intercept_visible_ = weights, hidden, visible
    judge.n_features_in_ = X.shape[1]
    return float(judge.score_samples(X).mean())


def our_perceptron(n: int) -> Contender:
    """Return our autoencoder as `MLPRegressor` can build it, with a rectified code."""

    def contender(seed: int) -> Trial:
        X = training_images(n)
        reducer = autoencoder("dense", seed, precision="fp32", code_activation="relu")
        return Trial(
            lambda: reducer.fit(X),
            lambda: reconstruction_error(X, reducer.inverse_transform(reducer.transform(X))),
        )

    return contender


def sklearn_perceptron(n: int) -> Contender:
    """Return scikit-learn's ``MLPRegressor`` that learns to return its input."""
    from sklearn.neural_network import MLPRegressor

    def contender(seed: int) -> Trial:
        X, began = training_images(n), start("dense", n, seed)
        network = MLPRegressor(
            hidden_layer_sizes=SIZES[1:-1],
            batch_size=BATCH_SIZE,
            learning_rate_init=LEARNING_RATE,
            alpha=0.0,
            shuffle=False,
        )
        # The first call builds the network, whose weights can be set only then.
        network.partial_fit(X[:BATCH_SIZE], X[:BATCH_SIZE])
        network.coefs_ = [weight.T.copy() for weight, _ in began.weights]
        network.intercepts_ = [bias.copy() for _, bias in began.weights]
        network._optimizer = _same_adam(network, X.shape[1])
        return Trial(
            lambda: network.partial_fit(began.ordered, began.ordered),
            lambda: reconstruction_error(X, network.predict(X)),
        )

    return contender


def _same_adam(network: Any, n_outputs: int) -> Any:
    """Return scikit-learn's Adam with the epsilon that ours has."""
    from sklearn.neural_network._stochastic_optimizers import AdamOptimizer

    class SameAdam(AdamOptimizer):
        def _get_updates(self, grads: list[np.ndarray]) -> Any:
            # Its loss is half the sum over pixels: the gradients are as many times larger.
            self.epsilon = early_epsilon(self.t) * n_outputs / 2
            return super()._get_updates(grads)

    return SameAdam(network.coefs_ + network.intercepts_, LEARNING_RATE, beta_2=ADAM_BETA_2)


def our_pca(n: int, device: str = "cpu") -> Contender:
    """Return our PCA on `n` images."""

    def contender(seed: int) -> Trial:
        X, reducer = training_images(n), make_reducer("pca", n_components=N_COMPONENTS, device=device)
        return Trial(
            lambda: reducer.fit(X),
            lambda: reconstruction_error(X, reducer.inverse_transform(reducer.transform(X))),
        )

    return contender


def sklearn_pca(n: int, solver: str) -> Contender:
    """Return scikit-learn's ``PCA`` by `solver` on `n` images."""
    from sklearn.decomposition import PCA

    def contender(seed: int) -> Trial:
        X, reducer = training_images(n), PCA(N_COMPONENTS, svd_solver=solver, random_state=seed)
        return Trial(
            lambda: reducer.fit(X),
            lambda: reconstruction_error(X, reducer.inverse_transform(reducer.transform(X))),
        )

    return contender
