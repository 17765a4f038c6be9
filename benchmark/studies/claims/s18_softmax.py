"""S18: softmax regression on pixels."""

from __future__ import annotations

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study
from benchmark.studies.heads import accuracy_on_pixels, seeded, softmax_regression


def classify(trial: Trial) -> Measured:
    """Train a softmax regression with SGD on pixels; score it on the test set."""
    n_classes = int(trial.y_train.max()) + 1
    network = seeded(softmax_regression, trial.X_train.shape[1], n_classes, seed=trial.seed)
    return accuracy_on_pixels(trial, network, "sgd", 0.5, 100)


STUDY = Study(
    id="S18",
    name="softmax",
    claim="Softmax regression, 1,000 batches of 100: 92 % of the test digits",
    source="TensorFlow, MNIST for ML beginners",
    cases={"pixels": Case("softmax regression", {"steps": 1000}, task=classify)},
    expectations=(Expectation("accuracy", lambda e: e.scores("pixels", "accuracy"), about=0.92, digits=2),),
    about=(
        "A weighted sum of pixels for each digit, turned into probabilities. It is the floor for whatever is "
        "learned with labels."
    ),
    seeds=5,
)
