"""The recurrent autoencoder: it reads its input row by row, and writes it row by row from the code."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reducers.methods.autoencoders.autoencoder import Autoencoder
from reducers.parameters import integer, one_of

if TYPE_CHECKING:
    import torch


class Recurrent(Autoencoder):
    """Rows of an image, or chunks of a vector, read and written as a sequence by gated cells.

    The encoder's last state becomes the code, from which the decoder writes the rows, the last one first.
    The papers keep states of 1,000 and more units as the code itself; here they are 128, with a narrow code
    between encoder and decoder. Dropout falls on what the two give, never on what a cell passes to itself.

    Parameters
    ----------
    cell : {'gru', 'lstm'}
    units : int, default 128
        Width of the state of encoder and decoder.
    row : int or None
        Features of a step. None takes the root of their number, rounded up: the rows of a square image.
    activation : {'tanh'}
        Of the states, as the cells have it.
    """

    name = "recurrent"
    reference = (
        "Srivastava, Mansimov and Salakhutdinov (2015), Unsupervised learning of video representations using "
        "LSTMs, ICML; Cho et al. (2014), Learning phrase representations using RNN encoder-decoder, EMNLP"
    )

    activation: str = one_of("tanh")
    cell: str = one_of("gru", "lstm")
    units: int = integer(128, low=1)
    row: int | None = integer(None, low=1)

    def _build_network(self, n_features: int, generator: torch.Generator) -> Any:
        from reducers.training.sequence_network import SequenceDesign, SequenceNetwork

        design = SequenceDesign(
            n_features=n_features,
            row=self.row or math.ceil(math.sqrt(n_features)),
            units=self.units,
            n_components=self.n_components,
            cell=self.cell,
            code_activation=self.code_activation,
            weight_init=self.weight_init,
        )
        return SequenceNetwork(design, generator)
