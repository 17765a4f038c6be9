"""One job: load, warm up, timed fit, timed transform, score."""

from __future__ import annotations

import math
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.execution.measure import limit_threads, measured
from benchmark.results import Record
from benchmark.suite import Job
from reducers.base import NotApplicableError
from reducers.registry import make_reducer

if TYPE_CHECKING:
    from benchmark.datasets import Dataset
    from reducers.base import Reducer

VIEW_POINTS = 2000
VIEW_IMAGES = 10

Arrays = dict[str, np.ndarray]


@dataclass
class JobResult:
    """A record, and the arrays that are kept beside it (empty unless the job is ok)."""

    record: Record
    embedding: Arrays = field(default_factory=dict)
    view: Arrays = field(default_factory=dict)


def run_job(job: Job, environment: Mapping[str, Any], dataset: Dataset | None = None) -> JobResult:
    """Measure one job in this process; a failure is a record with its reason, never an exception.

    `dataset` is the job's, where the caller has it in memory already.
    """
    facts: dict[str, Any] = {}
    try:
        with limit_threads(job.threads):
            embedding, view = _measure(job, dataset or load_job_dataset(job), facts)
    except NotApplicableError as error:
        return JobResult(make_record(job, "unavailable", environment, error=str(error), **facts))
    # A plugin written as a script may call sys.exit.
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        return JobResult(make_record(job, "failed", environment, error=describe(error), **facts))
    return JobResult(make_record(job, "ok", environment, **facts), embedding, view)


def load_job_dataset(job: Job) -> Dataset:
    """Return the dataset of a job, as its plan found it."""
    from benchmark.datasets import load_dataset

    return load_dataset(
        job.source,
        data_dir=job.data_dir,
        seed=job.seed,
        n_train=job.n_train,
        n_test=job.n_test,
        download=False,
    )


def make_record(
    job: Job, status: str, environment: Mapping[str, Any], *, error: str | None = None, **facts: Any
) -> Record:
    """Return a record of `job`; `facts` are the fields that were measured."""
    planned: dict[str, Any] = {
        "run": job.run,
        "dataset": job.dataset,
        "reducer": job.reducer,
        "device": job.device,
        "precision": job.params.get("precision"),
        "threads": job.threads,
        "seed": job.seed,
        "key": job.key,
        "n_train": job.n_train,
        "n_test": job.n_test,
        "n_features": job.n_features,
        "params": dict(job.params),
        "environment": dict(environment),
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return Record(status=status, error=error, **{**planned, **facts})


def describe(error: BaseException) -> str:
    """Return an exception as one line: its type and what it says."""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}"[:1000] if message else type(error).__name__


def _measure(job: Job, dataset: Dataset, facts: dict[str, Any]) -> tuple[Arrays, Arrays]:
    facts["started_at"] = datetime.now(UTC).isoformat(timespec="seconds")
    train, test = dataset.scaled()
    reducer = _make(job)
    _warm_up(reducer, train, job.device, facts)
    with measured(job.device) as fit:
        reducer.fit(train)
    facts |= {"fit_seconds": fit.seconds, "precision": reducer.precision_}
    with measured(job.device) as transform:
        Z_test = reducer.transform(test)
    facts |= {
        "transform_seconds": transform.seconds,
        "peak_memory_mb": _greater(fit.peak_memory_mb, transform.peak_memory_mb),
        "peak_device_memory_mb": _greater(fit.peak_device_memory_mb, transform.peak_device_memory_mb),
        "n_components": _plain(reducer.n_components_),
        "n_parameters": _plain(reducer.n_parameters_),
        "history": [{k: _plain(v) for k, v in epoch.items()} for epoch in getattr(reducer, "history_", [])],
    }
    Z_train = reducer.transform(train)
    reconstruction = reducer.inverse_transform(Z_test) if reducer.supports_inverse else None
    _score(job, dataset, (Z_train, Z_test, test, reconstruction), facts)
    # A code as wide as the input saves nothing over computing it again.
    kept = {"Z_train": Z_train, "Z_test": Z_test} if Z_test.shape[1] < test.shape[1] else {}
    return kept, _view(dataset, Z_test, test, reconstruction)


