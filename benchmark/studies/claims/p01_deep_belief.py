"""P1: the deep autoencoder of the paper that began it, beside PCA."""

from benchmark.studies.declaration import Case, Expectation, Study, score
from benchmark.studies.study_figures import pictures_figure, score_figure

_ERROR = score("784-1000-500-250-30", "reconstruction_mse")
_ERROR_OF_PCA = score("PCA-30", "reconstruction_mse")

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
    cases={
        "784-1000-500-250-30": Case("dbn", {"hidden": [1000, 500, 250], "epochs": 50}, width=30),
        "PCA-30": Case("pca", width=30),
    },
    # The paper gives the error of an image, the score that of a pixel.
    expectations=(
        Expectation("squared error an image", lambda e: 784 * _ERROR(e), about=3.00, digits=2),
        Expectation("squared error an image, PCA", lambda e: 784 * _ERROR_OF_PCA(e), about=13.87, digits=2),
    ),
    about=(
        "Four layers of Boltzmann machines, trained one on another, then unrolled to an autoencoder and "
        "trained as a whole. With as many numbers as PCA it keeps much more of a digit."
    ),
    reason=(
        "the error is lower than the published one; what differs is the optimiser, Adam for conjugate "
        "gradients, and the 60,000 images all of which are learned from"
    ),
    teaches=(
        "With as many numbers as PCA, a fifth of its error is left: so much is lost by staying straight."
    ),
    figures={
        "Test digits, and what each method makes of them again from 30 numbers.": pictures_figure,
        "Error of a pixel: a bar for each method, a point for each seed.": score_figure(
            "reconstruction_mse", "test MSE of a pixel"
        ),
    },
)
