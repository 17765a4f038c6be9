"""S22: a code as wide as its input learns to copy."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmark.studies.declaration import Case, Evidence, Expectation, Study
from benchmark.studies.study_figures import score_figure

_WIDTHS = (2, 10, 50, 200, 784, 2000)
_KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("autoencoder", {"code_activation": "relu"}),
    "noise": ("denoising", {"code_activation": "relu", "hidden": [], "level": 0.5}),
}
_CASES = {
    f"{kind}, {width}": Case(name, {**params, "epochs": 20}, width=width)
    for kind, (name, params) in _KINDS.items()
    for width in _WIDTHS
}


def _difference(score: str, of: str, less: str, evidence: Evidence) -> Any:
    return evidence.scores(of, score) - evidence.scores(less, score)


_MSE, _KNN = "reconstruction_mse", "knn_accuracy"
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
    ),
    about=(
        "Who may keep everything need not understand anything. The error falls with every number that the "
        "code may hold, and says nothing of whether the code is of use."
    ),
    figure=partial(
        score_figure, cases=list(_CASES), metric="knn_accuracy", label="k-NN accuracy of the codes"
    ),
)
