"""S22: a code as wide as its input learns to copy."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Evidence, Expectation, Study
from benchmark.studies.networks import SparseCode, equipped, mse
from benchmark.studies.study_figures import curves_figure

_WIDTHS = (2, 10, 50, 200, 784, 2000)
_KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("autoencoder", {"code_activation": "relu"}),
    "noise": ("denoising", {"code_activation": "relu", "hidden": [], "level": 0.5}),
}


def train_sparse(trial: Trial) -> Measured:
    """Train with a code that pays for its activity; return the error, and the accuracy of neighbours."""
    from sklearn.neighbors import KNeighborsClassifier

    made = equipped(trial, SparseCode(trial.width, code_activation="relu", random_state=trial.seed))
    made.fit(trial.X_train)
    Z_train, Z_test = made.transform(trial.X_train), made.transform(trial.X_test)
    neighbours = KNeighborsClassifier(5, n_jobs=-1).fit(Z_train, trial.y_train)
    error = mse(made.inverse_transform(Z_test), trial.X_test)
    return Measured({_MSE: error, _KNN: neighbours.score(Z_test, trial.y_test)})


_MSE, _KNN = "reconstruction_mse", "knn_accuracy"
_CASES = {
    f"{kind}, {width}": Case(name, {**params, "epochs": 20}, width=width)
    for kind, (name, params) in _KINDS.items()
    for width in _WIDTHS
} | {
    f"sparsity, {width}": Case("sparse code", {"epochs": 20}, width=width, task=train_sparse)
    for width in _WIDTHS
}


def _difference(score: str, of: str, less: str, evidence: Evidence) -> Any:
    return evidence.scores(of, score) - evidence.scores(less, score)


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
        Expectation("MSE at 2,000", lambda e: e.scores("plain, 2000", _MSE), below=0.001, digits=5),
        Expectation(
            "k-NN accuracy at 2,000 less that at 50",
            partial(_difference, _KNN, "plain, 2000", "plain, 50"),
            below=0.0,
        ),
        Expectation(
            "gain in k-NN accuracy by noise, at 2,000",
            partial(_difference, _KNN, "noise, 2000", "plain, 2000"),
            above=0.0,
        ),
        Expectation(
            "gain in k-NN accuracy by sparsity, at 2,000",
            partial(_difference, _KNN, "sparsity, 2000", "plain, 2000"),
            above=0.0,
        ),
    ),
    about=(
        "Who may keep everything need not understand anything. The error falls with every number that the "
        "code may hold, and says nothing of whether the code is of use."
    ),
    figures=tuple(
        partial(
            curves_figure,
            curves={
                kind: {width: (f"{kind}, {width}", metric) for width in _WIDTHS}
                for kind in ("plain", "noise", "sparsity")
            },
            xlabel="width of the code", ylabel=label, log=log,
        )
        for metric, label, log in ((_KNN, "k-NN accuracy of the codes", "x"), (_MSE, "test MSE", "xy"))
    ),
)  # fmt: skip
