"""S14: a loss that leaves out what is reconstructed well already."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Evidence, Expectation, Study
from benchmark.studies.networks import CutOff, equipped
from benchmark.studies.study_figures import lines_figure

_SHARES = np.linspace(0, 1, 101)


def train(trial: Trial) -> Measured:
    """Train with a cut-off; return the error of all test samples, and of the hardest tenth of them."""
    made: Any = equipped(
        trial, CutOff(trial.width, hidden=(128,), random_state=trial.seed, cut_off=trial.params["cut_off"])
    )
    made.fit(trial.X_train)
    errors = made.score_samples(trial.X_test)
    hardest = np.sort(errors)[-max(len(errors) // 10, 1) :]
    return Measured({
        "error": float(errors.mean()), "hardest": float(hardest.mean()),
        "share": float((errors > 0.01).mean()),
    }, {"errors": np.quantile(errors, _SHARES)})  # fmt: skip


_CASES = {
    "plain loss": Case("autoencoder with a cut-off", {"cut_off": 0.0, "epochs": 20}, width=32, task=train),
    "cut-off 0.01": Case("autoencoder with a cut-off", {"cut_off": 0.01, "epochs": 20}, width=32, task=train),
}


def _fall(evidence: Evidence, score: str) -> Any:
    return evidence.scores("plain loss", score) - evidence.scores("cut-off 0.01", score)


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
            "fall of the error of the hardest tenth", lambda e: _fall(e, "hardest"), above=0.0, digits=5
        ),
        Expectation("fall of the share above the cut-off", lambda e: _fall(e, "share"), above=0.0),
    ),
    about=(
        "The mean of an error is lowered most easily where it is low already. Samples below a cut-off count "
        "nothing here, so that what is left of the gradient is that of the hard ones."
    ),
    figures=(_draw,),
)
