"""S8: a convolutional autoencoder is not done after 20 epochs."""

from typing import Any

from benchmark.studies.declaration import Case, Evidence, Expectation, Study, ratio
from benchmark.studies.study_figures import loss_figure, pictures_figure

_TRAINED = {"loss": "bce", "epochs": 20}


def _fall(evidence: Evidence) -> Any:
    losses = evidence.losses("two stages of 3x3")
    return losses[:, -2] - losses[:, -1] if losses.shape[1:] > (1,) else []


STUDY = Study(
    id="S8",
    name="convolutional",
    claim=(
        "Two stages of 3x3 convolution and pooling, mirrored, reconstruct sharply, and the loss "
        "still falls at 20 epochs"
    ),
    source="Keras blog, Building autoencoders in Keras (2016)",
    cases={
        "two stages of 3x3": Case("convolutional", _TRAINED, width=32),
        # 27,000 weights and biases, as the convolutional one has.
        "dense, as many parameters": Case("autoencoder", {**_TRAINED, "hidden": [16]}, width=32),
    },
    expectations=(
        Expectation("fall of the loss in the last epoch", _fall, above=0.0, digits=5),
        Expectation(
            "test MSE over that of a dense network of as many parameters",
            ratio("two stages of 3x3", "dense, as many parameters", "reconstruction_mse"),
            below=1.0,
        ),
    ),
    about=(
        "A convolution looks at every place of an image with the same small filters, so that a stroke means "
        "the same wherever it is. Pooling halves the image between two of them; on the way back it is "
        "doubled again."
    ),
    teaches=(
        "A few shared filters do the work of many weights: with as many parameters, the error is about a "
        "fifth of that of a dense network. Most is learned in five epochs; the rest of the way is slow, and "
        "not over at twenty."
    ),
    figures={
        "Training loss by epoch, a thin line for each seed.": loss_figure,
        "Test digits above what 32 numbers give back of them.": pictures_figure,
    },
)
