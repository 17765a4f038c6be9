"""One job: load, warm up, timed fit, timed transform, score, keep."""

from __future__ import annotations

import math
import traceback
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.analysis.columns import CONTROLS
from benchmark.measure.clock import Measurement, measured
from benchmark.measure.controls import control_codes
from benchmark.measure.foreign_cpu import cpu_times, foreign_share
from benchmark.measure.outcome import Outcome, utc_now
from benchmark.measure.preparation import (
    fitted_rows,
    hold_out,
    load_job_dataset,
    make_job_reducer,
    pool,
    samples_for,
    warm_up,
)
from benchmark.measure.threads import full_precision, limit_threads
from benchmark.measure.trial import Trial, load_task
from benchmark.measure.view import make_view
from benchmark.plan.job import Job
from benchmark.scoring.embedding import Reconstruction, Samples
from benchmark.scoring.row_statistics import row_slots
from reducers.base import NotApplicableError
from reducers.rows import Rows

if TYPE_CHECKING:
    from benchmark.datasets import Dataset
    from benchmark.results.artifacts import Arrays
    from reducers.base import Reducer

# Test sets larger than this are reconstructed a block at a time.
_LAZY_BYTES = 64 * 2**20


def measure(job: Job, dataset: Dataset | None = None) -> Outcome:
    """Measure one job in this process; a failure is an outcome with its reason, never an exception.

    `dataset` is the job's, where the caller has it in memory already.
    """
    measuring = _Measuring(job)
    try:
        with limit_threads(job.threads), full_precision(job.device):
            dataset = dataset or load_job_dataset(job)
            step = measuring.attempt if job.task else measuring.run
            step(_asked_part(job, dataset))
    except NotApplicableError as error:
        return replace(measuring.outcome, status="unavailable", error=str(error))
    # A plugin written as a script may call sys.exit.
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        return replace(measuring.outcome, status="failed", error=describe(error))
    return replace(measuring.outcome, status="ok")


def describe(error: BaseException) -> str:
    """Return an exception as one line: its type and what it says."""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}"[:1000] if message else type(error).__name__


