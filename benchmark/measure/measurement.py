"""One job: load, warm up, timed fit, timed transform, score."""

from __future__ import annotations

import math
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.errors import InputError
from benchmark.measure.clock import full_precision, limit_threads, measured
from benchmark.measure.timing import fit_and_transform, warm_up
from benchmark.measure.view import Arrays, make_view
from benchmark.plan.job import RECIPE, Job
from benchmark.results import Record
from benchmark.scoring.blocks import Reconstruction, Samples
from reducers.base import NotApplicableError
from reducers.registry import make_reducer
from reducers.rows import Rows

if TYPE_CHECKING:
    from benchmark.datasets import Dataset
    from reducers.base import Reducer

# Test sets larger than this are reconstructed a block at a time.
_LAZY_BYTES = 64 * 2**20


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
        with limit_threads(job.threads), full_precision(job.device):
            embedding, view = _measure(job, dataset or load_job_dataset(job), facts)
    except NotApplicableError as error:
        return JobResult(make_record(job, "unavailable", environment, error=str(error), **facts))
    # A plugin written as a script may call sys.exit.
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        return JobResult(make_record(job, "failed", environment, error=describe(error), **facts))
    return JobResult(make_record(job, "ok", environment, **facts), embedding, view)


def load_job_dataset(job: Job) -> Dataset:
    """Return the dataset of a job; raise `InputError` where it is not the one its plan found."""
    from benchmark.datasets import load_dataset

    dataset = load_dataset(
        job.source,
        data_dir=job.data_dir,
        seed=job.seed,
        n_train=job.n_train,
        n_test=job.n_test,
        download=False,
    )
    if dataset.sha256 != job.data and not job.data.startswith(RECIPE):
        raise InputError(
            f"The data of {job.source} differ from those the run was planned with: their SHA-256 is "
            f"{dataset.sha256[:12]}..., that of the plan {job.data[:12]}...."
        )
    return dataset


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
        "repeats": job.repeats,
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
    reducer = _make(job)
    train, test = (_given(reducer, rows) for rows in dataset.rows())
    warm_up(reducer, train, job.device, facts)
    reducer, Z_test = fit_and_transform(reducer, train, test, job, facts)
    facts |= {
        "n_components": _plain(reducer.n_components_),
        "n_parameters": _plain(reducer.n_parameters_),
        "history": [{k: _plain(v) for k, v in epoch.items()} for epoch in getattr(reducer, "history_", [])],
    }
    Z_train = reducer.transform(train)
    # What is larger than memory is read, and reconstructed, a block at a time.
    test = test if isinstance(test, Rows) and test.mapped else np.asarray(test)
    reconstruction = _reconstruction(reducer, Z_test, test)
    _score(job, dataset, (Z_train, Z_test, test, reconstruction), facts)
    # A code as wide as the input saves nothing over computing it again.
    kept = {"Z_train": Z_train, "Z_test": Z_test} if Z_test.shape[1] < test.shape[1] else {}
    return kept, make_view(dataset, Z_test, test, reconstruction)


def _given(reducer: Reducer, rows: Rows) -> Samples:
    """Return samples as the reducer takes them, so that no conversion of ours is on its clock."""
    return rows if reducer.streams and rows.compact else np.asarray(rows)


def _reconstruction(reducer: Reducer, Z: np.ndarray, X: Samples) -> np.ndarray | Reconstruction | None:
    if not reducer.supports_inverse:
        return None
    # The scores read it in blocks; what is small is made once and for all.
    if isinstance(X, Rows) or X.nbytes > _LAZY_BYTES:
        return Reconstruction(reducer.inverse_transform, Z, X.shape[1])
    return reducer.inverse_transform(Z)


def _plain(value: Any) -> Any:
    """Return a number, numpy's or torch's too, as JSON can hold it; None where it is not finite."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _make(job: Job) -> Reducer:
    params = dict(job.params)
    if job.reducer.startswith("sklearn."):
        return make_reducer(job.reducer, random_state=job.seed, **params)
    if params.get("image_shape") is not None:
        params["image_shape"] = tuple(params["image_shape"])
    reducer = make_reducer(job.reducer, job.plugins, random_state=job.seed, **params)
    return reducer.set_params(device=job.device) if "device" in reducer.get_params() else reducer


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
