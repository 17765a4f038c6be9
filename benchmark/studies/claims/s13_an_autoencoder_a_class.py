"""S13: one autoencoder a digit; whose reconstruction is best says which digit it is."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Evidence, Expectation, Study
from benchmark.studies.heads import Classifier, perceptron, seeded
from benchmark.studies.letters import letters
from benchmark.studies.networks import reducer_of
from benchmark.studies.study_figures import image_rows


def _experts(trial: Trial, X: np.ndarray, y: np.ndarray) -> list[Any]:
    return [reducer_of(trial, "autoencoder", hidden=(128,)).fit(X[y == k]) for k in np.unique(y)]


def _errors(experts: list[Any], X: np.ndarray) -> np.ndarray:
    """Return the squared error of every expert, shape (n, n_classes)."""
    return np.stack([made.score_samples(X) for made in experts], axis=1)


def _perceptron(trial: Trial, X: np.ndarray, y: np.ndarray) -> Classifier:
    network = seeded(perceptron, X.shape[1], 300, int(trial.y_train.max()) + 1, seed=trial.seed)
    return Classifier(network, "adam", 1e-3, 100, trial.params["steps"], trial.seed, trial.device).fit(X, y)


def classify(trial: Trial) -> Measured:
    """Compare experts with one perceptron: digits, letters, a class a hundred times larger, one retrained."""
    from sklearn.metrics import roc_auc_score

    X, y = trial.X_train, trial.y_train
    experts, whole = _experts(trial, X, y), _perceptron(trial, X, y)
    errors, foreign = _errors(experts, trial.X_test), letters(trial.image_shape or (28, 28), 500, trial.seed)
    strange = np.r_[np.zeros(len(errors)), np.ones(len(foreign))]
    doubt = 1 - np.r_[whole.predict_proba(trial.X_test).max(axis=1), whole.predict_proba(foreign).max(axis=1)]
    least = np.r_[errors.min(axis=1), _errors(experts, foreign).min(axis=1)]
    # The first class keeps all of its samples, every other one in a hundred, and five at least.
    kept = np.concatenate(
        [np.flatnonzero(y == k)[: None if k == 0 else max((y == k).sum() // 100, 5)] for k in np.unique(y)]
    )
    few = _errors(_experts(trial, X[kept], y[kept]), trial.X_test).argmin(axis=1)
    again = reducer_of(trial, "autoencoder", hidden=(128,)).set_params(random_state=trial.seed + 1)
    retrained = errors.copy()
    retrained[:, 0] = _errors([again.fit(X[y == 0])], trial.X_test)[:, 0]
    scores = {
        "accuracy": (errors.argmin(axis=1) == trial.y_test).mean(),
        "retrained": (retrained.argmin(axis=1) == trial.y_test).mean(),
        "perceptron": whole.score(trial.X_test, trial.y_test),
        "outliers": roc_auc_score(strange, least),
        "outliers_perceptron": roc_auc_score(strange, doubt),
        "imbalanced": (few == trial.y_test).mean(),
        "imbalanced_perceptron": _perceptron(trial, X[kept], y[kept]).score(trial.X_test, trial.y_test),
    }
    shape = (-1, *(trial.image_shape or (1, X.shape[1])))
    images = {
        "letters": foreign[:10],
        **{f"by the {k}": experts[k].inverse_transform(experts[k].transform(foreign[:10])) for k in (0, 8)},
    }
    return Measured(
        {k: float(v) for k, v in scores.items()}, {k: v.reshape(shape) for k, v in images.items()}
    )


_CASE = "ten autoencoders"


def _score(name: str, evidence: Evidence) -> Any:
    return evidence.scores(_CASE, name)


def _gain(name: str, evidence: Evidence) -> Any:
    return _score(name, evidence) - _score(f"{name}_perceptron", evidence)


def _loss_by_imbalance(evidence: Evidence) -> Any:
    ours = _score("accuracy", evidence) - _score("imbalanced", evidence)
    return _score("perceptron", evidence) - _score("imbalanced_perceptron", evidence) - ours


def _draw(evidence: Evidence) -> Any:
    arrays = evidence.arrays(_CASE, "evidence")
    return None if arrays is None else image_rows(dict(arrays))


STUDY = Study(
    id="S13",
    name="an-autoencoder-a-class",
    claim=(
        "The least of ten reconstruction errors classifies; foreign images are found; one class is retrained "
        "alone; a class 100 times larger does no harm"
    ),
    source="readers' classifier of ten autoencoders",
    cases={_CASE: Case("ten autoencoders", {"epochs": 20, "steps": 3000}, width=32, task=classify)},
    expectations=(
        Expectation("accuracy", partial(_score, "accuracy"), above=0.95),
        Expectation(
            "letters found among digits (AUROC), less by a perceptron's doubt",
            partial(_gain, "outliers"),
            above=0.0,
        ),
        Expectation(
            "accuracy lost by a class 100 times larger: a perceptron's less ours",
            _loss_by_imbalance,
            above=0.0,
        ),
        Expectation(
            "change of accuracy by retraining one class",
            lambda e: _score("retrained", e) - _score("accuracy", e),
            about=0.0,
            digits=2,
        ),
    ),
    about=(
        "Each autoencoder has seen one digit only, and gives back badly what is another. No network ever "
        "compares two digits, so that what has never been seen is well reconstructed by none."
    ),
    figure=_draw,
)
