"""What a fit of ours draws at random: its weights, and the order of its batches.

Every peer starts from these weights and sees these batches in this order. Then there is no luck in
the comparison: after as many epochs the losses agree but for rounding, or somebody computes
something else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from images import N_PIXELS, training_images
from reducers import make_reducer
from reducers.methods.autoencoders.stacked import Stacked

if TYPE_CHECKING:
    import torch

    from reducers.base import FloatArray, Reducer

HIDDEN = (500, 500, 2000)
N_COMPONENTS = 10
BATCH_SIZE = 256
LEARNING_RATE = 1e-3
ADAM_EPSILON, ADAM_BETA_2 = 1e-8, 0.999
# Input to code and back: 784-500-500-2000-10-2000-500-500-784.
SIZES = (N_PIXELS, *HIDDEN, N_COMPONENTS, *reversed(HIDDEN), N_PIXELS)
LAYERS = tuple(pairwise(SIZES))
CODE_LAYER = len(HIDDEN)
# So small that an update changes no weight.
_NO_STEP = 1e-30


@dataclass(frozen=True, eq=False)
class Start:
    """Weights and batches of the first epoch of our autoencoder.

    Attributes
    ----------
    weights : list of (float32 array (n_out, n_in), float32 array (n_out,))
        Of every layer, from the input to the output.
    ordered : float32 array (n, 784)
        The images in the order in which the epoch's batches take them.
    """

    weights: list[tuple[FloatArray, FloatArray]]
    ordered: FloatArray


class Recorder(Stacked):
    """The same autoencoder, which keeps the batches it is given."""

    name = "recorder"

    def _corrupt(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        self.__dict__.setdefault("batches_", []).append(x.float().numpy().copy())
        return x


def dense_parameters(**changes: Any) -> dict[str, Any]:
    """Return the parameters of 784-500-500-2000-10, one plain epoch of it, on the CPU."""
    plain = {"pretrain_epochs": 0, "decay": "constant", "epochs": 1, "device": "cpu"}
    return {
        **plain,
        "hidden": HIDDEN,
        "n_components": N_COMPONENTS,
        "batch_size": BATCH_SIZE,
        "learning_rate": LEARNING_RATE,
        **changes,
    }


def dense_autoencoder(seed: int, **changes: Any) -> Reducer:
    """Return our autoencoder, unfitted."""
    return make_reducer("stacked", random_state=seed, **dense_parameters(**changes))


@lru_cache(maxsize=1)
def start(n: int, seed: int) -> Start:
    """Return what ``dense_autoencoder(seed)`` draws when it is fitted to `n` images."""
    changes = {"learning_rate": _NO_STEP, "precision": "fp32"}
    recorder = Recorder(random_state=seed, **dense_parameters(**changes)).fit(training_images(n))
    parameters = [p.detach().float().numpy().copy() for p in recorder.network_.parameters()]
    weights = [
        (weight, np.zeros_like(bias)) for weight, bias in zip(parameters[::2], parameters[1::2], strict=True)
    ]
    assert [weight.shape[::-1] for weight, _ in weights] == list(LAYERS)
    return Start(weights, np.concatenate(recorder.batches_))


def early_epsilon(update: int) -> float:
    """Return the epsilon of update `update` (from 0) of an Adam that adds it to the uncorrected root.

    Kingma and Ba (2015) write their algorithm in two ways; torch adds epsilon to the corrected second
    moment, Keras and scikit-learn to the uncorrected one. The first gradients of an autoencoder's mean
    loss are so small that this decides how they train.
    """
    return ADAM_EPSILON * math.sqrt(1 - ADAM_BETA_2 ** (update + 1))


def reconstruction_error(X: FloatArray, reconstruction: FloatArray) -> float:
    """Return the mean squared error a pixel."""
    return float(np.square(X - reconstruction).mean(dtype=np.float64))
