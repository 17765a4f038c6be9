"""S18: softmax regression on pixels, and on codes."""

from __future__ import annotations

from functools import partial

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study
from benchmark.studies.heads import accuracy, softmax_regression
from benchmark.studies.study_figures import score_figure


def classify(trial: Trial) -> Measured:
    """Train a softmax regression with SGD; score it on the test set."""
    return accuracy(trial, softmax_regression, "sgd", 0.5, 100)


_CASES = {
    "pixels": Case("softmax regression", {"input": "pixels", "steps": 1000}, task=classify),
    "codes": Case("softmax regression", {"input": "codes", "epochs": 20, "steps": 1000}, task=classify),
}

STUDY = Study(
    id="S18",
    name="softmax",
    claim="Softmax regression, 1,000 batches of 100: 92 % of the test digits",
    source="TensorFlow, MNIST for ML beginners",
    cases=_CASES,
    expectations=(Expectation("accuracy", lambda e: e.scores("pixels", "accuracy"), about=0.92, digits=2),),
    about=(
        "A weighted sum of pixels for each digit, turned into probabilities. It is the floor for whatever is "
        "learned with labels. On the codes of an autoencoder the same sum says how well they lie apart."
    ),
    figures=(partial(score_figure, cases=list(_CASES), metric="accuracy", label="accuracy"),),
    seeds=5,
)
