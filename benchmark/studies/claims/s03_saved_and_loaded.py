"""S3: the deep autoencoder of S2 on centred pixels, and what is left of it when it is stored."""

from time import perf_counter

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study, score
from benchmark.studies.networks import reducer_of
from benchmark.studies.study_figures import codes_figure, loss_figure
from reducers.saved import PARTS, dumps, loads


def store_and_load(trial: Trial) -> Measured:
    """Train on pixels in [-0.5, 0.5]; store whole, as weights, as structure; compare the codes."""
    X_train, X_test = trial.X_train - 0.5, trial.X_test - 0.5
    made = reducer_of(trial, "autoencoder", hidden=(128, 64, 10), output_activation="tanh").fit(X_train)
    start = perf_counter()
    codes = made.transform(X_test)
    seconds = perf_counter() - start
    whole, weights, structure = (dumps(made, part) for part in PARTS)
    # Built of its structure and trained on nothing much, with other weights to begin with.
    rebuilt = loads(structure).set_params(random_state=trial.seed + 1, epochs=1).fit(X_train[:256])
    untrained = rebuilt.transform(X_test)
    scores = {
        "loss": float(made.history_[-1]["loss"]),
        "microseconds": 1e6 * seconds / len(X_test),
        "structure": float(untrained.shape == codes.shape and not np.array_equal(untrained, codes)),
    }
    # Weights alone go into a network that is there.
    for name, loaded in (("weights", loads(weights, into=rebuilt)), ("whole", loads(whole))):
        scores[name] = float(np.array_equal(loaded.transform(X_test), codes))
    shown = {"codes": codes[:2000], "labels": trial.y_test[:2000]}
    return Measured(scores, shown, history=made.history_)


_CASE = "784-128-64-10-2"

STUDY = Study(
    id="S3",
    name="saved-and-loaded",
    claim=(
        "ReLU inside, linear code, tanh output, pixels in [-0.5, 0.5]: loss 0.0393 after 20 epochs, 41 µs a "
        "sample; stored whole, as weights, as structure"
    ),
    source="readers' autoencoder in Keras, saved and loaded",
    cases={_CASE: Case("stored autoencoder", {"epochs": 20}, width=2, task=store_and_load)},
    expectations=(
        Expectation("training loss", score(_CASE, "loss"), about=0.0393, digits=4),
        Expectation("microseconds a sample, at most", score(_CASE, "microseconds"), below=41, digits=1),
        Expectation("codes equal to the bit, stored whole", score(_CASE, "whole"), about=1, digits=0),
        Expectation("codes equal to the bit, weights alone", score(_CASE, "weights"), about=1, digits=0),
        Expectation("structure alone: same shape, other codes", score(_CASE, "structure"), about=1, digits=0),
    ),
    about=(
        "A network is its structure, a few numbers, and its weights, very many. Stored together they give "
        "back the same codes; the structure alone is a network that has learned nothing."
    ),
    teaches=(
        "Codes come back to the last bit because the file holds every weight as it is; the structure alone "
        "must be trained again. The microseconds are those of 10,000 digits at once, on another machine "
        "than the claim's."
    ),
    figures={
        "Training loss by epoch, a thin line for each seed.": loss_figure,
        "The codes that must come back from the file, coloured by class.": codes_figure,
    },
)
