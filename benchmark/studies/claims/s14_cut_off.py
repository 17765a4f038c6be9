"""S14: a loss that leaves out what is reconstructed well already."""

from typing import Any

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Evidence, Expectation, Study, gain
from benchmark.studies.networks import CutOff, reducer_of
from benchmark.studies.study_figures import lines_figure

_SHARES = np.linspace(0, 1, 101)


def train(trial: Trial) -> Measured:
    """Train with a cut-off; return the error of all test samples, and of the hardest tenth of them."""
    made = reducer_of(trial, CutOff, hidden=(128,), cut_off=trial.params["cut_off"]).fit(trial.X_train)
    errors = made.score_samples(trial.X_test)
    hardest = np.sort(errors)[-max(len(errors) // 10, 1) :]
    return Measured({
        "error": float(errors.mean()), "hardest": float(hardest.mean()),
        "share": float((errors > 0.01).mean()),
    }, {"errors": np.quantile(errors, _SHARES)})  # fmt: skip


_CASES = {
    name: Case("autoencoder with a cut-off", {"cut_off": cut_off, "epochs": 20}, width=32, task=train)
    for name, cut_off in (("plain loss", 0.0), ("cut-off 0.01", 0.01))
}


def _draw(evidence: Evidence) -> Any:
    kept = {case: evidence.arrays(case) for case in _CASES}
    lines = {case: (list(_SHARES), list(arrays["errors"])) for case, arrays in kept.items() if arrays}
    return lines_figure(lines, "share of the test digits", "MSE of a digit, at most", log="y")


STUDY = Study(
    id="S14",
    name="cut-off",
    claim="A loss that ignores samples below a cut-off turns to the hard ones",
    source="readers' autoencoder with a cut-off",
    cases=_CASES,
    expectations=(
        Expectation(
            "fall of the error of the hardest tenth",
            gain("plain loss", "cut-off 0.01", "hardest"),
            above=0.0,
            digits=5,
        ),
        Expectation(
            "fall of the share above the cut-off", gain("plain loss", "cut-off 0.01", "share"), above=0.0
        ),
    ),
    about=(
        "The mean of an error is lowered most easily where it is low already. Samples below a cut-off count "
        "nothing here, so that what is left of the gradient is that of the hard ones."
    ),
    reason=(
        "what has fallen below the cut-off is no longer held there: easy digits drift up to it, some beyond"
    ),
    teaches=(
        "What the hardest tenth gains is not told apart from the spread of seeds, and all others pay for "
        "it: the mean error rises. Attention is moved, not made."
    ),
    figures={"Test digits in the order of their errors, the hard ones on the right.": _draw},
)
