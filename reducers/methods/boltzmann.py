"""The restricted Boltzmann machine, and the deep belief network made of a stack of them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from reducers.methods.autoencoders.autoencoder import DenseAutoencoder
from reducers.parameters import flag, integer, number, one_of, sizes
from reducers.rows import FloatArray, Rows
from reducers.training.batches import Batches
from reducers.training.contrastive import BoltzmannMachine, Descent, train_machine
from reducers.training.device import TorchReducer


class RBM(TorchReducer):
    """Bernoulli restricted Boltzmann machine, trained by contrastive divergence; the code is P(h = 1 | v).

    Inputs lie in [0, 1] and are taken as probabilities of the visible units.

    Parameters
    ----------
    learning_rate : float > 0, default 0.1
    batch_size : int, default 100
    epochs : int, default 20
    gibbs_steps : int, default 1
        k of CD-k.
    persistent : bool, default False
        Keep one Gibbs chain a row of the batch through the whole training (Tieleman 2008).
    momentum : float in [0, 1), default 0.5
    weight_decay : float >= 0, default 2e-4

    Attributes
    ----------
    weights_ : ndarray of shape (n_components, n_features)
    hidden_bias_, visible_bias_ : ndarray of shape (n_components,) and (n_features,)
    history_ : list of dict
        ``epoch``, ``loss`` (mean squared error of one reconstruction) and ``pseudo_likelihood``
        (mean log, in nats an image, of a sub-sample; higher is better).

    Notes
    -----
    `partial_fit` trains the machine by `epochs` further epochs on the batch it is given.
    """

    name = "rbm"
    reference = (
        "Hinton (2002), Training products of experts; Hinton (2012), A practical guide to training RBMs"
    )
    warmup_params = {"epochs": 1}

    learning_rate: float = number(0.1, low=0.0, above=True)
    batch_size: int = integer(100, low=1)
    epochs: int = integer(20, low=1)
    gibbs_steps: int = integer(1, low=1)
    persistent: bool = flag(False)
    momentum: float = number(0.5, low=0.0, high=1.0, below=True)
    weight_decay: float = number(2e-4, low=0.0)

    def _fit(self, X: FloatArray | Rows, rng: np.random.Generator) -> None:
        self._check_probabilities(X)
        data, generator = self._batches(X), self._generator(rng)
        self.machine_ = BoltzmannMachine.initial(data, self.n_components, rng)
        self.history_: list[dict[str, float]] = []
        self._train(data, generator)

    def _partial_fit(self, X: FloatArray | Rows, rng: np.random.Generator) -> None:
        if not hasattr(self, "n_components_"):
            self._fit(X, rng)
            return
        self._check_probabilities(X)
        self._train(self._batches(X), self._generator(rng))

    def _train(self, data: Batches, generator: torch.Generator) -> None:
        descent = Descent(**{setting.name: getattr(self, setting.name) for setting in fields(Descent)})
        self.history_ += train_machine(self.machine_, data, descent, generator)
        parameters = (parameter.cpu().numpy() for parameter in self.machine_.parameters)
        self.weights_, self.hidden_bias_, self.visible_bias_ = parameters

    def _transform(self, X: FloatArray | Rows) -> NDArray[Any]:
        return self._apply(self.machine_.hidden_mean, X)

    def _inverse_transform(self, Z: FloatArray) -> NDArray[Any]:
        return self._apply(self.machine_.visible_mean, Z)

    @property
    def n_parameters_(self) -> int:
        """Number of weights and biases."""
        return sum(parameter.numel() for parameter in self.machine_.parameters)


class DBN(DenseAutoencoder):
    """A stack of RBMs trained greedily, unrolled into an autoencoder, fine-tuned by back-propagation.

    Every RBM learns from the hidden probabilities of the one below; the topmost has linear hidden
    units with unit Gaussian noise, whose mean is the code. Unrolled, encoder and decoder begin with
    the same weights, transposed, and are then free.

    Parameters
    ----------
    pretrain_epochs : int, default 10
        Epochs of each RBM; 0 leaves the pretraining out.
    pretrain_learning_rate : float > 0, default 0.1
        Of the binary RBMs; the topmost takes a hundredth of it, as linear units need.
    pretrain_batch_size : int, default 100
    """

    name = "dbn"
    reference = "Hinton and Salakhutdinov (2006), Reducing the dimensionality of data with neural networks"
    warmup_params = {"epochs": 1, "pretrain_epochs": 1}

    hidden: tuple[int, ...] = sizes((1000, 500, 250), empty=False)
    activation: str = one_of("sigmoid", "relu", "tanh", "softplus", "linear")
    loss: str = one_of("bce", "mse")
    pretrain_epochs: int = integer(10, low=0)
    pretrain_learning_rate: float = number(0.1, low=0.0, above=True)
    pretrain_batch_size: int = integer(100, low=1)

    def _fit(self, X: FloatArray | Rows, rng: np.random.Generator) -> None:
        self._check_probabilities(X)
        # With others the network would not compute what the machines have learned.
        units = {"activation": "sigmoid", "code_activation": "linear", "output_activation": "sigmoid"}
        for name, needed in units.items():
            if self.pretrain_epochs > 0 and getattr(self, name) != needed:
                raise self._refusal(f"{name} {needed!r} with pretraining", repr(getattr(self, name)))
        super()._fit(X, rng)

    def _pretrain(self, X: Batches, generator: torch.Generator) -> None:
        if self.pretrain_epochs == 0:
            return
        encoder, decoder = list(self.network_.encoder), list(self.network_.decoder)
        weights = np.random.default_rng(generator.initial_seed())
        for depth, layer in enumerate(encoder, start=1):
            top = depth == len(encoder)
            machine = BoltzmannMachine.initial(X, layer.bias.numel(), weights, linear=top)
            rate = self.pretrain_learning_rate * (0.01 if top else 1.0)
            descent = Descent(self.pretrain_epochs, self.pretrain_batch_size, rate)
            history = train_machine(machine, X, descent, generator)
            self.history_ += [{"stage": f"RBM {depth}", **epoch} for epoch in history]
            mirror = decoder[-depth]
            with torch.no_grad():
                layer.weight.copy_(machine.weights)
                layer.bias.copy_(machine.hidden_bias)
                if mirror.weight is not None:
                    mirror.weight.copy_(machine.weights.T)
                mirror.bias.copy_(machine.visible_bias)
            if not top:
                X = X.mapped(machine.hidden_mean)
