"""S18: softmax regression on pixels, and on codes."""

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study, score
from benchmark.studies.heads import accuracy
from benchmark.studies.study_figures import score_figure


def classify(trial: Trial) -> Measured:
    """Train a softmax regression with SGD; score it on the test set."""
    from torch import nn

    return accuracy(trial, nn.Linear, "SGD", 0.5, 100)


STUDY = Study(
    id="S18",
    name="softmax",
    claim="Softmax regression, 1,000 batches of 100: 92 % of the test digits",
    source="TensorFlow, MNIST for ML beginners",
    cases={
        "pixels": Case("softmax regression", {"input": "pixels", "steps": 1000}, task=classify),
        "codes": Case("softmax regression", {"input": "codes", "epochs": 20, "steps": 1000}, task=classify),
    },
    expectations=(Expectation("accuracy", score("pixels", "accuracy"), about=0.92, digits=2),),
    about=(
        "A weighted sum of pixels for each digit, turned into probabilities. It is the floor for whatever is "
        "learned with labels. On the codes of an autoencoder the same sum says how well they lie apart."
    ),
    teaches=(
        "Straight boundaries between pixels go a long way. Between 32 numbers they do worse: a code packs "
        "digits closely, not in straight order."
    ),
    figures={"Accuracy by what the regression sees.": score_figure("accuracy", "accuracy")},
    seeds=5,
)
