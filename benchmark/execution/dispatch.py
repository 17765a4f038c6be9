"""Jobs to a pool, records to the store: each as it comes, so that an interrupt loses none."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any, Protocol, Self

from benchmark.execution.observers.log import Logged
from benchmark.measure.outcome import Outcome, make_record
from benchmark.plan import Plan
from benchmark.plan.job import Job
from benchmark.plan.job_maker import Machine
from benchmark.results import Record, Store

# So many disturbed jobs are measured again, however many there are in all.
_FEW = 3
_SIGNALS = [signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
# What someone else handles, or was started to ignore (nohup), stays as it is.
_UNHANDLED = (signal.SIG_DFL, signal.default_int_handler)


class Pool(Machine, AbstractContextManager["Pool"], Protocol):
    """Where the jobs of a run are measured: processes of this machine, or the workers of a cluster."""

    @property
    def environment(self) -> dict[str, Any]:
        """Facts of the machine, as ``run.json`` carries them."""

    def native_precision(self, device: str, threads: int) -> str:
        """Return the arithmetic that ``precision="auto"`` means on a device: "fp32" or "bf16"."""

    def run_all(
        self, jobs: Sequence[Job], store: Store, started: Callable[[Job], None], timeout: float | None
    ) -> Iterator[Record]:
        """Run jobs, each for `timeout` seconds at most; yield their records as they end.

        A job's arrays are in the store before its record is yielded; to store that is for the caller.
        """

    def kill(self) -> None:
        """End the jobs at hand, and everything they started, at once."""


class Interrupts(ExitStack):
    """Raises `KeyboardInterrupt` for Ctrl-C and what a batch system ends a run with, unless held back.

    In a thread that is not the main one it does nothing: signals are not for it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._depth, self._pending = 0, False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                before = signal.getsignal(number)
                if before in _UNHANDLED:
                    signal.signal(number, self._arrive)
                    self.callback(signal.signal, number, before)
        return self

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let the body finish; a signal that arrives meanwhile is raised at its end."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if self._pending and not self._depth:
            self._pending = False
            raise KeyboardInterrupt

    def _arrive(self, number: int, frame: FrameType | None) -> None:
        if self._depth:
            self._pending = True
        else:
            raise KeyboardInterrupt


class Dispatch:
    """Runs the jobs of one call and keeps what comes of them."""

    def __init__(
        self, pool: Pool, store: Store, plan: Plan, observer: Logged, interrupts: Interrupts
    ) -> None:
        self.pool, self.store, self.plan, self.observer = pool, store, plan, observer
        self._interrupts = interrupts
        # The jobs that ended, well or not, in the order they came.
        self.by_key: dict[str, Record] = {}
        self.interrupted = False
        # What need not be measured again, and the jobs that had their second try.
        self.done: Mapping[str, Record] = {}
        self.repeated: set[str] = set()
        self._begun: dict[str, tuple[Job, float]] = {}

    def known(self) -> dict[str, Record]:
        """Return what need not be measured again, and what this call measured."""
        return {**self.done, **self.by_key}

    def overhead_seconds(self) -> float:
        """Return what the jobs that ended well took beyond their measured parts: processes, data, files."""
        ok = (record for record in self.by_key.values() if record.status == "ok")
        return sum(r.job_seconds - r.spent_seconds for r in ok if r.job_seconds is not None)

    def run(self, jobs: Sequence[Job], timeout: float | None) -> None:
        """Run jobs until they are done or the user interrupts; those at hand then are recorded as such."""
        try:
            for record in self._records_of(jobs, timeout):
                self._keep(record)
        except KeyboardInterrupt:
            self.interrupted = True
            with self._interrupts.held():
                at_hand = [job for key, (job, _) in self._begun.items() if key not in self.by_key]
                self.pool.kill()
                self.observer.event("interrupted by the user", "WARNING")
                for job in at_hand:
                    self._keep(self._without_measurement(job, "interrupted", "stopped by the user"))

    def disturbed(self) -> list[Job]:
        """Return the jobs whose times other programs disturbed, each only once: they deserve another try."""
        known = self.known()
        # The times of a trial decide nothing.
        records = {key: record for key, record in known.items() if record.part == "test"}
        disturbed = {key for key, r in records.items() if r.status == "ok" and r.timing == "disturbed"}
        disturbed -= self.repeated
        if len(disturbed) > _FEW and 2 * len(disturbed) > len(records):
            self.repeated |= disturbed
            self.observer.note(
                f"{len(disturbed)} of {len(records)} jobs were disturbed by other programs: this machine is "
                "busy, so none is measured again; times are better taken when it is idle."
            )
            return []
        others = {key: record for key, record in known.items() if key not in disturbed}
        jobs = [job for job in self.plan.next(others) if job.key in disturbed]
        self.repeated.update(job.key for job in jobs)
        if jobs:
            what = "1 job was" if len(jobs) == 1 else f"{len(jobs)} jobs were"
            self.observer.note(f"{what} disturbed by other programs on the machine: measured once more.")
        return jobs

    def _records_of(self, jobs: Sequence[Job], timeout: float | None) -> Iterator[Record]:
        for job in jobs:
            if job.unavailable is not None:
                self._started(job)
                yield self._without_measurement(job, "unavailable", job.unavailable)
        possible = [self.plan.prepare(job) for job in jobs if job.unavailable is None]
        if possible:
            yield from self.pool.run_all(possible, self.store, self._started, timeout)

    def _without_measurement(self, job: Job, status: str, reason: str) -> Record:
        return make_record(job, Outcome(status=status, error=reason), self.pool.environment)

    def _started(self, job: Job) -> None:
        self._begun[job.key] = job, time.monotonic()
        self.observer.started(job)

    def _keep(self, record: Record) -> None:
        # A record that was measured is stored, whatever the user types meanwhile.
        with self._interrupts.held():
            if record.key in self._begun:
                record = replace(record, job_seconds=time.monotonic() - self._begun[record.key][1])
            record = _less_disturbed(self.by_key.get(record.key) or self.done.get(record.key), record)
            self.store.save(record)
            if not self.plan.keeps_arrays:
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
