"""S20: a convolutional network on pixels, and on what is left of them after a code."""

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study, score
from benchmark.studies.heads import accuracy, convolutional_network
from benchmark.studies.study_figures import score_figure


def classify(trial: Trial) -> Measured:
    """Train the tutorial's convolutional network with Adam; score it on the test set."""
    shape = trial.image_shape or (1, trial.X_train.shape[1])
    return accuracy(trial, lambda _, n_classes: convolutional_network(shape, n_classes), "Adam", 1e-4, 50)


STUDY = Study(
    id="S20",
    name="convolutional-network",
    claim="Two 5x5 convolutions, 1,024 units, dropout, Adam 1e-4, 2,000 batches of 50: 97.48 %",
    source="TensorFlow, Deep MNIST for experts, and its readers",
    cases={
        "pixels": Case("convolutional network", {"input": "pixels", "steps": 2000}, task=classify),
        # A code is no image: the network sees what its decoder makes of it.
        "decoded codes": Case(
            "convolutional network", {"input": "decoded", "epochs": 20, "steps": 2000}, task=classify
        ),
    },
    expectations=(Expectation("accuracy", score("pixels", "accuracy"), about=0.9748, digits=4),),
    about=(
        "The network that knows what an image is: neighbouring pixels belong together, and a stroke may lie "
        "anywhere. It is the ceiling for what is learned with labels here; what it loses on images that "
        "went through 32 numbers is what those numbers do not hold."
    ),
    teaches=(
        "Decoded from 32 numbers, digits are recognised nearly as well: what a code drops is hardly what "
        "tells them apart."
    ),
    figures={"Accuracy by what the network sees.": score_figure("accuracy", "accuracy")},
)
