"""Jobs to a pool, records to the store: each as it comes, so that an interrupt loses none."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from benchmark.execution.interrupts import Interrupts
from benchmark.execution.local.pool import Pool
from benchmark.execution.observers.log import Logged
from benchmark.plan.job import Job
from benchmark.results import Record, Store


class Dispatch:
    """Runs the jobs of one call and keeps what comes of them.

    Attributes
    ----------
    records : list of Record
        One a job that ended, well or not, in the order they came.
    overhead_seconds : float
        Of the jobs that ended well, what they took beyond their measured parts: processes, data,
        files.
    interrupted : bool
    """

    def __init__(self, pool: Pool, store: Store, progress: Logged, interrupts: Interrupts) -> None:
        self.pool, self.store, self.progress = pool, store, progress
        self.records: list[Record] = []
        self.overhead_seconds = 0.0
        self.interrupted = False
        self._interrupts = interrupts
        self._begun: dict[str, float] = {}

    def run(self, jobs: Sequence[Job], timeout: float | None) -> None:
        """Run jobs until they are done or the user interrupts; those at hand then are recorded as such."""
        try:
            self._run(jobs, timeout)
        except KeyboardInterrupt:
            self.interrupted = True
            with self._interrupts.held():
                self._record_interrupted()

    def _run(self, jobs: Sequence[Job], timeout: float | None) -> None:
        from benchmark.measure.measurement import make_record

        for job in jobs:
            if job.unavailable is not None:
                self._started(job)
                self._keep(make_record(job, "unavailable", self.pool.environment, error=job.unavailable))
        possible = [job for job in jobs if job.unavailable is None]
        if possible:
            for record in self.pool.run_all(possible, self.store, self._started, timeout):
                self._keep(record)

    def _record_interrupted(self) -> None:
        from benchmark.measure.measurement import make_record

        kept = {record.key for record in self.records}
        at_hand = [job for job in self.pool.running() if job.key not in kept]
        self.pool.kill()
        self.progress.event("interrupted by the user", logging.WARNING)
        for job in at_hand:
            self._keep(make_record(job, "interrupted", self.pool.environment, error="stopped by the user"))

    def _started(self, job: Job) -> None:
        self._begun[job.key] = time.monotonic()
        self.progress.started(job)

    def _keep(self, record: Record) -> None:
        # A record that was measured is stored, whatever the user types meanwhile.
        with self._interrupts.held():
            self.store.save(record)
            self.records.append(record)
            if record.status == "ok" and record.key in self._begun:
                took = time.monotonic() - self._begun[record.key]
                self.overhead_seconds += took - record.spent_seconds
        self.progress.finished(record)