def _plain(value: Any) -> Any:
    """Return a number, numpy's or torch's too, as JSON can hold it; None where it is not finite."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _make(job: Job, **changes: Any) -> Reducer:
    params = {**job.params, **changes}
    if job.reducer.startswith("sklearn."):
        return make_reducer(job.reducer, random_state=job.seed, **params)
    if params.get("image_shape") is not None:
        params["image_shape"] = tuple(params["image_shape"])
    reducer = make_reducer(job.reducer, job.plugins, random_state=job.seed, **params)
    return reducer.set_params(device=job.device) if "device" in reducer.get_params() else reducer


def _warm_up(reducer: Reducer, train: np.ndarray, device: str, facts: dict[str, Any]) -> None:
    """Compile, allocate and start libraries on a slice, so that none of it is charged to the fit."""
    from sklearn.base import clone

    rows = train[: max(reducer.warmup_samples, 2 * reducer.n_components)]
    trial = clone(reducer).set_params(**reducer.warmup_params)
    with measured(device) as warm_up:
        trial.fit(rows)
        codes = trial.transform(rows[:256])
        if trial.supports_inverse:
            trial.inverse_transform(codes)
    facts["warmup_seconds"] = warm_up.seconds


def _score(job: Job, dataset: Dataset, arrays: tuple[Any, ...], facts: dict[str, Any]) -> None:
    from benchmark.scoring import Embedding, score

    Z_train, Z_test, test, reconstruction = arrays
    # A file may label one part only, which is no help to a metric that compares the two.
    labelled = dataset.y_train is not None and dataset.y_test is not None
    embedding = Embedding(
        Z_train=Z_train,
        Z_test=Z_test,
        y_train=dataset.y_train if labelled else None,
        y_test=dataset.y_test if labelled else None,
        X_test=test,
        reconstruction_test=reconstruction,
        seed=job.seed,
        n_jobs=job.threads,
    )
    with measured("cpu") as scoring:
        facts["scores"] = score(embedding)
    facts["score_seconds"] = scoring.seconds


def _view(dataset: Dataset, Z: np.ndarray, X: np.ndarray, reconstruction: np.ndarray | None) -> Arrays:
    """Return what the report draws: codes in 2-D, and some images above their reconstructions."""
    shown = np.sort(np.random.default_rng(0).permutation(len(Z))[:VIEW_POINTS])
    view = {"codes": _plane(Z)[shown]}
    picked = np.arange(min(VIEW_IMAGES, len(X)))
    if dataset.y_test is not None:
        view["labels"] = dataset.y_test[shown].astype(np.int16)
        view["class_names"] = np.array(dataset.class_names, dtype=np.str_)
        picked = np.unique(dataset.y_test, return_index=True)[1][:VIEW_IMAGES]
    if dataset.image_shape is not None:
        view["image_shape"] = np.array(dataset.image_shape)
    view["images"] = X[picked].astype(np.float16)
    if reconstruction is not None:
        view["reconstructions"] = reconstruction[picked].astype(np.float16)
    return view


def _plane(Z: np.ndarray) -> np.ndarray:
    """Return codes in two dimensions: their first two principal components where they have more."""
    if Z.shape[1] == 1:
        return np.column_stack([Z, np.zeros_like(Z)])
    if Z.shape[1] == 2:
        return Z
    centred = Z - Z.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    plane: np.ndarray = (centred @ axes[:, :-3:-1]).astype(np.float32)
    return plane


def _greater(a: float | None, b: float | None) -> float | None:
    known = [value for value in (a, b) if value is not None]
    return max(known) if known else None