class _Measuring:
    """One job on its way through the steps of its measurement.

    `outcome` grows with every step that ends, so that what was measured outlives an error in the next.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.outcome = Outcome(status="failed", started_at=utc_now())

    def run(self, dataset: Dataset) -> None:
        """Take every step, in order; raise what goes wrong in one."""
        if self.job.reducer in CONTROLS:
            codes = control_codes(self.job, dataset)
            self.outcome = replace(self.outcome, precision="fp32", n_components=codes[0].shape[1])
            self._keep(dataset, codes, dataset.rows()[1])
            return
        reducer = make_job_reducer(self.job)
        train, test = (samples_for(reducer, rows) for rows in dataset.rows())
        begun = cpu_times()
        self.outcome = replace(self.outcome, warmup_seconds=warm_up(reducer, train, test, self.job.device))
        warm = cpu_times()
        reducer, Z_test = self._fit_and_transform(reducer, train, test)
        ended = cpu_times()
        # What disturbed the fits alone must not vanish beside a long warm-up.
        foreign = _greatest(foreign_share(begun, ended), foreign_share(warm, ended))
        self.outcome = replace(self.outcome, foreign_cpu=foreign)
        Z_train = Z_test if self.job.scored_on != "heldout" else reducer.transform(train)
        self._keep(dataset, [Z_train, Z_test], test, reducer)

    def _keep(
        self, dataset: Dataset, codes: Sequence[np.ndarray], test: Samples, reducer: Reducer | None = None
    ) -> None:
        """Score the codes of both parts, and keep what reports and figures are made of."""
        Z_train, Z_test = codes
        # What is larger than memory is read, and reconstructed, a block at a time.
        test = test if isinstance(test, Rows) and test.mapped else np.asarray(test)
        reconstruction = _reconstruct(reducer, Z_test, test)
        clusters = None if reducer is None or not reducer.supports_predict else reducer.predict(test)
        rows = self._score(dataset, codes, test, reconstruction, clusters)
        artifacts: dict[str, Arrays] = {"predictions": {"slots": row_slots(dataset.X_test), **rows}}
        # A code as wide as the input saves nothing over computing it again.
        if Z_test.shape[1] < test.shape[1]:
            artifacts["embeddings"] = {"Z_train": Z_train, "Z_test": Z_test, **_labels(dataset)}
        if self.job.keep_model and self.job.part == "test" and reducer is not None:
            from benchmark.measure.kept_models import keep_model

            artifacts |= keep_model(reducer, dataset)
        artifacts["views"] = make_view(dataset, Z_test, test, reconstruction)
        self.outcome = replace(self.outcome, artifacts=artifacts)

    def attempt(self, dataset: Dataset) -> None:
        """Carry out the task of the job, on the clock as a whole."""
        job, (X_train, X_test) = self.job, dataset.scaled()
        assert dataset.y_train is not None
        assert dataset.y_test is not None
        trial = Trial(
            X_train, dataset.y_train, X_test, dataset.y_test, dataset.image_shape, job.params,
            int(job.params["n_components"]), job.seed, job.device,
        )  # fmt: skip
        with measured(job.device) as cost:
            found = load_task(job)(trial)
        self.outcome = replace(
            self._with_peaks(cost),
            fit_times=[cost.seconds],
            scores={name: float(score) for name, score in found.scores.items()},
            history=found.history,
            artifacts={"evidence": found.arrays} if found.arrays else {},
        )

    def _fit_and_transform(
        self, reducer: Reducer, train: Samples, test: Samples
    ) -> tuple[Reducer, np.ndarray]:
        """Fit and transform once a repeat, each on the clock; return the last fitted clone and its codes."""
        from sklearn.base import clone

        device = self.job.device
        for _ in range(self.job.repeats):
            # The state of the repeat before is freed first; the seed is a parameter, so it stays.
            reducer = clone(reducer)
            with measured(device) as fit:
                reducer.fit(train)
            fit_times = [*self.outcome.fit_times, fit.seconds]
            self.outcome = replace(self._with_peaks(fit), fit_times=fit_times, precision=reducer.precision_)
            with measured(device) as transform:
                Z_test = reducer.transform(test)
            # Else it gives back what the fit has made.
            if reducer.supports_unseen:
                transform_times = [*self.outcome.transform_times, transform.seconds]
                self.outcome = replace(self._with_peaks(transform), transform_times=transform_times)
        self.outcome = replace(
            self.outcome,
            n_components=_plain(reducer.n_components_),
            n_parameters=_plain(reducer.n_parameters_),
            reproducible=reducer.reproducible,
            history=[{k: _plain(v) for k, v in epoch.items()} for epoch in getattr(reducer, "history_", [])],
        )
        return reducer, Z_test

    def _with_peaks(self, cost: Measurement) -> Outcome:
        """Return the outcome with the peaks of one more measurement, where they are the greatest."""
        before = self.outcome
        return replace(
            before,
            peak_memory_mb=_greatest(before.peak_memory_mb, cost.peak_memory_mb),
            peak_device_memory_mb=_greatest(before.peak_device_memory_mb, cost.peak_device_memory_mb),
        )

    def _score(
        self,
        dataset: Dataset,
        codes: Sequence[np.ndarray],
        test: Samples,
        reconstruction: np.ndarray | Reconstruction | None,
        clusters: np.ndarray | None,
    ) -> Arrays:
        """Score the codes; return what the scores are made of, a value a test row."""
        from benchmark.scoring import Embedding, metrics_of, score_rows

        embedding = Embedding(
            Z_train=codes[0],
            Z_test=codes[1],
            y_train=dataset.y_train if dataset.is_labelled else None,
            y_test=dataset.y_test if dataset.is_labelled else None,
            X_test=test,
            reconstruction_test=reconstruction,
            own_clusters=clusters,
            held_out=self.job.scored_on == "heldout",
            seed=self.job.seed,
            n_jobs=self.job.threads,
        )
        with measured("cpu") as scoring:
            scores, rows = score_rows(embedding, metrics_of(self.job.clusterings, self.job.plugins))
        self.outcome = replace(self.outcome, scores=scores, score_seconds=scoring.seconds)
        return rows


def _asked_part(job: Job, dataset: Dataset) -> Dataset:
    """Return what is fitted and scored of the data: by the part, and by which rows are scored."""
    if job.scored_on == "all":
        return pool(dataset)
    dataset = dataset if job.part == "test" else hold_out(dataset, job.seed)
    return fitted_rows(dataset) if job.scored_on == "fitted" else dataset


def _reconstruct(reducer: Reducer | None, Z: np.ndarray, X: Samples) -> np.ndarray | Reconstruction | None:
    if reducer is None or not reducer.supports_inverse:
        return None
    # The scores read it in blocks; what is small is made once and for all.
    if isinstance(X, Rows) or X.nbytes > _LAZY_BYTES:
        return Reconstruction(reducer.inverse_transform, Z, X.shape[1])
    return reducer.inverse_transform(Z)


def _labels(dataset: Dataset) -> Arrays:
    """Return what names the samples whose codes are kept: their rows in the source, and their classes."""
    rows = {"rows_train": dataset.rows_train, "rows_test": dataset.rows_test}
    parts = {"y_train": dataset.y_train, "y_test": dataset.y_test}
    known = {name: y for name, y in parts.items() if y is not None}
    classes = {**known, "class_names": np.array(dataset.class_names)} if known else {}
    return {**rows, **classes}


def _greatest(*values: float | None) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _plain(value: Any) -> Any:
    """Return a number, numpy's or torch's too, as JSON can hold it; None where it is not finite."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
