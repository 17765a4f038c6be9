"""S23: a digit of which only the first rows have been written, or of which a part is covered."""

from typing import Any

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study, score
from benchmark.studies.networks import Foreteller, as_images, cover, neighbours_accuracy, reducer_of
from benchmark.studies.study_figures import curves_figure, evidence_images

_SHARES = (0.25, 0.5, 0.75, 1.0)


def foretell(trial: Trial) -> Measured:
    """Train on digits that break off; complete unseen ones, recognise them by the code of what is seen."""
    made, row = _fitted(trial, "last rows")
    height = trial.X_train.shape[1] // row
    scores: dict[str, float] = {}
    images = {"whole": trial.X_test[:10]}
    for share in _SHARES:
        hidden = np.zeros(trial.X_test.shape, dtype=bool)
        hidden[:, round(share * height) * row :] = True
        found, shown = _completed(trial, made, hidden)
        scores |= {f"{name} {share:.0%}": value for name, value in found.items()}
        images |= {f"{share:.0%} {name}": rows for name, rows in shown.items()} if hidden.any() else {}
    return Measured(scores, as_images(trial, images))


def uncover(trial: Trial) -> Measured:
    """Train on digits of which a square is covered; complete and recognise unseen ones."""
    import torch

    made, row = _fitted(trial, "square")
    test = torch.from_numpy(trial.X_test)
    hidden = cover(test, row, torch.Generator().manual_seed(trial.seed)).numpy()
    scores, images = _completed(trial, made, hidden)
    return Measured(scores, as_images(trial, {"whole": trial.X_test[:10], **images}))


def _fitted(trial: Trial, hides: str) -> tuple[Any, int]:
    row = (trial.image_shape or trial.X_train.shape)[1]
    made = reducer_of(trial, Foreteller, hidden=(500, 250), row=row, hides=hides)
    return made.fit(trial.X_train), row


def _completed(trial: Trial, made: Any, hidden: np.ndarray) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Return scores of test digits whose `hidden` pixels are blank, and ten of them, seen and completed."""
    seen = np.where(hidden, 0, trial.X_test)
    codes = made.transform(seen)
    completed, guess = made.inverse_transform(codes), trial.X_train.mean(axis=0)
    scores = {"accuracy": neighbours_accuracy(trial, made.transform(trial.X_train), codes)}
    if hidden.any():
        errors = [np.square(other - trial.X_test)[hidden].mean() for other in (completed, guess)]
        scores["error"] = float(errors[0] / errors[1])
    return scores, {"seen": seen[:10], "completed": completed[:10]}


_ROWS, _SQUARE = "first rows", "covered"
_CURVE = {100 * share: (_ROWS, f"accuracy {share:.0%}") for share in _SHARES}

STUDY = Study(
    id="S23",
    name="part-of-a-digit",
    claim=(
        "Of a digit of which only a part has been written, the rest can be foretold, and the digit "
        "recognised before it is finished"
    ),
    source="readers' recognition of unfinished digits",
    cases={
        _ROWS: Case("foreteller", {"epochs": 20}, width=32, task=foretell),
        _SQUARE: Case("foreteller of what is covered", {"epochs": 20}, width=32, task=uncover),
    },
    expectations=(
        Expectation(
            "error of the missing half over that of the mean image", score(_ROWS, "error 50%"), below=1.0
        ),
        Expectation("accuracy with half of the rows", score(_ROWS, "accuracy 50%"), above=0.5),
        Expectation("accuracy with three quarters of the rows", score(_ROWS, "accuracy 75%"), above=0.9),
        Expectation(
            "error of a covered square over that of the mean image", score(_SQUARE, "error"), below=1.0
        ),
        Expectation("accuracy with a square covered", score(_SQUARE, "accuracy"), above=0.9),
    ),
    about=(
        "The network sees the first rows of a digit, or all but a square, and must give all of it. Its code "
        "is then that of the digit it expects, and a classifier can read it before the rest is there."
    ),
    teaches=(
        "Half of the rows name most digits, three quarters nearly all. A covered square costs more than the "
        "last quarter of the rows: it may lie where two digits differ."
    ),
    figures={
        "Digits that break off, and how the network goes on.": evidence_images(_ROWS),
        "Who is recognised before it is finished.": curves_figure(
            curves={"neighbours on codes": _CURVE}, xlabel="rows that are written, %", ylabel="accuracy"
        ),
        "Digits of which a square is covered, and what the network puts there.": evidence_images(_SQUARE),
    },
)
