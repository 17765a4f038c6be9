"""S17: TensorFlow's own example of a denoising autoencoder."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study
from benchmark.studies.networks import AdditiveNoise, equipped
from benchmark.studies.study_figures import loss_figure


def train(trial: Trial) -> Measured:
    """Train 784-200 on standardised pixels; return half the summed squared error over the test set."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(trial.X_train)
    X_train, X_test = (scaler.transform(X).astype(np.float32) for X in (trial.X_train, trial.X_test))
    made = equipped(trial, AdditiveNoise(
        trial.width, code_activation="softplus", output_activation="linear", batch_size=128,
        random_state=trial.seed, precision="fp32",
    ))  # fmt: skip
    made.fit(X_train)
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
        Expectation(
            "half the summed squared error", lambda e: e.scores("784-200", "cost"), about=675_218, digits=0
        ),
    ),
    about=(
        "A little Gaussian noise on every pixel keeps the code from depending on any single one. The cost is "
        "half the squared error, summed over all pixels of all 10,000 test digits."
    ),
    figures=(partial(loss_figure, cases=["784-200"]),),
)
