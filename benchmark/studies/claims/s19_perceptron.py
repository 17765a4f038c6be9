"""S19: a perceptron with dropout on pixels."""

from __future__ import annotations

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study
from benchmark.studies.heads import accuracy_on_pixels, perceptron, seeded


def classify(trial: Trial) -> Measured:
    """Train 784-300-10 with dropout of a quarter by Adagrad; score it on the test set."""
    n_features, n_classes = trial.X_train.shape[1], int(trial.y_train.max()) + 1
    network = seeded(perceptron, n_features, 300, n_classes, dropout=0.25, seed=trial.seed)
    return accuracy_on_pixels(trial, network, "adagrad", trial.params["learning_rate"], 100)


STUDY = Study(
    id="S19",
    name="perceptron",
    claim="784-300-10 with dropout, Adagrad 0.3, 3,000 batches of 100: 97.85 %",
    source="TensorFlow, readers' first multilayer perceptron",
    cases={"pixels": Case("perceptron", {"steps": 3000, "learning_rate": 0.3}, task=classify)},
    expectations=(Expectation("accuracy", lambda e: e.scores("pixels", "accuracy"), about=0.9785, digits=4),),
    about=(
        "One layer between pixels and digits lets the network build strokes first. Dropout silences a "
        "quarter of it at random in every step, so that no unit relies on another."
    ),
)
