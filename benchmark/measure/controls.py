"""The codes of `CONTROLS`, which no reducer makes: one of them shows what reducers never see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmark.measure.preparation import samples_for
from benchmark.plan.job import Job
from reducers.registry import make_reducer

if TYPE_CHECKING:
    from benchmark.datasets import Dataset


def control_codes(job: Job, dataset: Dataset) -> list[np.ndarray]:
    """Return the codes of the training and of the test set, float32, each (n, n_components)."""
    width = job.params["n_components"]
    if job.reducer == "labels":
        return [np.eye(width, dtype=np.float32)[y] for y in (dataset.y_train, dataset.y_test)]
    reducer = make_reducer("random-projection", n_components=width, random_state=job.seed)
    train, test = (samples_for(reducer, rows) for rows in dataset.rows())
    reducer.fit(train)
    rng = np.random.default_rng((job.seed, 4))
    return [rng.permutation(reducer.transform(part)) for part in (train, test)]
