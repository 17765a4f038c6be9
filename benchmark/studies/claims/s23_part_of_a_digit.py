"""S23: a digit of which only the first rows have been written."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Evidence, Expectation, Study
from benchmark.studies.networks import Foreteller, equipped
from benchmark.studies.study_figures import image_rows

_SHARES = (0.25, 0.5, 0.75, 1.0)


def foretell(trial: Trial) -> Measured:
    """Train on digits that break off; complete unseen ones, recognise them by the code of what is seen."""
    from sklearn.neighbors import KNeighborsClassifier

    height, width = trial.image_shape or (1, trial.X_train.shape[1])
    made = equipped(trial, Foreteller(trial.width, hidden=(500, 250), random_state=trial.seed, row=width))
    made.fit(trial.X_train)
    neighbours = KNeighborsClassifier(5, n_jobs=-1).fit(made.transform(trial.X_train), trial.y_train)
    mean, scores, images = trial.X_train.mean(axis=0), {}, {"whole": trial.X_test[:10]}
    for share in _SHARES:
        first = round(share * height) * width
        seen = trial.X_test.copy()
        seen[:, first:] = 0
        codes = made.transform(seen)
        completed = made.inverse_transform(codes)
        name = f"{share:.0%}"
        scores[f"accuracy {name}"] = float(neighbours.score(codes, trial.y_test))
        if first < trial.X_test.shape[1]:
            rest = trial.X_test[:, first:]
            error, guess = (np.square(rest - other).mean() for other in (completed[:, first:], mean[first:]))
            scores[f"error {name}"] = float(error / guess)
            images[f"{name} seen"], images[f"{name} completed"] = seen[:10], completed[:10]
    return Measured(scores, {name: X.reshape(-1, height, width) for name, X in images.items()})


def _score(name: str, evidence: Evidence) -> Any:
    return evidence.scores("first rows", name)


def _draw(evidence: Evidence) -> Any:
    arrays = evidence.arrays("first rows", "evidence")
    return None if arrays is None else image_rows(dict(arrays))


STUDY = Study(
    id="S23",
    name="part-of-a-digit",
    claim=(
        "Of a digit of which only a part has been written, the rest can be foretold, and the digit "
        "recognised before it is finished"
    ),
    source="readers' recognition of unfinished digits",
    cases={"first rows": Case("foreteller", {"epochs": 20}, width=32, task=foretell)},
    expectations=(
        Expectation(
            "error of the missing half over that of the mean image", partial(_score, "error 50%"), below=1.0
        ),
        Expectation("accuracy with half of the rows", partial(_score, "accuracy 50%"), above=0.5),
        Expectation("accuracy with three quarters of the rows", partial(_score, "accuracy 75%"), above=0.9),
    ),
    about=(
        "The network sees the first rows of a digit and must give all of it. Its code is then that of the "
        "digit it expects, and a classifier can read it before the rest is there."
    ),
    figure=_draw,
)
