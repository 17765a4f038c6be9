"""One job: load, warm up, timed fit, timed transform, score, keep."""

from __future__ import annotations

import math
import traceback
from collections.abc import Sequence
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from benchmark.analysis.columns import CONTROLS
from benchmark.datasets import Dataset
from benchmark.measure.clock import Measurement, cpu_times, foreign_share, measured
from benchmark.measure.outcome import Outcome, utc_now
from benchmark.measure.preparation import (
    asked_part,
    control_codes,
    load_job_dataset,
    make_job_reducer,
    samples_for,
    warm_up,
)
from benchmark.measure.threads import full_precision, limit_threads
from benchmark.measure.trial import Trial
from benchmark.measure.view import make_view
from benchmark.plan.job import Job
from benchmark.scoring import Embedding, metrics_of, score_rows
from benchmark.scoring.embedding import Reconstruction, Samples
from benchmark.scoring.row_statistics import row_slots
from reducers.base import NotApplicableError, Reducer
from reducers.rows import Rows

if TYPE_CHECKING:
    from benchmark.results.artifacts import Arrays

# Test sets larger than this are reconstructed a block at a time.
_LAZY_BYTES = 64 * 2**20


def measure(job: Job, dataset: Dataset | None = None) -> Outcome:
    """Measure one job in this process; a failure is an outcome with its reason, never an exception.

    `dataset` is the job's, where the caller has it in memory already.
    """
    # It grows with every step that ends, so that what was measured outlives an error in the next.
    outcome = Outcome("failed", started_at=utc_now())
    try:
        with limit_threads(job.threads), full_precision(job.device):
            step = _attempt if job.task else _take_control if job.reducer in CONTROLS else _run
            step(job, asked_part(job, dataset or load_job_dataset(job)), outcome)
        outcome.status = "ok"
    except NotApplicableError as error:
        outcome.status, outcome.error = "unavailable", str(error)
    # A plugin written as a script may call sys.exit.
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        outcome.error = describe(error)
    return outcome


def describe(error: BaseException) -> str:
    """Return an exception as one line: its type and what it says."""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}"[:1000] if message else type(error).__name__


def _run(job: Job, dataset: Dataset, outcome: Outcome) -> None:
    """Take every step, in order; raise what goes wrong in one."""
    reducer = make_job_reducer(job)
    train, test = (samples_for(reducer, rows) for rows in dataset.rows())
    begun = cpu_times()
    outcome.warmup_seconds = warm_up(reducer, train, test, job.device)
    warm = cpu_times()
    reducer, Z_test = _fit_and_transform(job, reducer, train, test, outcome)
    ended = cpu_times()
    # What disturbed the fits alone must not vanish beside a long warm-up.
    outcome.foreign_cpu = _greatest(foreign_share(begun, ended), foreign_share(warm, ended))
    Z_train = Z_test if job.scored_on != "heldout" else reducer.transform(train)
    _score_and_keep(job, dataset, (Z_train, Z_test), test, reducer, outcome)


def _take_control(job: Job, dataset: Dataset, outcome: Outcome) -> None:
    """Score codes that no reducer made."""
    codes = control_codes(job, dataset)
    outcome.precision, outcome.n_components = "fp32", codes[0].shape[1]
    _score_and_keep(job, dataset, codes, dataset.rows()[1], None, outcome)


def _attempt(job: Job, dataset: Dataset, outcome: Outcome) -> None:
    """Carry out the task of the job, on the clock as a whole."""
    X_train, X_test = dataset.scaled()
    assert dataset.y_train is not None
    assert dataset.y_test is not None
    trial = Trial(
        X_train, dataset.y_train, X_test, dataset.y_test, dataset.image_shape, job.params,
        int(job.params["n_components"]), job.seed, job.device,
    )  # fmt: skip
    with measured(job.device) as cost:
        found = resolve_name(job.task)(trial)
    _note_peaks(cost, outcome)
    outcome.fit_times.append(cost.seconds)
    outcome.scores = {name: float(score) for name, score in found.scores.items()}
    outcome.history = found.history
    outcome.artifacts = {"evidence": found.arrays} if found.arrays else {}


