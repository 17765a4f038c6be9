"""The sweeps: point by point and curve by curve, until they are done or would cost too much."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from benchmark.analysis.exponents import predict
from benchmark.analysis.scaling import SWEEPS
from benchmark.datasets.synthetic import N_TEST, Files, Synthetic
from benchmark.execution.dispatch import Dispatch
from benchmark.execution.facts import now
from benchmark.execution.scaling.facts import scaling_facts, stop_at
from benchmark.execution.scaling.jobs import Curve, Jobs
from benchmark.plan.job import Job
from benchmark.results import Record
from benchmark.results.record import machine_id


class Done(NamedTuple):
    """A point of a curve that is measured, and the seconds its job took beside what the record tells."""

    size: int
    record: Record
    beside: float


class Sweeps:
    """Measures what is missing of all sweeps, and knows which curves have ended.

    Parameters
    ----------
    jobs : Jobs
    dispatch : Dispatch
        Runs the jobs, keeps their records and knows whether the user interrupted.
    """

    def __init__(self, jobs: Jobs, dispatch: Dispatch) -> None:
        self.jobs, self.dispatch, self.store = jobs, dispatch, dispatch.store
        self.request, self.curves = jobs.request, jobs.curves()
        self._machine = machine_id(dispatch.pool.environment)
        self._new: set[str] = set()
        self._beside: dict[str, float] = {}
        self._done: dict[tuple[str, Curve], list[Done]] = {}
        self._stopped: dict[tuple[str, Curve], dict[str, Any]] = {}

    def run(self) -> None:
        """Measure until all is done or the user interrupts; say so in ``run.json`` before and after.

        Raises
        ------
        InputError
            The disk has no room for the data; nothing was measured.
        """
        facts, begun = (
            scaling_facts(self.jobs, self.dispatch.pool.environment, self.store.facts()),
            time.monotonic(),
        )
        with Files() as files:
            files.check_room(max((table.n_bytes for table in self._missing()), default=0))
            self.store.save_facts(facts)
            self.dispatch.progress.event(f"scaling {self.store.run} begins")
            try:
                for sweep, size in self._steps():
                    for curve in self.curves:
                        self._step(sweep, size, curve, files)
            except KeyboardInterrupt:
                self.dispatch.interrupted = True
        facts["stopped"] += self._stopped.values()
        facts["wall_seconds"] = round(facts["wall_seconds"] + time.monotonic() - begun, 2)
        self.store.save_facts({**facts, "finished_at": now()})

    def _steps(self) -> Iterator[tuple[str, int]]:
        return ((sweep, size) for sweep in SWEEPS for size in self.request.sizes(sweep))

    def _missing(self) -> Iterator[Synthetic]:
        """Yield the data of the points that are not measured yet."""
        for point in {self.request.centre.at(sweep, size) for sweep, size in self._steps()}:
            if any(self._held(self.jobs.job(curve, point)) is None for curve in self.curves):
                yield Synthetic(point.samples, point.features)

    def _step(self, sweep: str, size: int, curve: Curve, files: Files) -> None:
        """Measure a point of a curve, unless it is there, the curve has ended, or it would take too long."""
        place, point = (sweep, curve), self.request.centre.at(sweep, size)
        if place in self._stopped or self.dispatch.interrupted:
            return
        job, done = self.jobs.job(curve, point), self._done.setdefault(place, [])
        record, reason = self._held(job), self._reason(done, size)
        if record is None and reason is not None:
            self._stopped[place] = stop_at(sweep, size, job, reason)
            self.dispatch.progress.event(
                f"{curve.reducer}: the sweep of {sweep} ends before {size}: {reason}"
            )
            return
        record = record or self._measure(job, files)
        if record is not None:
            done.append(Done(size, record, self._beside.get(job.key, _unseen_seconds(record))))

    def _held(self, job: Job) -> Record | None:
        """Return the record of a job that need not be measured, or not again."""
        record = self.store.get(job.key)
        if record is None or job.key in self._new:
            return record
        here = record.status == "ok" and record.machine == self._machine
        return record if here and not self.request.fresh else None

    def _measure(self, job: Job, files: Files) -> Record | None:
        """Measure a job and keep its record alone: of made-up data, codes and pictures tell nothing."""
        if job.unavailable is None:
            job = replace(job, source=str(files.path(Synthetic(job.n_train, job.n_features))))
        before = self.dispatch.overhead_seconds
        self.dispatch.run([job], self.request.timeout)
        self._new.add(job.key)
        self._beside[job.key] = self.dispatch.overhead_seconds - before
        for kind in ("embeddings", "views"):
            (self.store.path / kind / f"{job.key}.npz").unlink(missing_ok=True)
        return self.store.get(job.key)

    def _reason(self, done: list[Done], size: int) -> str | None:
        """Return why a curve ends before a size, if it does."""
        if not done:
            return None
        last = done[-1]
        if last.record.status != "ok":
            return f"the size before, {last.size:,}, ended as {last.record.status}"
        seconds, budget = predicted_seconds(done, size), self.request.budget
        return None if seconds <= budget else f"predicted to take {seconds:,.0f} s, more than {budget:g} s"


def _unseen_seconds(record: Record) -> float:
    """Return about what an earlier job took beside its record: it transformed the training set too."""
    return (record.transform_seconds or 0.0) * (record.n_train or 0) / N_TEST


def predicted_seconds(done: Sequence[Done], size: int) -> float:
    """Return what a point will take in all: warm-up and scores as before, all else by its power law."""
    sizes, last = [point.size for point in done], done[-1].record
    timed = [(point.record.fit_seconds or 0.0) + (point.record.transform_seconds or 0.0) for point in done]
    growing = (predict(sizes, costs, size) or 0.0 for costs in (timed, [point.beside for point in done]))
    return (last.warmup_seconds or 0.0) + (last.score_seconds or 0.0) + sum(growing)
