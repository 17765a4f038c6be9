"""S8: a convolutional autoencoder is not done after 20 epochs."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmark.studies.declaration import Case, Evidence, Expectation, Study
from benchmark.studies.study_figures import loss_figure, pictures_figure

_TRAINED = {"loss": "bce", "epochs": 20}
_CASES = {
    "two stages of 3x3": Case("convolutional", _TRAINED, width=32),
    # 27,000 weights and biases, as the convolutional one has.
    "dense, as many parameters": Case("autoencoder", {**_TRAINED, "hidden": [16]}, width=32),
}


def _fall(evidence: Evidence) -> Any:
    losses = evidence.losses("two stages of 3x3")
    return losses[:, -2] - losses[:, -1] if losses.shape[1:] > (1,) else []


def _ratio(evidence: Evidence) -> Any:
    ours, dense = (evidence.scores(case, "reconstruction_mse") for case in _CASES)
    return ours / dense


STUDY = Study(
    id="S8",
    name="convolutional",
    claim=(
        "Two stages of 3x3 convolution and pooling, mirrored, reconstruct sharply, and the loss "
        "still falls at 20 epochs"
    ),
    source="Keras blog, Building autoencoders in Keras (2016)",
    cases=_CASES,
    expectations=(
        Expectation("fall of the loss in the last epoch", _fall, above=0.0, digits=5),
        Expectation("test MSE over that of a dense network of as many parameters", _ratio, below=1.0),
    ),
    about=(
        "A convolution looks at every place of an image with the same small filters, so that a stroke means "
        "the same wherever it is. Pooling halves the image between two of them; on the way back it is "
        "doubled again."
    ),
    figures=(partial(loss_figure, cases=list(_CASES)), partial(pictures_figure, cases=list(_CASES))),
)