def _fit_and_transform(
    job: Job, reducer: Reducer, train: Samples, test: Samples, outcome: Outcome
) -> tuple[Reducer, np.ndarray]:
    """Fit and transform once a repeat, each on the clock; return the last fitted clone and its codes."""
    for _ in range(job.repeats):
        # The state of the repeat before is freed first; the seed is a parameter, so it stays.
        reducer = clone(reducer)
        with measured(job.device) as fit:
            reducer.fit(train)
        _note_peaks(fit, outcome)
        outcome.fit_times.append(fit.seconds)
        outcome.precision = reducer.precision_
        with measured(job.device) as transform:
            Z_test = reducer.transform(test)
        # Else it gives back what the fit has made.
        if reducer.supports_unseen:
            _note_peaks(transform, outcome)
            outcome.transform_times.append(transform.seconds)
    outcome.n_components = _plain(reducer.n_components_)
    outcome.n_parameters = _plain(reducer.n_parameters_)
    outcome.reproducible = reducer.reproducible
    epochs = getattr(reducer, "history_", [])
    outcome.history = [{name: _plain(value) for name, value in epoch.items()} for epoch in epochs]
    return reducer, Z_test


def _note_peaks(cost: Measurement, outcome: Outcome) -> None:
    """Keep the peaks of one more measurement, where they are the greatest."""
    outcome.peak_memory_mb = _greatest(outcome.peak_memory_mb, cost.peak_memory_mb)
    outcome.peak_device_memory_mb = _greatest(outcome.peak_device_memory_mb, cost.peak_device_memory_mb)


def _score_and_keep(
    job: Job,
    dataset: Dataset,
    codes: Sequence[np.ndarray],
    test: Samples,
    reducer: Reducer | None,
    outcome: Outcome,
) -> None:
    """Score the codes of both parts, and keep what reports and figures are made of."""
    # What is larger than memory is read, and reconstructed, a block at a time.
    test = test if isinstance(test, Rows) and test.mapped else np.asarray(test)
    embedding = _embedding(job, dataset, codes, test, reducer)
    with measured("cpu") as scoring:
        scores, rows = score_rows(embedding, metrics_of(job.clusterings, job.plugins))
    outcome.scores, outcome.score_seconds = scores, scoring.seconds
    artifacts: dict[str, Arrays] = {"predictions": {"slots": row_slots(dataset.X_test), **rows}}
    # A code as wide as the input saves nothing over computing it again.
    if embedding.Z_test.shape[1] < test.shape[1]:
        artifacts["embeddings"] = _named_codes(embedding, dataset)
    if job.keep_model and job.part == "test" and reducer is not None:
        from benchmark.measure.kept_models import keep_model

        artifacts |= keep_model(reducer, dataset)
    made = embedding.reconstruction_test
    decode = None if reducer is None or made is None else reducer.inverse_transform
    artifacts["views"] = make_view(dataset, embedding.Z_test, test, made, decode)
    outcome.artifacts = artifacts


def _embedding(
    job: Job, dataset: Dataset, codes: Sequence[np.ndarray], test: Samples, reducer: Reducer | None
) -> Embedding:
    """Return what is scored of a job: its codes, and what the reducer makes of the test set besides."""
    reconstruction: np.ndarray | Reconstruction | None = None
    if reducer is not None and reducer.supports_inverse:
        # The scores read it in blocks; what is small is made once and for all.
        if isinstance(test, Rows) or test.nbytes > _LAZY_BYTES:
            reconstruction = Reconstruction(reducer.inverse_transform, codes[1], test.shape[1])
        else:
            reconstruction = reducer.inverse_transform(codes[1])
    return Embedding(
        Z_train=codes[0],
        Z_test=codes[1],
        y_train=dataset.y_train if dataset.is_labelled else None,
        y_test=dataset.y_test if dataset.is_labelled else None,
        X_test=test,
        reconstruction_test=reconstruction,
        own_clusters=reducer.predict(test) if reducer is not None and reducer.supports_predict else None,
        held_out=job.scored_on == "heldout",
        seed=job.seed,
        n_jobs=job.threads,
    )


def _named_codes(embedding: Embedding, dataset: Dataset) -> dict[str, np.ndarray]:
    """Return codes with what names their samples: their rows in the source, and their classes."""
    arrays = {name: getattr(embedding, name) for name in ("Z_train", "Z_test")}
    arrays |= {name: getattr(dataset, name) for name in ("rows_train", "rows_test", "y_train", "y_test")}
    known = {name: array for name, array in arrays.items() if array is not None}
    if "y_train" in known or "y_test" in known:
        known["class_names"] = np.array(dataset.class_names)
    return known


def _greatest(*values: float | None) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _plain(value: Any) -> Any:
    """Return a number, numpy's or torch's too, as JSON can hold it; None where it is not finite."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
