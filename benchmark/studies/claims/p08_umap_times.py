"""P8: how long UMAP takes for all 70,000 images: at first, when it is compiled, and with a seed."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from time import perf_counter
from typing import Any

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Evidence, Expectation, Study
from benchmark.studies.networks import reducer_of
from benchmark.studies.study_figures import score_figure


def time_fit(trial: Trial) -> Measured:
    """Fit UMAP to all images on the clock; where asked, a slice of them compiles it before."""
    from sklearn.base import clone

    X = np.concatenate([trial.X_train, trial.X_test])
    made = reducer_of(trial, "umap")
    made.set_params(random_state=trial.seed if trial.params["seeded"] else None)
    import_module("umap")
    if trial.params["compiled"]:
        clone(made).set_params(**made.warmup_params).fit(X[: made.warmup_samples])
    start = perf_counter()
    made.fit(X)
    return Measured({"seconds": perf_counter() - start})


_CASES = {
    name: Case("UMAP of all", {"compiled": compiled, "seeded": seeded}, width=2, task=time_fit)
    for name, compiled, seeded in (("cold", False, False), ("warm", True, False), ("seeded", True, True))
}


def _seconds(case: str, evidence: Evidence) -> Any:
    return evidence.scores(case, "seconds")


def _ratio(case: str, evidence: Evidence) -> Any:
    return _seconds(case, evidence) / _seconds("warm", evidence)


STUDY = Study(
    id="P8",
    name="umap-times",
    claim="UMAP lays out 70,000 images in 87 s; 65 s compiled, 89 s at first, 116 s with a seed",
    source="McInnes, Healy and Melville (2018), UMAP, and the documentation of umap-learn",
    cases=_CASES,
    expectations=(
        Expectation("time at first by that compiled", partial(_ratio, "cold"), about=89 / 65, digits=2),
        Expectation("time with a seed by that without", partial(_ratio, "seeded"), about=116 / 65, digits=2),
        Expectation(
            "seconds that compiling takes", lambda e: _seconds("cold", e) - _seconds("warm", e),
            above=0.0, digits=1,
        ),
        Expectation(
            "seconds that a seed costs", lambda e: _seconds("seeded", e) - _seconds("warm", e),
            above=0.0, digits=1,
        ),
    ),
    about=(
        "UMAP compiles itself when it is first called, and a seed keeps it to one thread. The published "
        "seconds are of another machine, so only their ratios are compared; the figure shows ours."
    ),
    figures=(partial(score_figure, cases=list(_CASES), metric="seconds", label="seconds for all images"),),
)  # fmt: skip
