"""S20: a convolutional network on pixels."""

from __future__ import annotations

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study
from benchmark.studies.heads import accuracy_on_pixels, convolutional_network, seeded


def classify(trial: Trial) -> Measured:
    """Train the tutorial's convolutional network with Adam; score it on the test set."""
    n_classes = int(trial.y_train.max()) + 1
    network = seeded(convolutional_network, trial.image_shape, n_classes, seed=trial.seed)
    return accuracy_on_pixels(trial, network, "adam", 1e-4, 50)


STUDY = Study(
    id="S20",
    name="convolutional-network",
    claim="Two 5x5 convolutions, 1,024 units, dropout, Adam 1e-4, 2,000 batches of 50: 97.48 %",
    source="TensorFlow, Deep MNIST for experts, and its readers",
    cases={"pixels": Case("convolutional network", {"steps": 2000}, task=classify)},
    expectations=(Expectation("accuracy", lambda e: e.scores("pixels", "accuracy"), about=0.9748, digits=4),),
    about=(
        "The network that knows what an image is: neighbouring pixels belong together, and a stroke may lie "
        "anywhere. It is the ceiling for what is learned with labels here."
    ),
)
