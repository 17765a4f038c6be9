"""S1: the first autoencoder of most tutorials, and the costs that it prints."""

from functools import partial
from typing import Any

from benchmark.studies.declaration import Case, Evidence, Expectation, Study
from benchmark.studies.study_figures import loss_figure, pictures_figure

_PUBLISHED = (0.0979, 0.0876, 0.0831, 0.0789, 0.0691)
_NETWORK = {
    "hidden": [256], "activation": "sigmoid", "code_activation": "sigmoid", "output_activation": "sigmoid",
    "learning_rate": 0.01, "batch_size": 256, "epochs": 5, "weight_init": "normal",
}  # fmt: skip


def _cost(epoch: int, evidence: Evidence) -> Any:
    losses = evidence.losses("784-256-128")
    return losses[:, epoch] if losses.shape[1:] > (epoch,) else []


STUDY = Study(
    id="S1",
    name="plain-costs",
    claim="Trained for five epochs, the cost of 784-256-128 falls 0.0979, 0.0876, 0.0831, 0.0789, 0.0691",
    source="TensorFlow examples, autoencoder, as its readers print it",
    cases={
        "784-256-128": Case("autoencoder", _NETWORK, width=128),
        "at a tenth of the rate": Case("autoencoder", {**_NETWORK, "learning_rate": 0.001}, width=128),
    },
    expectations=(
        *(
            Expectation(f"cost of epoch {epoch + 1}", partial(_cost, epoch), about=cost, digits=4)
            for epoch, cost in enumerate(_PUBLISHED)
        ),
        Expectation("fall from first to last", lambda e: _cost(0, e) - _cost(4, e), above=0.0, digits=4),
    ),
    about=(
        "An autoencoder is a network that must give back what it is shown, through a layer too narrow to "
        "copy it. Its cost is the mean squared difference of pixels, and training makes it fall."
    ),
    reason=(
        "the published costs lie between those of the rate that is named and those of a tenth of it, as the "
        "figure shows; they are those of the last mini-batch of an epoch, and ours the mean of all of them"
    ),
    teaches=(
        "Weights drawn from N(0, 1) saturate the sigmoids: some pixels of the border stay black, and the "
        "first epochs are slow. How fast a cost falls says more of the rate than of the network."
    ),
    figures={
        "Cost by epoch at the rate of the claim and at a tenth of it, and the five published ones.": partial(
            loss_figure, published=_PUBLISHED
        ),
        "Ten test digits above their reconstructions.": pictures_figure,
    },
)
