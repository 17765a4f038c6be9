"""S15: new digits by walking from one code to another."""

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study, score
from benchmark.studies.heads import n_classes, trained_perceptron
from benchmark.studies.networks import as_images, reducer_of
from benchmark.studies.study_figures import evidence_images


def generate(trial: Trial) -> Measured:
    """Decode codes half-way between two of a class, and codes moved a little; judge by a classifier."""
    from sklearn.neighbors import NearestNeighbors

    X, y, rng = trial.X_train, trial.y_train, trial.rng
    made = reducer_of(trial, "stacked", hidden=(500, 250)).fit(X)
    codes = made.transform(X)
    judge = trained_perceptron(trial, X, y)
    pairs = np.concatenate([rng.choice(np.flatnonzero(y == k), (50, 2)) for k in range(n_classes(trial))])
    between = made.inverse_transform((codes[pairs[:, 0]] + codes[pairs[:, 1]]) / 2)
    noise = rng.normal(size=codes[pairs[:, 0]].shape).astype(np.float32)
    moved = made.inverse_transform(codes[pairs[:, 0]] + 0.3 * codes.std(axis=0) * noise)
    nearest = NearestNeighbors(n_neighbors=1).fit(X)
    scores: dict[str, float] = {}
    for name, made_up in (("between", between), ("moved", moved)):
        chances = judge.predict_proba(made_up)
        share = np.bincount(chances.argmax(axis=1), minlength=n_classes(trial)) / len(made_up)
        scores[f"confidence_{name}"] = float(chances.max(axis=1).mean())
        scores[f"variety_{name}"] = float(-(share * np.log(share + 1e-12)).sum() / np.log(n_classes(trial)))
        # A copy of a training image has no distance from it; its own reconstruction has that of the decoder.
        distance = nearest.kneighbors(made_up)[0].mean()
        copies = np.linalg.norm(made.inverse_transform(codes[pairs[:, 0]]) - X[pairs[:, 0]], axis=1).mean()
        scores[f"distance_{name}"] = float(distance / copies)
    plane = reducer_of(trial, "autoencoder", width=2, hidden=(500, 250)).fit(X)
    left, right = np.percentile(plane.transform(X), [5, 95], axis=0)
    across, up = np.meshgrid(*np.linspace(left, right, 10, dtype=np.float32).T)
    grid = plane.inverse_transform(np.stack([across, up], axis=-1).reshape(-1, 2))
    steps = np.linspace(0, 1, 10, dtype=np.float32)[:, None]
    ends = [rng.choice(np.flatnonzero(y == k)) for k in rng.permutation(n_classes(trial))[:4]]
    walks = {
        f"from {y[a]} to {y[b]}": made.inverse_transform((1 - steps) * codes[a] + steps * codes[b])
        for a, b in ((ends[0], ends[1]), (ends[2], ends[3]))
    }
    images = {**walks, "half-way": between[::50][:10], "moved": moved[::50][:10]}
    images |= {f"a plane of codes, {row + 1}": grid[10 * row :][:10] for row in range(10)}
    return Measured(scores, as_images(trial, images))


_CASE = "784-500-250-16"

STUDY = Study(
    id="S15",
    name="new-digits",
    claim="Moving in the code space gives new, plausible digits, without mode collapse",
    source="readers' digits from autoencoders",
    cases={_CASE: Case("walks between codes", {"epochs": 20, "steps": 3000}, width=16, task=generate)},
    expectations=(
        Expectation(
            "a classifier's confidence, half-way between two of a class",
            score(_CASE, "confidence_between"),
            above=0.8,
        ),
        Expectation(
            "a classifier's confidence, codes moved a little", score(_CASE, "confidence_moved"), above=0.8
        ),
        Expectation(
            "variety of the classes, 1 being all alike often", score(_CASE, "variety_between"), above=0.9
        ),
        Expectation(
            "distance from the nearest training image, over that of a copy",
            score(_CASE, "distance_between"),
            above=1.0,
        ),
    ),
    about=(
        "A decoder gives an image for every code, also for one that no image has. Half-way between two codes "
        "lies a new digit if the network has learned what digits are, and a double exposure if it has "
        "learned images by heart."
    ),
    teaches=(
        "What lies half-way is named with confidence, and is further from every training image than a mere "
        "copy would be: it is new. The plane of two numbers shows the price, shapes between its regions "
        "that are no digit."
    ),
    figures={
        "Two walks, digits half-way between two, codes moved, and a plane of codes.": evidence_images(_CASE)
    },
)
