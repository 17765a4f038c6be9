"""S12: neighbours and forests on the codes of several autoencoders, alone and together."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Evidence, Expectation, Study
from benchmark.studies.networks import reducer_of
from benchmark.studies.study_figures import scores_figure

_DEPTHS = {"one layer": (), "two layers": (256,), "four layers": (500, 250, 100)}


def classify(trial: Trial) -> Measured:
    """Score both classifiers on pixels, on each code, by vote, and on all codes side by side."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.neighbors import KNeighborsClassifier

    fitted = [
        reducer_of(trial, "autoencoder", hidden=hidden).fit(trial.X_train) for hidden in _DEPTHS.values()
    ]
    codes = [(made.transform(trial.X_train), made.transform(trial.X_test)) for made in fitted]
    beside = tuple(np.hstack(parts) for parts in zip(*codes, strict=True))
    inputs = {
        "pixels": (trial.X_train, trial.X_test),
        **dict(zip(_DEPTHS, codes, strict=True)),
        "beside": beside,
    }
    scores, votes = {}, {}
    classifiers = {
        "knn": KNeighborsClassifier(5, n_jobs=-1),
        "forest": RandomForestClassifier(100, n_jobs=-1, random_state=trial.seed),
    }
    for kind, classifier in classifiers.items():
        for name, (Z_train, Z_test) in inputs.items():
            votes[kind, name] = classifier.fit(Z_train, trial.y_train).predict_proba(Z_test)
            scores[f"{kind}_{name}"] = float((votes[kind, name].argmax(axis=1) == trial.y_test).mean())
        vote = np.mean([votes[kind, name] for name in _DEPTHS], axis=0).argmax(axis=1)
        scores[f"{kind}_vote"] = float((vote == trial.y_test).mean())
    return Measured(scores)


def _gain(kind: str, together: str, evidence: Evidence) -> Any:
    alone = [evidence.scores("three autoencoders", f"{kind}_{name}") for name in _DEPTHS]
    return evidence.scores("three autoencoders", f"{kind}_{together}") - np.max(alone, axis=0)


def _over_pixels(kind: str, evidence: Evidence) -> Any:
    score = partial(evidence.scores, "three autoencoders")
    return score(f"{kind}_beside") - score(f"{kind}_pixels")


_INPUTS = {name: name for name in ("pixels", *_DEPTHS, "vote")} | {"side by side": "beside"}

STUDY = Study(
    id="S12",
    name="codes-for-classifiers",
    claim="Codes serve classifiers as well as pixels do; an ensemble of autoencoders improves on its members",
    source="readers' ensembles of autoencoders on MNIST",
    cases={"three autoencoders": Case("ensemble of autoencoders", {"epochs": 20}, width=32, task=classify)},
    expectations=(
        Expectation("k-NN on all codes less on pixels", partial(_over_pixels, "knn"), above=-0.005),
        Expectation("forest on all codes less on pixels", partial(_over_pixels, "forest"), above=-0.005),
        Expectation("k-NN, vote less the best member", partial(_gain, "knn", "vote"), above=0.0),
        Expectation("forest, vote less the best member", partial(_gain, "forest", "vote"), above=0.0),
        Expectation("k-NN, side by side less the best member", partial(_gain, "knn", "beside"), above=0.0),
    ),
    about=(
        "A code of 32 numbers stands for 784 pixels, and a classifier is trained on it. Several encoders "
        "make different mistakes: they may vote, or their codes stand side by side."
    ),
    figures=tuple(
        partial(
            scores_figure, case="three autoencoders", label=f"accuracy of {title}",
            metrics={name: f"{kind}_{score}" for name, score in _INPUTS.items()},
        )
        for kind, title in (("knn", "nearest neighbours"), ("forest", "random forests"))
    ),
)  # fmt: skip
