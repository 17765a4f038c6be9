"""The autoencoder: networks, a reconstruction loss, and hooks for what makes a variant."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from reducers.parameters import flag, integer, number, one_of, sizes
from reducers.rows import FloatArray, Rows
from reducers.training.batches import Batches
from reducers.training.dense_network import SCHEMES, DenseNetwork, dropout
from reducers.training.device import TorchReducer
from reducers.training.loop import train
from reducers.training.precision import native_precision
from reducers.training.products import ACTIVATIONS, reconstruction_loss
from reducers.training.steps import OPTIMIZERS, Schedule


class Autoencoder(TorchReducer):
    """An encoder to the code and its mirror image, trained together to reconstruct their input.

    A subclass builds the network; `DenseAutoencoder` is the one of fully connected layers.

    Parameters
    ----------
    activation, code_activation, output_activation : {'relu', 'sigmoid', 'tanh', 'softplus', 'linear'}
        Of the hidden layers, of the code, and of the output.
    loss : {'mse', 'bce'}
        Mean squared error, or binary cross-entropy (inputs in [0, 1], sigmoid output), averaged
        over samples and features.
    learning_rate : float > 0, default 0.001
    batch_size : int, default 256
    epochs : int, default 20
    decay : {'constant', 'cosine'}
        Whether the learning rate stays, or falls to 0 along half a cosine, epoch by epoch.
    optimizer : {'adam', 'adamw', 'sgd', 'momentum', 'adagrad', 'adadelta', 'rmsprop'}
        ``momentum`` is sgd with a momentum of 0.9.
    weight_init : str
        ``xavier-uniform`` (default), ``xavier-normal``, ``he-uniform``, ``he-normal``,
        ``fan-in-uniform`` (bounds 1 / sqrt(inputs), the layers' own default in torch), ``normal``
        (standard deviation 1) or ``small-normal`` (0.01). Biases begin at 0.
    dropout : float in [0, 1), default 0
        Share of the hidden units that each step of the training as a whole leaves out (Srivastava et al.
        2014): of the code where it is the only hidden layer, of a convolutional network only where it is
        dense.
    precision : {'auto', 'fp32', 'bf16'}
        Arithmetic of the matrix products; weights and updates stay fp32. ``auto`` is bf16 where
        the hardware multiplies it natively and gains by it; see
        `reducers.training.precision.native_precision`.
    cuda_graphs : bool, default False
        Record the update of the weights once and replay it, on CUDA with ``adam`` or ``adamw``. Not yet
        proven on a GPU.

    Attributes
    ----------
    network_ : torch.nn.Module
    history_ : list of dict
        ``stage``, ``epoch`` and ``loss`` (reconstruction plus penalty), one an epoch.

    Notes
    -----
    `partial_fit` trains the network, which the first batch began, by `epochs` further epochs on a batch.
    """

    warmup_params = {"epochs": 1}

    activation: str = one_of(*ACTIVATIONS)
    code_activation: str = one_of("linear", *ACTIVATIONS)
    output_activation: str = one_of("sigmoid", *ACTIVATIONS)
    loss: str = one_of("mse", "bce")
    learning_rate: float = number(1e-3, low=0.0, above=True)
    batch_size: int = integer(256, low=1)
    epochs: int = integer(20, low=1)
    optimizer: str = one_of(*OPTIMIZERS)
    decay: str = one_of("constant", "cosine")
    weight_init: str = one_of(*SCHEMES)
    dropout: float = number(0.0, low=0.0, high=1.0, below=True)
    precision: str = one_of("auto", "fp32", "bf16")
    cuda_graphs: bool = flag(False)

    def _fit(self, X: FloatArray | Rows, rng: np.random.Generator) -> None:
        self._check_loss(X)
        self.precision_ = native_precision(self.precision, self._torch_device())
        # Weights are drawn on the CPU, so every device starts from the same ones.
        initial = torch.Generator().manual_seed(int(rng.integers(2**63)))
        self.network_ = self._build_network(X.shape[1], initial).to(self._torch_device())
        self.history_: list[dict[str, Any]] = []
        generator = self._generator(rng)
        data = self._batches(X)
        self._pretrain(data, generator)
        self._fine_tune(data, generator)

    def _partial_fit(self, X: FloatArray | Rows, rng: np.random.Generator) -> None:
        if not hasattr(self, "n_components_"):
            self._fit(X, rng)
            return
        self._check_loss(X)
        self._fine_tune(self._batches(X), self._generator(rng))

    def _build_network(self, n_features: int, generator: torch.Generator) -> Any:
        """Hook: return the network, a module with `hidden`, `encode` and `output_pre_activation`."""
        raise NotImplementedError

    def _pretrain(self, X: Batches, generator: torch.Generator) -> None:
        """Hook: give the layers better weights to start from."""

    def _corrupt(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Hook: return what the encoder sees in place of `x`."""
        return x

    def _seen_by_decoder(self, code: Tensor, generator: torch.Generator) -> Tensor:
        """Hook: return what the decoder is trained on in place of the encoder's output."""
        return code

    def _penalty(self, hidden: list[Tensor]) -> Tensor | float:
        """Hook: return what is added to the reconstruction loss, from the encoder's activity."""
        return 0.0

    def _fine_tune(self, X: Batches, generator: torch.Generator) -> None:
        batch_loss, schedule = partial(self._batch_loss, generator=generator), self._schedule(self.epochs)
        stage = "fine-tuning" if self.history_ else "training"
        self.history_ += train(self.network_.parameters(), batch_loss, X, schedule, generator, stage=stage)

    def _batch_loss(self, x: Tensor, generator: torch.Generator) -> Tensor:
        drop = dropout(self.dropout, generator)
        hidden = self.network_.hidden(self._corrupt(x, generator), drop)
        code = self._seen_by_decoder(hidden[-1], generator)
        output = self.network_.output_pre_activation(code, drop)
        return self._reconstruction_loss(output, x) + self._penalty(hidden)

    def _schedule(self, epochs: int) -> Schedule:
        how = self.optimizer, self.decay, self.precision_, self.cuda_graphs
        return Schedule(epochs, self.batch_size, self.learning_rate, *how)

    def _reconstruction_loss(self, output: Tensor, x: Tensor) -> Tensor:
        return reconstruction_loss(output, x, self.output_activation, self.loss)

    def _check_loss(self, X: FloatArray | Rows) -> None:
        if self.loss != "bce":
            return
        if self.output_activation != "sigmoid":
            raise self._refusal("output_activation 'sigmoid' with loss 'bce'", repr(self.output_activation))
        self._check_probabilities(X, " with loss 'bce'")

    def _transform(self, X: FloatArray | Rows) -> NDArray[Any]:
        return self._apply(self.network_.encode, X)

    def _inverse_transform(self, Z: FloatArray) -> NDArray[Any]:
        return self._apply(self._decode, Z)

    def _decode(self, z: Tensor) -> Tensor:
        return ACTIVATIONS[self.output_activation](self.network_.output_pre_activation(z))

    def score_samples(self, X: ArrayLike | Rows) -> FloatArray:
        """Return the mean squared error of each sample's reconstruction, in the squared units of `X`.

        It is not negated: 0 is a perfect reconstruction, and the larger, the less a sample is like those
        learned from.

        Returns
        -------
        float32 ndarray of shape (n,)

        Raises
        ------
        sklearn.exceptions.NotFittedError, ValueError
            As `transform` does.
        """
        check_is_fitted(self, "n_components_")
        data = self._samples(X, reset=False)
        return self._checked(self._apply(self._errors, data), (len(data),), "scores")

    def _errors(self, x: Tensor) -> Tensor:
        return (self._decode(self.network_.encode(x)) - x).square().mean(dim=1)

    @property
    def n_parameters_(self) -> int:
        """Number of weights and biases."""
        return sum(p.numel() for p in self.network_.parameters())


class DenseAutoencoder(Autoencoder):
    """Fully connected: ``n_features -> hidden -> n_components`` and its mirror image.

    Parameters
    ----------
    hidden : tuple of int, default ()
        Sizes of the hidden layers between input and code; the decoder mirrors them.
    tied : bool, default False
        Whether a decoder layer shares the transposed weights of its encoder layer.
    """

    _network_class: ClassVar[type[DenseNetwork]] = DenseNetwork

    hidden: tuple[int, ...] = sizes(())
    tied: bool = flag(False)

    def _build_network(self, n_features: int, generator: torch.Generator) -> DenseNetwork:
        widths, code = (n_features, *self.hidden, self.n_components), self.code_activation
        return self._network_class(
            widths, self.activation, code, self.output_activation, self.tied, self.weight_init, generator
        )
