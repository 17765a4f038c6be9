"""S17: TensorFlow's own example of a denoising autoencoder."""

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study, score
from benchmark.studies.networks import AdditiveNoise, reducer_of
from benchmark.studies.study_figures import loss_figure


def train(trial: Trial) -> Measured:
    """Train 784-200 on standardised pixels; return half the summed squared error over the test set."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(trial.X_train)
    X_train, X_test = (scaler.transform(X).astype(np.float32) for X in (trial.X_train, trial.X_test))
    made = reducer_of(
        trial, AdditiveNoise, code_activation="softplus", output_activation="linear", batch_size=128,
        precision="fp32",
    ).fit(X_train)  # fmt: skip
    error = np.square(made.inverse_transform(made.transform(X_test)) - X_test, dtype=np.float64).sum()
    return Measured({"cost": 0.5 * float(error)}, history=made.history_)


STUDY = Study(
    id="S17",
    name="additive-noise",
    claim=(
        "784-200 with softplus, noise 0.01 on standardised pixels, Adam 0.001, 20 epochs: test cost 675,218"
    ),
    source="TensorFlow models, AdditiveGaussianNoiseAutoencoder",
    cases={"784-200": Case("additive noise", {"epochs": 20}, width=200, task=train)},
    expectations=(
        Expectation("half the summed squared error", score("784-200", "cost"), about=675_218, digits=0),
    ),
    about=(
        "A little Gaussian noise on every pixel keeps the code from depending on any single one. The cost is "
        "half the squared error, summed over all pixels of all 10,000 test digits."
    ),
    figures={"Training loss by epoch, a thin line for each seed.": loss_figure},
)
