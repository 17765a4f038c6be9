"""What a job needs before its clock starts: its dataset, its reducer, and libraries that are warm."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.base import clone

from benchmark.datasets import Dataset, load_dataset
from benchmark.datasets.data_options import DataOptions
from benchmark.datasets.split import split_indices
from benchmark.datasets.synthetic import RECIPE
from benchmark.errors import InputError
from benchmark.measure.clock import measured
from benchmark.plan.job import Job
from benchmark.scoring.embedding import Samples
from reducers.base import Reducer
from reducers.registry import make_reducer
from reducers.rows import Rows
from reducers.training.epochs import watch_epochs


def load_job_dataset(job: Job) -> Dataset:
    """Return the dataset of a job; raise `InputError` where it is not the one its plan found."""
    dataset = load_dataset(
        job.source,
        data_dir=job.data_dir,
        options=DataOptions.from_facts(job.data_options),
        seed=job.seed,
        n_train=job.n_train,
        n_test=job.n_test,
        download=False,
        plugins=job.plugins,
    )
    if dataset.sha256 != job.data and not job.data.startswith(RECIPE):
        raise InputError(
            f"The data of {job.source} differ from those the run was planned with: their SHA-256 is "
            f"{dataset.sha256[:12]}..., that of the plan {job.data[:12]}...."
        )
    return dataset


def asked_part(job: Job, dataset: Dataset) -> Dataset:
    """Return what is fitted and scored of the data: by the part, and by which rows are scored."""
    if job.scored_on == "all":
        return pool(dataset)
    dataset = dataset if job.part == "test" else hold_out(dataset, job.seed)
    if job.scored_on == "heldout":
        return dataset
    return replace(dataset, X_test=dataset.X_train, y_test=dataset.y_train, rows_test=dataset.rows_train)


def hold_out(dataset: Dataset, seed: int) -> Dataset:
    """Return the training set as a dataset of its own, a fifth of it to test with."""
    X, y = dataset.X_train, dataset.y_train
    split = split_indices(dataset.n_train, y, np.random.default_rng((seed, 3)))
    parts: dict[str, Any] = {}
    for name, rows in zip(("train", "test"), split, strict=True):
        if isinstance(X, Rows):
            rows = np.sort(rows)
            parts[f"X_{name}"] = Rows(X.array, rows if X.index is None else X.index[rows])
        else:
            parts[f"X_{name}"] = X[rows]
        parts[f"y_{name}"] = None if y is None else y[rows]
        parts[f"rows_{name}"] = dataset.rows_train[rows]
    return replace(dataset, **parts)


def pool(dataset: Dataset) -> Dataset:
    """Return all samples, those to train with first, as both the training set and the test set.

    Those that lie in a file are read. A row keeps the number that it has in its part.
    """
    X, rows = (
        np.concatenate([np.asarray(part) for part in parts])
        for parts in ((dataset.X_train, dataset.X_test), (dataset.rows_train, dataset.rows_test))
    )
    y = None
    if dataset.y_train is not None and dataset.y_test is not None:
        y = np.concatenate([dataset.y_train, dataset.y_test])
    return replace(dataset, X_train=X, y_train=y, rows_train=rows, X_test=X, y_test=y, rows_test=rows)


def make_job_reducer(job: Job) -> Reducer:
    """Return the reducer of a job, unfitted: with its parameters, its seed, its device and its arithmetic."""
    params = dict(job.params)
    if params.get("image_shape") is not None:
        params["image_shape"] = tuple(params["image_shape"])
    reducer = make_reducer(job.reducer, job.plugins, random_state=job.seed, **params)
    accepted = reducer.get_params()
    if "device" in accepted:
        reducer.set_params(device=job.device)
    if job.arithmetic is not None and accepted.get("precision") == "auto":
        reducer.set_params(precision=job.arithmetic)
    return reducer


def samples_for(reducer: Reducer, rows: Rows) -> Samples:
    """Return samples as the reducer takes them, so that no conversion of ours is on its clock."""
    return rows if reducer.streams and rows.compact else np.asarray(rows)


def control_codes(job: Job, dataset: Dataset) -> list[np.ndarray]:
    """Return the codes of a job of `CONTROLS`, of both parts: float32, each (n, n_components).

    No reducer makes them: one of them shows what reducers never see.
    """
    width = job.params["n_components"]
    if job.reducer == "labels":
        return [np.eye(width, dtype=np.float32)[y] for y in (dataset.y_train, dataset.y_test)]
    reducer = make_reducer("random-projection", n_components=width, random_state=job.seed)
    train, test = (samples_for(reducer, rows) for rows in dataset.rows())
    reducer.fit(train)
    rng = np.random.default_rng((job.seed, 4))
    return [rng.permutation(reducer.transform(part)) for part in (train, test)]


def warm_up(reducer: Reducer, train: Samples, test: Samples, device: str) -> float:
    """Compile, allocate and start libraries on slices, so that none of it is charged to what is timed.

    Like what is timed, it fits training rows and transforms test rows: of rows that it was fitted on, a
    reducer may know the codes, and compile nothing. Returns the seconds it took.
    """
    rows = train[: max(reducer.warmup_samples, 2 * reducer.n_components)]
    trial = clone(reducer).set_params(**reducer.warmup_params)
    # The stopwatch starts a GPU before it reads the clock; that is part of the warm-up too.
    start = perf_counter()
    with measured(device), watch_epochs(None):
        trial.fit(rows)
        codes = trial.transform(test[: reducer.warmup_unseen] if trial.supports_unseen else rows)
        if trial.supports_inverse:
            trial.inverse_transform(codes)
    return perf_counter() - start
