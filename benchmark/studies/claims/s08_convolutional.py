"""S8: a convolutional autoencoder is not done after 20 epochs."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmark.studies.declaration import Case, Evidence, Expectation, Study
from benchmark.studies.study_figures import loss_figure

_CASES = {"two stages of 3x3": Case("convolutional", {"loss": "bce", "epochs": 20}, width=32)}


def _fall(evidence: Evidence) -> Any:
    losses = evidence.losses("two stages of 3x3")
    return losses[:, -2] - losses[:, -1] if losses.shape[1:] > (1,) else []


STUDY = Study(
    id="S8",
    name="convolutional",
    claim="Two stages of 3x3 convolution and pooling, mirrored: the loss still falls at 20 epochs",
    source="Keras blog, Building autoencoders in Keras (2016)",
    cases=_CASES,
    expectations=(Expectation("fall of the loss in the last epoch", _fall, above=0.0, digits=5),),
    about=(
        "A convolution looks at every place of an image with the same small filters, so that a stroke means "
        "the same wherever it is. Pooling halves the image between two of them; on the way back it is "
        "doubled again."
    ),
    figure=partial(loss_figure, cases=list(_CASES)),
)
