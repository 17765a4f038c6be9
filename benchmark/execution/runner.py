"""Run a request: plan, skip what is done, dispatch, store, report."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from benchmark.errors import InputError
from benchmark.execution.environment import comparable
from benchmark.execution.facts import now, run_facts
from benchmark.execution.measure import available_threads
from benchmark.execution.plan import Plan, Request, check_request, make_plan
from benchmark.execution.workers import LocalWorker
from benchmark.results import Record, Store
from benchmark.suite import Job

if TYPE_CHECKING:
    import pandas as pd


class Progress(Protocol):
    """What a run tells while it runs."""

    def note(self, text: str) -> None:
        """Something the user should know."""

    def planned(self, plan: Plan, to_do: int) -> None:
        """The plan stands; `to_do` of its jobs are not done yet."""

    def started(self, job: Job) -> None:
        """A job begins."""

    def finished(self, record: Record) -> None:
        """A job ended, well or not."""


class Silent:
    """A progress that says nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def planned(self, plan: Plan, to_do: int) -> None:
        """Say nothing."""

    def started(self, job: Job) -> None:
        """Say nothing."""

    def finished(self, record: Record) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class RunResult:
    """What a run left: its table, its report, and the jobs of this call that did not end well."""

    run: str
    table: pd.DataFrame
    report: Path
    failed: tuple[Record, ...]
    interrupted: bool


def run_suite(request: Request, progress: Progress | None = None) -> RunResult:
    """Measure what is missing of `request`, then write tables and report.

    Raises
    ------
    InputError
        Something asked for does not exist or is not allowed; nothing was measured.
    """
    progress = progress or Silent()
    if sys.platform == "win32":
        raise InputError("Runs need a POSIX system: Linux, macOS, or Windows with WSL; this is Windows.")
    # Before anything slow starts: a mistyped name is answered at once.
    check_request(request)
    _check_writable(Path(request.results_dir), Path(request.reports_dir))
    with LocalWorker() as worker:
        plan = make_plan(request, worker.devices, request.threads or available_threads())
        for note in plan.notes:
            progress.note(note)
        store = Store(request.results_dir, plan.run)
        done = {} if request.fresh else _done(store, plan)
        here = {key for key, record in done.items() if comparable(record.environment, worker.environment)}
        to_do = [job for job in plan.jobs if job.key not in here]
        if len(done) > len(here):
            progress.note(
                f"{len(done) - len(here)} jobs of {plan.run} were measured on another machine or with other "
                "libraries, where times differ: they are measured again."
            )
        progress.planned(plan, len(to_do))
        started = time.monotonic()
        facts = run_facts(request, plan, worker.environment, store.facts() if here else {})
        if to_do:
            store.save_facts(facts)
        records, interrupted = _run_jobs(to_do, worker, store, progress)
        facts["wall_seconds"] = round(facts["wall_seconds"] + time.monotonic() - started, 2)
        if to_do:
            store.save_facts({**facts, "finished_at": now()})
    return _conclude(request, plan, store, records, interrupted)


def _run_jobs(
    jobs: Sequence[Job], worker: LocalWorker, store: Store, progress: Progress
) -> tuple[list[Record], bool]:
    from benchmark.execution.job import make_record

    records: list[Record] = []
    for job in jobs:
        progress.started(job)
        interrupted = False
        try:
            if job.unavailable is not None:
                record = make_record(job, "unavailable", worker.environment, error=job.unavailable)
            else:
                record = worker.run(job, store)
        except KeyboardInterrupt:
            worker.kill()
            interrupted = True
            record = make_record(job, "interrupted", worker.environment, error="stopped by the user")
        store.save(record)
        records.append(record)
        progress.finished(record)
        if interrupted:
            return records, True
    return records, False


def _conclude(
    request: Request, plan: Plan, store: Store, records: Sequence[Record], interrupted: bool
) -> RunResult:
    from benchmark.analysis.tables import save_tables
    from benchmark.reporting import write_report

    table = save_tables(store)
    report = write_report(store, request.reports_dir)
    failed = tuple(r for r in records if r.status not in ("ok", "unavailable"))
    return RunResult(plan.run, table, report, failed, interrupted)


def _done(store: Store, plan: Plan) -> dict[str, Record]:
    """Return the records of the jobs that ended well before, by key."""
    found = {job.key: store.get(job.key) for job in plan.jobs}
    return {key: record for key, record in found.items() if record is not None and record.status == "ok"}


def _check_writable(*directories: Path) -> None:
    for directory in directories:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            probe = directory / f".write-probe-{time.monotonic_ns()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise InputError(f"The directory {directory} cannot be written to: {error.strerror}.") from None
