"""S16: sixes in four positions, and where an upright nine belongs."""

from typing import Any

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Evidence, Expectation, Study, score
from benchmark.studies.networks import as_images, reducer_of
from benchmark.studies.study_figures import evidence_images, scores_figure

_ANGLES = (0, 90, 180, 270)


def _turned(X: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    images = X.reshape(-1, *shape)
    parts = [np.rot90(images, k, axes=(1, 2)).reshape(len(X), -1) for k in range(4)]
    return np.concatenate(parts).astype(np.float32), np.repeat(np.arange(4), len(X))


def cluster(trial: Trial) -> Measured:
    """Train on turned sixes, cluster their codes; look at test sixes by angle, and at upright nines."""
    from scipy.optimize import linear_sum_assignment
    from sklearn.cluster import KMeans

    shape = trial.image_shape or (0, 0)
    X, _ = _turned(trial.X_train[trial.y_train == 6], shape)
    X_test, angle = _turned(trial.X_test[trial.y_test == 6], shape)
    made = reducer_of(trial, "autoencoder", hidden=(256,)).fit(X)
    means = KMeans(4, n_init=10, random_state=trial.seed).fit(made.transform(X))
    found = means.predict(made.transform(X_test))
    counts = np.zeros((4, 4))
    np.add.at(counts, (angle, found), 1)
    rows, columns = linear_sum_assignment(-counts)
    X_nines = trial.X_test[trial.y_test == 9]
    nines = means.predict(made.transform(X_nines))
    scores = {"accuracy": float(counts[rows, columns].sum() / len(angle))}
    scores |= {f"accuracy_{_ANGLES[k]}": float(counts[k, columns[k]] / counts[k].sum()) for k in range(4)}
    scores |= {f"nines_{_ANGLES[k]}": float((nines == columns[k]).mean()) for k in range(4)}
    mixed, images = trial.rng.permutation(len(X_test)), {}
    for k, name in enumerate(_ANGLES):
        images[f"sixes in the cluster of {name}°"] = X_test[mixed][found[mixed] == columns[k]][:10]
        images[f"nines in the cluster of {name}°"] = X_nines[nines == columns[k]][:10]
    return Measured(scores, as_images(trial, images))


_CASE = "turned sixes"


def _nines(evidence: Evidence) -> Any:
    upright, *others = (evidence.scores(_CASE, f"nines_{angle}") for angle in (180, 0, 90, 270))
    return upright - np.max(others, axis=0)


STUDY = Study(
    id="S16",
    name="turned-sixes",
    claim=(
        "Sixes turned by 0, 90, 180 and 270 degrees fall into four clusters by angle; an upright 9 joins the "
        "6 turned by 180"
    ),
    source="readers' clustering of rotated digits",
    cases={_CASE: Case("clusters of turned sixes", {"epochs": 40}, width=10, task=cluster)},
    expectations=(
        Expectation("accuracy of the clusters by angle", score(_CASE, "accuracy"), above=0.9),
        Expectation("share of nines with the 6 turned by 180, less the next largest", _nines, above=0.0),
    ),
    about=(
        "An autoencoder that is shown one digit in four positions learns what differs: the position. A nine "
        "is a turned six to it, as it has never seen one."
    ),
    teaches=(
        "Nobody told the network what an angle is: it is what differs most between its images. Most nines "
        "follow the six that stands on its head; a cluster is a shape, not a name."
    ),
    figures={
        "What lies in each cluster: sixes as they were turned, and upright nines.": evidence_images(_CASE),
        "Sixes by angle, and where the nines fall.": scores_figure(
            _CASE,
            {f"sixes at {angle}° that are found": f"accuracy_{angle}" for angle in _ANGLES}
            | {f"nines in the cluster of {angle}°": f"nines_{angle}" for angle in _ANGLES},
            "share",
        ),
    },
)
