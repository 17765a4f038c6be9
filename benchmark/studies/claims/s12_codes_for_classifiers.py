"""S12: neighbours and forests on the codes of several autoencoders, alone and together."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Evidence, Expectation, Study
from benchmark.studies.networks import reducer_of
from benchmark.studies.study_figures import scores_figure

_CASE = "three autoencoders"
_DEPTHS = {"one layer": (), "two layers": (256,), "four layers": (500, 250, 100)}


def classify(trial: Trial) -> Measured:
    """Score both classifiers on pixels, on each code, by vote, and on all codes side by side."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.neighbors import KNeighborsClassifier

    X, X_test = trial.X_train, trial.X_test
    inputs = {"pixels": (X, X_test)}
    for name, hidden in _DEPTHS.items():
        made = reducer_of(trial, "autoencoder", hidden=hidden).fit(X)
        inputs[name] = made.transform(X), made.transform(X_test)
    train, test = (np.hstack([inputs[name][part] for name in _DEPTHS]) for part in (0, 1))
    inputs["beside"] = train, test
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


def _gain(kind: str, evidence: Evidence, over: Iterable[str] = _DEPTHS, of: str = "beside") -> Any:
    alone = [evidence.scores(_CASE, f"{kind}_{name}") for name in over]
    return evidence.scores(_CASE, f"{kind}_{of}") - np.max(alone, axis=0)


_INPUTS = {name: name for name in ("pixels", *_DEPTHS, "vote")} | {"side by side": "beside"}

STUDY = Study(
    id="S12",
    name="codes-for-classifiers",
    claim="Codes serve classifiers as well as pixels do; an ensemble of autoencoders improves on its members",
    source="readers' ensembles of autoencoders on MNIST",
    cases={_CASE: Case("ensemble of autoencoders", {"epochs": 20}, width=32, task=classify)},
    expectations=(
        Expectation("k-NN on all codes less on pixels", lambda e: _gain("knn", e, ["pixels"]), above=-0.005),
        Expectation(
            "forest on all codes less on pixels", lambda e: _gain("forest", e, ["pixels"]), above=-0.005
        ),
        Expectation("k-NN, vote less the best member", lambda e: _gain("knn", e, of="vote"), above=0.0),
        Expectation("forest, vote less the best member", lambda e: _gain("forest", e, of="vote"), above=0.0),
        Expectation("k-NN, side by side less the best member", lambda e: _gain("knn", e), above=0.0),
    ),
    about=(
        "A code of 32 numbers stands for 784 pixels, and a classifier is trained on it. Several encoders "
        "make different mistakes: they may vote, or their codes stand side by side."
    ),
    reason=(
        "a forest asks for one number at a time, which suits pixels; in a code a digit is spread over all "
        "numbers, and neighbours, who use all of them, gain"
    ),
    teaches=(
        "Thirty-two numbers serve neighbours better than 784 pixels do, and a vote is better than its "
        "voters. Whether a code helps depends on who reads it."
    ),
    figures={
        f"Accuracy of {title} on pixels, on each code, by vote, and on all codes.": scores_figure(
            _CASE, {name: f"{kind}_{score}" for name, score in _INPUTS.items()}, f"accuracy of {title}"
        )
        for kind, title in (("knn", "nearest neighbours"), ("forest", "random forests"))
    },
)
