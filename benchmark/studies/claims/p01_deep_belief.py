"""P1: the deep autoencoder of the paper that began it, beside PCA."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmark.studies.declaration import Case, Evidence, Expectation, Study
from benchmark.studies.study_figures import pictures_figure, score_figure

_CASES = {
    "784-1000-500-250-30": Case("dbn", {"hidden": [1000, 500, 250], "epochs": 50}, width=30),
    "PCA-30": Case("pca", width=30),
}


def _squared_error(case: str, evidence: Evidence) -> Any:
    # The paper gives the error of an image, the score that of a pixel.
    return 784 * evidence.scores(case, "reconstruction_mse")


STUDY = Study(
    id="P1",
    name="deep-belief",
    claim=(
        "784-1000-500-250-30 from RBM pretraining has a squared error of 3.00 an image, PCA with 30 "
        "dimensions 13.87"
    ),
    source=(
        "Hinton and Salakhutdinov (2006), Reducing the dimensionality of data with neural networks, fig. 2B"
    ),
    cases=_CASES,
    expectations=(
        Expectation(
            "squared error an image", partial(_squared_error, "784-1000-500-250-30"), about=3.00, digits=2
        ),
        Expectation("squared error an image, PCA", partial(_squared_error, "PCA-30"), about=13.87, digits=2),
    ),
    about=(
        "Four layers of Boltzmann machines, trained one on another, then unrolled to an autoencoder and "
        "trained as a whole. With as many numbers as PCA it keeps much more of a digit."
    ),
    figures=(
        partial(pictures_figure, cases=list(_CASES)),
        partial(score_figure, cases=list(_CASES), metric="reconstruction_mse", label="test MSE of a pixel"),
    ),
)
