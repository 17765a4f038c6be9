"""Jobs to a pool, records to the store: each as it comes, so that an interrupt loses none."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from benchmark.execution.interrupts import Interrupts
from benchmark.execution.observers.log import Logged
from benchmark.execution.pool import Pool
from benchmark.measure.outcome import Outcome, make_record
from benchmark.plan import Plan
from benchmark.plan.job import Job
from benchmark.results import Record, Store

# So many disturbed jobs are measured again, however many there are in all.
_FEW = 3


class Dispatch:
    """Runs the jobs of one call and keeps what comes of them.

    Attributes
    ----------
    by_key : dict of Record
        One a job that ended, well or not, in the order they came.
    interrupted : bool
    """

    def __init__(
        self, pool: Pool, store: Store, plan: Plan, observer: Logged, interrupts: Interrupts
    ) -> None:
        self.pool, self.store, self.observer = pool, store, observer
        self.by_key: dict[str, Record] = {}
        self.interrupted = False
        self._plan, self._interrupts = plan, interrupts
        self._begun: dict[str, float] = {}
        self._jobs: dict[str, Job] = {}
        self._done: Mapping[str, Record] = {}
        self._repeated: set[str] = set()

    @property
    def records(self) -> list[Record]:
        """The records, in the order they came."""
        return list(self.by_key.values())

    @property
    def overhead_seconds(self) -> float:
        """Of the jobs that ended well, what they took beyond their measured parts: processes, data, files."""
        ok = (record for record in self.records if record.status == "ok")
        return sum(r.job_seconds - r.spent_seconds for r in ok if r.job_seconds is not None)

    def go_on(self, done: Mapping[str, Record], *, ended: bool) -> None:
        """Take up what earlier calls measured; the last one may not have come to its disturbed jobs."""
        self._done = done
        self._repeated = set(done) if ended else set()

    def run(self, jobs: Sequence[Job], timeout: float | None) -> None:
        """Run jobs until they are done or the user interrupts; those at hand then are recorded as such."""
        try:
            for record in self._records_of(jobs, timeout):
                self._keep(record)
        except KeyboardInterrupt:
            self.interrupted = True
            with self._interrupts.held():
                self._record_interrupted()

    def disturbed(self) -> list[Job]:
        """Return the jobs whose times other programs disturbed, each only once: they deserve another try."""
        known = {**self._done, **self.by_key}
        # The times of a trial decide nothing.
        records = {key: record for key, record in known.items() if record.part == "test"}
        disturbed = {key for key, r in records.items() if r.status == "ok" and r.timing == "disturbed"}
        disturbed -= self._repeated
        if len(disturbed) > _FEW and 2 * len(disturbed) > len(records):
            self._repeated |= disturbed
            self.observer.note(
                f"{len(disturbed)} of {len(records)} jobs were disturbed by other programs: this machine is "
                "busy, so none is measured again; times are better taken when it is idle."
            )
            return []
        others = {key: record for key, record in known.items() if key not in disturbed}
        jobs = [job for job in self._plan.next(others) if job.key in disturbed]
        self._repeated.update(job.key for job in jobs)
        if jobs:
            what = "1 job was" if len(jobs) == 1 else f"{len(jobs)} jobs were"
            self.observer.note(f"{what} disturbed by other programs on the machine: measured once more.")
        return jobs

    def _records_of(self, jobs: Sequence[Job], timeout: float | None) -> Iterator[Record]:
        for job in jobs:
            if job.unavailable is not None:
                self._started(job)
                yield self._without_measurement(job, "unavailable", job.unavailable)
        possible = [self._plan.prepare(job) for job in jobs if job.unavailable is None]
        if possible:
            yield from self.pool.run_all(possible, self.store, self._started, timeout)

    def _record_interrupted(self) -> None:
        at_hand = [job for key, job in self._jobs.items() if key not in self.by_key]
        self.pool.kill()
        self.observer.event("interrupted by the user", "WARNING")
        for job in at_hand:
            self._keep(self._without_measurement(job, "interrupted", "stopped by the user"))

    def _without_measurement(self, job: Job, status: str, reason: str) -> Record:
        return make_record(job, Outcome(status=status, error=reason), self.pool.environment)

    def _started(self, job: Job) -> None:
        self._begun[job.key], self._jobs[job.key] = time.monotonic(), job
        self.observer.started(job)

    def _keep(self, record: Record) -> None:
        # A record that was measured is stored, whatever the user types meanwhile.
        with self._interrupts.held():
            if record.key in self._begun:
                record = replace(record, job_seconds=time.monotonic() - self._begun[record.key])
            record = _less_disturbed(self.by_key.get(record.key) or self._done.get(record.key), record)
            self.store.save(record)
            if not self._plan.keeps_arrays:
                self.store.forget_arrays(record.key)
            self.by_key[record.key] = record
        self.observer.finished(record)


def _less_disturbed(held: Record | None, again: Record) -> Record:
    """Return the better of a job's measurements: the one that ended well, and the first of equals."""
    if held is None:
        return again
    if again.status != "ok" or (again.foreign_cpu or 0.0) >= (held.foreign_cpu or 0.0):
        return held
    # What was compiled for the first one was there for the second.
    warmups = (seconds for seconds in (held.warmup_seconds, again.warmup_seconds) if seconds is not None)
    return replace(again, warmup_seconds=max(warmups, default=None))
