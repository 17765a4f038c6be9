"""S19: a perceptron with dropout on pixels, and on codes."""

from functools import partial

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study, score
from benchmark.studies.heads import accuracy, perceptron
from benchmark.studies.study_figures import score_figure


def classify(trial: Trial) -> Measured:
    """Train 784-300-10 with dropout of a quarter by Adagrad; score it on the test set."""
    make = partial(perceptron, dropout=0.25)
    return accuracy(trial, make, "Adagrad", trial.params["learning_rate"], 100)


_LENGTH = {"steps": 3000, "learning_rate": 0.3}

STUDY = Study(
    id="S19",
    name="perceptron",
    claim="784-300-10 with dropout, Adagrad 0.3, 3,000 batches of 100: 97.85 %",
    source="TensorFlow, readers' first multilayer perceptron",
    cases={
        "pixels": Case("perceptron", {"input": "pixels", **_LENGTH}, task=classify),
        "codes": Case("perceptron", {"input": "codes", "epochs": 20, **_LENGTH}, task=classify),
    },
    expectations=(Expectation("accuracy", score("pixels", "accuracy"), about=0.9785, digits=4),),
    about=(
        "One layer between pixels and digits lets the network build strokes first. Dropout silences a "
        "quarter of it at random in every step, so that no unit relies on another."
    ),
    teaches=(
        "3,000 batches are five passes over the data. An optimiser's smallest setting counts: Adagrad's "
        "accumulator begins at 0.1 here, as in TensorFlow; from torch's 0, the first steps are as long as "
        "the rate itself. On codes the perceptron does as well, from 32 numbers in place of 784."
    ),
    figures={"Accuracy by what the perceptron sees.": score_figure("accuracy", "accuracy")},
)
