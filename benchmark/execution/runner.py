"""Run a request: plan, skip what is done, dispatch, report."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from benchmark.errors import InputError
from benchmark.execution.conclude import conclude, prepare
from benchmark.execution.dispatch import Dispatch
from benchmark.execution.facts import now, run_facts
from benchmark.execution.interrupts import Interrupts
from benchmark.execution.local.pool import LocalWorker, Pool
from benchmark.execution.observers.log import Logged
from benchmark.plan.job import Job
from benchmark.plan.request_checks import check_request
from benchmark.plan.suite_plan import Plan, make_plan
from benchmark.request import Request
from benchmark.results import Record, Store
from benchmark.results.lock import run_lock
from benchmark.results.record import machine_id

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
        Something asked for does not exist or is not allowed, or another process writes the run;
        nothing was measured.
    RunError
        The run could not finish; what was measured before is kept.
    KeyboardInterrupt
        The user wanted it to end before the first job, or did not want to wait for the report either.
    """
    if sys.platform == "win32":
        raise InputError("Runs need a POSIX system: Linux, macOS, or Windows with WSL; this is Windows.")
    # Before anything slow starts: a mistyped name is answered at once.
    check_request(request)
    _check_writable(Path(request.results_dir), Path(request.reports_dir))
    told = Logged(progress or Silent())
    with Interrupts() as interrupts, open_pool(request, told.note) as pool:
        # The pool is starting, too; what the report needs is there before the first job is timed.
        preparing = prepare()
        plan = make_plan(request, _Later(lambda: pool.devices), request.threads or pool.threads)
        store = Store(request.results_dir, plan.run, warn=told.note)
        _check_kind(store)
        with run_lock(store.path), told.logged(store.path):
            store.tidy()
            # A file that this version does not read ends the run before anything is measured.
            store.places()
            for note in plan.notes:
                told.note(note)
            dispatch = Dispatch(pool, store, told, interrupts)
            preparing.join()
            _measure(request, plan, dispatch)
            table, report = conclude(store, request.reports_dir)
    failed = tuple(r for r in dispatch.records if r.status not in ("ok", "unavailable"))
    return RunResult(plan.run, table, report, failed, dispatch.interrupted)


def open_pool(request: Request, note: Callable[[str], None]) -> Pool:
    """Return where the jobs of `request` run; `note` is told what the user should know."""
    if request.cluster is not None:
        from benchmark.execution.cluster import open_cluster

        return open_cluster(request.cluster, note)
    worker = LocalWorker()
    worker.note = note
    return worker


class _Later(Sequence[str]):
    """Devices that are asked for when the plan needs them, while the process that knows them starts."""

    def __init__(self, find: Callable[[], tuple[str, ...]]) -> None:
        self._find = find

    def __getitem__(self, index: Any) -> Any:
        return self._find()[index]

    def __len__(self) -> int:
        return len(self._find())


def _measure(request: Request, plan: Plan, dispatch: Dispatch) -> None:
    """Run the jobs that are not done, and say so in ``run.json`` before and after."""
    store, environment = dispatch.store, dispatch.pool.environment
    to_do = _to_do(request, plan, dispatch)
    dispatch.progress.planned(plan, len(to_do))
    earlier = store.facts() if len(to_do) < len(plan.jobs) else {}
    # A run that was killed behind its last job has yet to say that it ended.
    if not to_do and earlier.get("finished_at"):
        return
    started = time.monotonic()
    facts = run_facts(request, plan, environment, earlier)
    if earlier and not earlier.get("finished_at") and request.cluster is None:
        # A run that was killed could not tell how long it took, but its jobs did, one after the other.
        spent = sum(record.spent_seconds for record in store.records())
        facts["wall_seconds"] = max(facts["wall_seconds"], round(spent, 2))
    # What `run_facts` takes over of the time spent before, it takes over of the same data only.
    before = earlier.get("overhead_seconds") or 0.0 if facts["wall_seconds"] else 0.0
    store.save_facts(facts)
    dispatch.run(to_do, request.timeout)
    facts["wall_seconds"] = round(facts["wall_seconds"] + time.monotonic() - started, 2)
    facts["overhead_seconds"] = round(before + dispatch.overhead_seconds, 2)
    machines = {record.machine: record.environment for record in store.records() if record.status == "ok"}
    if len(machines) > 1:
        facts["environments"] = machines
    store.save_facts({**facts, "finished_at": now()})


def _to_do(request: Request, plan: Plan, dispatch: Dispatch) -> list[Job]:
    """Return the jobs that did not end well before, and those that did where times differ from here."""
    if request.fresh:
        return list(plan.jobs)
    found = {job.key: dispatch.store.get(job.key) for job in plan.jobs}
    done = {key: record for key, record in found.items() if record is not None and record.status == "ok"}
    if request.cluster is not None:
        # Which of its machines runs a job is for the cluster to say: what one of them did is done.
        return [job for job in plan.jobs if job.key not in done]
    machine = machine_id(dispatch.pool.environment)
    here = {key for key, record in done.items() if record.machine == machine}
    if len(done) > len(here):
        dispatch.progress.note(
            f"{len(done) - len(here)} jobs of {plan.run} were measured on another machine or with other "
            "libraries, where times differ: they are measured again."
        )
    return [job for job in plan.jobs if job.key not in here]


def _check_kind(store: Store) -> None:
    """Raise `InputError` for a merged run or sweeps of `scale`, which measurements of a suite would spoil."""
    sources = store.facts().get("merged_from")
    if sources:
        raise InputError(
            f"The run {store.run!r} was merged from {', '.join(map(str, sources))}: measure into one of "
            "these, or into a new one, and merge again."
        )
    if store.facts().get("kind") == "scaling":
        raise InputError(
            f"The run {store.run!r} holds sweeps of scale: give this one another name with --name."
        )


def _check_writable(*directories: Path) -> None:
    for directory in directories:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            # A file without a name: nothing is left where this process is killed here.
            with tempfile.TemporaryFile(dir=directory):
                pass
        except OSError as error:
            raise InputError(f"The directory {directory} cannot be written to: {error.strerror}.") from None
