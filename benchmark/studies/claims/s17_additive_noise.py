"""S17: TensorFlow's own example of a denoising autoencoder."""

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study, score
from benchmark.studies.networks import AdditiveNoise, reducer_of
from benchmark.studies.study_figures import loss_figure, score_figure


def train(trial: Trial) -> Measured:
    """Train 784-200 on standardised pixels; return half the summed squared error over the test set.

    A twelfth of the training set is left out, the first images or the last.
    """
    from sklearn.preprocessing import StandardScaler

    left_out = len(trial.X_train) // 12
    kept = slice(left_out, None) if trial.params["without"] == "first" else slice(None, -left_out)
    scaler = StandardScaler().fit(trial.X_train[kept])
    X_train, X_test = (scaler.transform(X).astype(np.float32) for X in (trial.X_train[kept], trial.X_test))
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
    # TensorFlow's reader keeps the first 5,000 of 60,000 images for validation.
    cases={
        f"without the {part} 5,000": Case(
            "additive noise", {"without": part, "epochs": 20}, width=200, task=train
        )
        for part in ("first", "last")
    },
    expectations=(
        Expectation(
            "half the summed squared error", score("without the first 5,000", "cost"), about=675_218, digits=0
        ),
    ),
    about=(
        "A little Gaussian noise on every pixel keeps the code from depending on any single one. The cost is "
        "half the squared error, summed over all pixels of all 10,000 test digits."
    ),
    teaches=(
        "Standardising gives every pixel the same weight, the empty ones too. A cost that few pixels decide "
        "says little of how well digits are given back: it hangs on the seed, and on which images are kept."
    ),
    figures={
        "Cost by the images that are left out.": score_figure("cost", "half the summed squared error"),
        "Training loss by epoch, a thin line for each seed.": loss_figure,
    },
)
