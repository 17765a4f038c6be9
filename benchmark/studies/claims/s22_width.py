"""S22: a code as wide as its input learns to copy."""

from typing import Any

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study, gain, score
from benchmark.studies.networks import SparseCode, mse, neighbours_accuracy, reducer_of
from benchmark.studies.study_figures import curves_figure

_WIDTHS = (2, 10, 50, 200, 784, 2000)
_KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("autoencoder", {"code_activation": "relu"}),
    "noise": ("denoising", {"code_activation": "relu", "hidden": [], "level": 0.5}),
}


def train_sparse(trial: Trial) -> Measured:
    """Train with a code that pays for its activity; return the error, and the accuracy of neighbours."""
    made = reducer_of(trial, SparseCode, code_activation="relu").fit(trial.X_train)
    Z_train, Z_test = made.transform(trial.X_train), made.transform(trial.X_test)
    error = mse(made.inverse_transform(Z_test), trial.X_test)
    return Measured({_MSE: error, _KNN: neighbours_accuracy(trial, Z_train, Z_test)})


_MSE, _KNN = "reconstruction_mse", "knn_accuracy"
_CASES = {
    f"{kind}, {width}": Case(name, {**params, "epochs": 20}, width=width)
    for kind, (name, params) in _KINDS.items()
    for width in _WIDTHS
} | {
    f"sparsity, {width}": Case("sparse code", {"epochs": 20}, width=width, task=train_sparse)
    for width in _WIDTHS
}

STUDY = Study(
    id="S22",
    name="width",
    claim=(
        "With a code as wide as its input or wider it learns to copy: error near zero, codes of no use; a "
        "narrow code, sparsity or noise prevents it"
    ),
    source="Goodfellow, Bengio and Courville (2016), Deep Learning, ch. 14",
    cases=_CASES,
    expectations=(
        Expectation("MSE at 2,000", score("plain, 2000", _MSE), below=0.001, digits=5),
        Expectation(
            "k-NN accuracy at 2,000 less that at 50", gain("plain, 2000", "plain, 50", _KNN), below=0.0
        ),
        Expectation(
            "gain in k-NN accuracy by noise, at 2,000", gain("noise, 2000", "plain, 2000", _KNN), above=0.0
        ),
        Expectation(
            "gain in k-NN accuracy by sparsity, at 2,000",
            gain("sparsity, 2000", "plain, 2000", _KNN),
            above=0.0,
        ),
    ),
    about=(
        "Who may keep everything need not understand anything. The error falls with every number that the "
        "code may hold, and says nothing of whether the code is of use."
    ),
    reason=(
        "gradient descent does not find the copy: the error is least at 200 units, and rises again with "
        "more; and the penalty, which helps a code of 50 numbers, costs one of 2,000 some accuracy"
    ),
    teaches=(
        "An autoencoder that may copy is of as much use to neighbours as pixels are. Noise makes wide codes "
        "better, at any error; a penalty helps a narrow code and not a wide one. How well a code gives back "
        "its images does not tell what it is worth."
    ),
    figures={
        f"{title} by width of the code.": curves_figure(
            curves={
                kind: {width: (f"{kind}, {width}", metric) for width in _WIDTHS}
                for kind in ("plain", "noise", "sparsity")
            },
            xlabel="width of the code",
            ylabel=label,
            log=log,
        )
        for title, metric, label, log in (
            ("What the codes are worth", _KNN, "k-NN accuracy of the codes", "x"),
            ("What is lost", _MSE, "test MSE", "xy"),
        )
    },
)
