"""S10: a linear autoencoder is PCA, but for a turn of its code."""

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study, score
from benchmark.studies.networks import mse, reducer_of


def compare(trial: Trial) -> Measured:
    """Fit both; return the angles between what their decoders span, and how their errors compare."""
    from scipy.linalg import subspace_angles

    linear = reducer_of(trial, "undercomplete").fit(trial.X_train)
    pca = reducer_of(trial, "pca").fit(trial.X_train)
    unit = np.eye(trial.width, dtype=np.float32)
    spans = [(made.inverse_transform(unit) - made.inverse_transform(0 * unit)).T for made in (linear, pca)]
    angles = np.degrees(subspace_angles(*spans))
    X = trial.X_test
    errors = [mse(made.inverse_transform(made.transform(X)), X) for made in (linear, pca)]
    scores = {"largest_angle": float(angles.max()), "mean_angle": float(angles.mean())}
    return Measured({**scores, "ratio": errors[0] / errors[1]})


STUDY = Study(
    id="S10",
    name="linear-is-pca",
    claim="Linear encoder and decoder with MSE span the same subspace as PCA",
    source="Baldi and Hornik (1989), Neural networks and principal component analysis, Neural Networks 2",
    cases={"10 dimensions": Case("linear autoencoder", {"epochs": 60}, task=compare)},
    expectations=(
        Expectation("error over that of PCA", score("10 dimensions", "ratio"), about=1.0, digits=2),
        Expectation(
            "mean angle between subspaces, degrees", score("10 dimensions", "mean_angle"), about=0.0, digits=0
        ),
    ),
    about=(
        "Without a bend in it, an autoencoder can only turn and stretch. The best that it can do is then the "
        "plane of largest variance, which PCA computes without training."
    ),
    teaches=(
        "PCA is there in a fraction of a second, gradient descent after sixty epochs. The codes themselves "
        "differ from PCA's by a turn and a stretch, which no error can tell."
    ),
)
