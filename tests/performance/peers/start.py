"""What a fit of ours draws at random: its weights, and the order of its batches.

Every peer starts from these weights and sees these batches in this order. Then there is no luck in
the comparison: after as many epochs the errors agree but for rounding, or somebody computes
something else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from images import N_PIXELS, training_images
from race import Contender, Trial
from reducers import make_reducer
from reducers.methods.autoencoders.convolutional import Convolutional
from reducers.methods.autoencoders.stacked import Stacked

if TYPE_CHECKING:
    import torch

    from reducers.base import FloatArray, Reducer

HIDDEN = (500, 500, 2000)
N_COMPONENTS = 10
BATCH_SIZE = 256
LEARNING_RATE = 1e-3
ADAM_EPSILON, ADAM_BETA_1, ADAM_BETA_2 = 1e-8, 0.9, 0.999
# Input to code and back: 784-500-500-2000-10-2000-500-500-784.
SIZES = (N_PIXELS, *HIDDEN, N_COMPONENTS, *reversed(HIDDEN), N_PIXELS)
LAYERS = tuple(pairwise(SIZES))
CODE_LAYER = len(HIDDEN)
CHANNELS, KERNEL_SIZE = (16, 8), 3
# So small that an update changes no weight.
_NO_STEP = 1e-30
_COMMON: dict[str, Any] = {
    "n_components": N_COMPONENTS,
    "batch_size": BATCH_SIZE,
    "learning_rate": LEARNING_RATE,
    "epochs": 1,
    "device": "cpu",
}
_OWN: dict[str, dict[str, Any]] = {
    "dense": {"hidden": HIDDEN, "pretrain_epochs": 0, "decay": "constant"},
    "convolutional": {"channels": CHANNELS, "kernel_size": KERNEL_SIZE},
}
_REDUCERS = {"dense": "stacked", "convolutional": "convolutional"}


@dataclass(frozen=True, eq=False)
class Start:
    """Weights and batches of the first epoch of our autoencoder.

    Attributes
    ----------
    weights : list of (float32 array (n_out, n_in, ...), float32 array (n_out,))
        Of every layer, from the input to the output; features of images lie channels last.
    ordered : float32 array (n, 784)
        The images in the order in which the epoch's batches take them.
    """

    weights: list[tuple[FloatArray, FloatArray]]
    ordered: FloatArray


# Another library's fit from a start.
Peer = Callable[[Start], Trial]


class _Recorder:
    """Keeps the batches that an autoencoder is given."""

    def _corrupt(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        self.__dict__.setdefault("batches_", []).append(x.float().numpy().copy())
        return x


class DenseRecorder(_Recorder, Stacked):
    """The dense autoencoder, which keeps its batches."""

    name = "dense-recorder"


class ConvolutionalRecorder(_Recorder, Convolutional):
    """The convolutional autoencoder, which keeps its batches."""

    name = "convolutional-recorder"


_RECORDERS = {"dense": DenseRecorder, "convolutional": ConvolutionalRecorder}


def autoencoder(network: str, seed: int, **changes: Any) -> Reducer:
    """Return our autoencoder, one plain epoch of it on the CPU, unfitted.

    Parameters
    ----------
    network : {'dense', 'convolutional'}
        784-500-500-2000-10 and back, or two stages of 16 and 8 channels.
    """
    parameters = {**_COMMON, **_OWN[network], **changes}
    return make_reducer(_REDUCERS[network], random_state=seed, **parameters)


@lru_cache(maxsize=1)
def start(network: str, n: int, seed: int) -> Start:
    """Return what ``autoencoder(network, seed)`` draws when it is fitted to `n` images."""
    parameters = {**_COMMON, **_OWN[network], "learning_rate": _NO_STEP, "precision": "fp32"}
    recorder = _RECORDERS[network](random_state=seed, **parameters).fit(training_images(n))
    parts = [p.detach().float().contiguous().numpy().copy() for p in recorder.network_.parameters()]
    weights = [(weight, np.zeros_like(bias)) for weight, bias in zip(parts[::2], parts[1::2], strict=True)]
    return Start(weights, np.concatenate(recorder.batches_))


def ours(network: str, n: int, precision: str, epochs: int = 1, device: str = "cpu") -> Contender:
    """Return our autoencoder on `n` images."""

    def contender(seed: int) -> Trial:
        # Images are given as they come: the order is drawn within the fit, and is timed.
        X = training_images(n)
        reducer = autoencoder(network, seed, precision=precision, epochs=epochs, device=device)
        return Trial(
            lambda: reducer.fit(X),
            lambda: reconstruction_error(X, reducer.inverse_transform(reducer.transform(X))),
        )

    return contender


def from_our_start(network: str, n: int, peer: Peer) -> Contender:
    """Return `peer`, which starts where ours with the round's seed does."""
    return lambda seed: peer(start(network, n, seed))


def is_linear(layer: int) -> bool:
    """Return whether no activation follows a layer of the dense autoencoder."""
    return layer in (CODE_LAYER, len(LAYERS) - 1)


def early_epsilon(update: Any, root: Callable[[Any], Any] = math.sqrt) -> Any:
    """Return the epsilon of update `update` (from 0) of an Adam that adds it to the uncorrected root.

    Kingma and Ba (2015) write their algorithm in two ways; torch adds epsilon to the corrected second
    moment, Keras and scikit-learn to the uncorrected one. The first gradients of an autoencoder's mean
    loss are so small that this decides how they train. `root` is the square root of a library whose
    number `update` is.
    """
    return ADAM_EPSILON * root(1 - ADAM_BETA_2 ** (update + 1))


def reconstruction_error(X: FloatArray, reconstruction: FloatArray) -> float:
    """Return the mean squared error a pixel."""
    return float(np.square(X - reconstruction).mean(dtype=np.float64))
