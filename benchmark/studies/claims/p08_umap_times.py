"""P8: how long UMAP takes for all 70,000 images: at first, when it is compiled, and with a seed."""

from importlib import import_module
from time import perf_counter

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study, gain, ratio
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


STUDY = Study(
    id="P8",
    name="umap-times",
    claim="UMAP lays out 70,000 images in 87 s; 65 s compiled, 89 s at first, 116 s with a seed",
    source="McInnes, Healy and Melville (2018), UMAP, and the documentation of umap-learn",
    cases={
        name: Case("UMAP of all", {"compiled": compiled, "seeded": seeded}, width=2, task=time_fit)
        for name, compiled, seeded in (("cold", False, False), ("warm", True, False), ("seeded", True, True))
    },
    expectations=(
        Expectation(
            "time at first by that compiled", ratio("cold", "warm", "seconds"), about=89 / 65, digits=2
        ),
        Expectation(
            "time with a seed by that without", ratio("seeded", "warm", "seconds"), about=116 / 65, digits=2
        ),
        Expectation("seconds that compiling takes", gain("cold", "warm", "seconds"), above=0.0, digits=1),
        Expectation("seconds that a seed costs", gain("seeded", "warm", "seconds"), above=0.0, digits=1),
    ),
    about=(
        "UMAP compiles itself when it is first called, and a seed keeps it to one thread. The published "
        "seconds are of another machine, so only their ratios are compared; the figure shows ours."
    ),
    reason=(
        "fitting and compiling do not shrink alike on another machine: where the fit is faster, what is "
        "compiled weighs more"
    ),
    teaches=(
        "Time what compiles itself twice, or say what was compiled: at first, more than half of the seconds "
        "may be the compiler's. A seed costs all threads but one."
    ),
    figures={
        "Seconds on this machine, a point for each run.": score_figure("seconds", "seconds for all images")
    },
)
