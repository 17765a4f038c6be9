"""Run a request: plan, skip what is done, hand out jobs, keep their records, report."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.analysis.columns import CONTROLS
from benchmark.errors import InputError
from benchmark.execution.conclude import conclude, import_in_background, origins, run_facts
from benchmark.execution.dispatch import Dispatch, Interrupts, Pool
from benchmark.execution.observers import Observer
from benchmark.execution.observers.log import LOG, Logged
from benchmark.measure.outcome import Outcome, make_record, utc_now
from benchmark.plan import Plan
from benchmark.plan.estimate import estimate, read_quietly
from benchmark.plan.job import Job
from benchmark.plan.job_maker import Machine
from benchmark.plan.suite import check_request
from benchmark.plugin_kinds import broken_plugins
from benchmark.request import BaseRequest, Request, ScaleRequest
from benchmark.results import Record, Store
from benchmark.results.lock import run_lock
from benchmark.results.record import machine_id

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.reporting import ContentOf


MakePlan = Callable[[Any, Machine], Plan]


@dataclass(frozen=True)
class RunResult:
    """What a run left: its table, its report, and the jobs of this call that did not end well."""

    run: str
    results_dir: str
    table: pd.DataFrame
    report: Path
    failed: tuple[Record, ...]
    interrupted: bool
    missing_devices: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """What the command ends with: 0 done, 1 a job failed or a device is missing, 130 interrupted."""
        return 130 if self.interrupted else int(bool(self.failed or self.missing_devices))


def run(
    request: BaseRequest, observer: Observer | None = None,
    make_plan: MakePlan | None = None, content_of: ContentOf | None = None,
) -> RunResult:  # fmt: skip
    """Measure what is missing of `request`, then write tables and report.

    A kind of experiment that this house does not know brings its plan, and what its report says.

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
    logged = Logged(observer or Observer())
    with Interrupts() as interrupts, open_pool(request, logged) as pool:
        # The pool is starting, too; what the report needs is there before the first job is timed.
        importing = import_in_background()
        for problem in broken_plugins().values():
            logged.note(problem)
        plan = (make_plan or plan_of)(request, pool)
        store = Store(request.results_dir, plan.run, warn=logged.note)
        _check_same(store, plan, request)
        with run_lock(store.path), logged.into(store.path), closing(plan):
            store.tidy()
            importing.join()
            dispatch = Dispatch(pool, store, plan, logged, interrupts)
            _carry_out(request, dispatch)
            _note_models(request, store, logged)
            table, report = conclude(store, request.reports_dir, content_of)
    failed = tuple(r for r in dispatch.by_key.values() if r.status not in ("ok", "unavailable"))
    missing = tuple(sorted({*request.devices} - {"auto", *pool.devices}))
    return RunResult(plan.run, request.results_dir, table, report, failed, dispatch.interrupted, missing)


def look_ahead(request: BaseRequest) -> tuple[Plan, list[Job]]:
    """Return the plan of a request, with the costs of what `run` would do, and all of its jobs.

    Nothing is measured or written, and no lock is taken; what `run` would refuse is an `InputError`.
    """
    check_request(request)
    with open_pool(request, Observer()) as pool:
        plan = plan_of(request, pool)
        store = Store(request.results_dir, plan.run)
        _check_same(store, plan, request)
        # What it means on another machine matters to nothing: what that measured is not done.
        plan.arithmetic.update(store.facts().get("arithmetic") or {})
        stored = read_quietly((store.path / "jobs").glob("*.json"))
        done = _done(request, {record.key: record for record in stored}, pool)
        to_do = plan.next(done)
        plan.costs = estimate(to_do, request.results_dir, _here(request, pool))
        return plan, list({job.key: job for job in (*plan.next({}), *to_do)}.values())


def open_pool(request: BaseRequest, observer: Observer) -> Pool:
    """Return where the jobs of `request` run; `observer` is told what happens there."""
    if request.pool is not None:
        from benchmark.execution.cluster import open_cluster

        return open_cluster(request.pool, observer.note)
    from benchmark.execution.local import LocalWorker

    return LocalWorker(observer)


def plan_of(request: BaseRequest, machine: Machine) -> Plan:
    """Return the plan of a request; raise `InputError` where something asked for is not allowed."""
    if isinstance(request, ScaleRequest):
        from benchmark.plan.sweep_plan import SweepPlan

        return SweepPlan(request, machine)
    from benchmark.plan.suite_plan import SuitePlan

    assert isinstance(request, Request)
    return SuitePlan(request, machine)


def _carry_out(request: BaseRequest, dispatch: Dispatch) -> None:
    """Say what is to be done, and do it, where that is anything."""
    plan, store, observer = dispatch.plan, dispatch.store, dispatch.observer
    # A file that this version does not read ends the run before anything is measured.
    stored = store.records_by_key()
    for note in plan.notes:
        observer.note(note)
    for key, samples in plan.samples(store.array_keys("samples")).items():
        store.save_arrays("samples", key, samples)
    earlier = store.facts()
    _decide_arithmetic(request, plan, dispatch.pool, earlier)
    dispatch.done = _done(request, stored, dispatch.pool)
    jobs = plan.next(dispatch.done)
    again = sum(job.key in stored and stored[job.key].status == "ok" for job in jobs)
    if again and not request.fresh:
        observer.note(
            f"{again} jobs of {store.run} were measured on another machine or with other libraries, where "
            "times differ: they are measured again."
        )
    if plan.total is not None:
        plan.costs = estimate(jobs, request.results_dir, _here(request, dispatch.pool))
    observer.planned(plan, None if plan.total is None else len(jobs))
    # A run that was killed behind its last job has yet to say that it ended.
    if jobs or not earlier.get("finished_at"):
        plan.check_room(dispatch.done)
        _measure(request, dispatch, jobs, stored, earlier)


def _measure(
    request: BaseRequest, dispatch: Dispatch, jobs: Sequence[Job], stored: Mapping[str, Record],
    earlier: dict[str, Any],
) -> None:  # fmt: skip
    """Run jobs and those that come after them, and say so in ``run.json`` before and after."""
    plan, store, begun = dispatch.plan, dispatch.store, time.monotonic()
    # A call that did not end may not have come to its disturbed jobs.
    dispatch.repeated = set(dispatch.done) if earlier.get("finished_at") else set()
    if request.fresh and plan.difference(earlier):
        for key in stored:
            store.forget(key)
        stored = {}
    # What this call does not measure again stays, and so do the facts of it.
    places = {make_record(job, Outcome("interrupted"), {}).place for job in jobs}
    if all(record.place in places for record in stored.values()):
        earlier = {}
    elif earlier and not earlier.get("finished_at") and request.pool is None:
        # A call that was killed could not tell what its jobs took, one after the other.
        spent = sum(record.spent_seconds for record in stored.values())
        earlier["wall_seconds"] = max(earlier.get("wall_seconds") or 0.0, spent)
    facts = partial(run_facts, request, plan, dispatch.pool.environment, earlier)
    store.save_facts(facts(dispatch.done))
    while not dispatch.interrupted and (jobs := plan.next(dispatch.known()) or dispatch.disturbed()):
        dispatch.run(jobs, request.timeout)
    ended = facts(dispatch.known(), time.monotonic() - begun, dispatch.overhead_seconds())
    finished_at = None if dispatch.interrupted else utc_now()
    store.save_facts(ended | origins(store.records()) | {"finished_at": finished_at})


def _decide_arithmetic(request: BaseRequest, plan: Plan, pool: Pool, earlier: Mapping[str, Any]) -> None:
    """Set what ``precision="auto"`` means for the whole run: what it meant when the run was first planned."""
    # All that was decided is kept, also where no job of this call asks for it.
    if _here(request, pool) in (None, machine_id(earlier.get("environment") or {})):
        plan.arithmetic.update(earlier.get("arithmetic") or {})
    for device in sorted(plan.undecided() - set(plan.arithmetic)):
        plan.arithmetic[device] = pool.native_precision(device, plan.threads)


def _here(request: BaseRequest, pool: Pool) -> str | None:
    """Return the machine that measures; which of its machines does is for a cluster to say."""
    return machine_id(pool.environment) if request.pool is None else None


def _done(request: BaseRequest, stored: Mapping[str, Record], pool: Pool) -> dict[str, Record]:
    """Return the records of jobs that ended well, on this machine where times differ between machines."""
    if request.fresh:
        return {}
    here = _here(request, pool)
    return {key: r for key, r in stored.items() if r.status == "ok" and here in (None, r.machine)}


def _note_models(request: BaseRequest, store: Store, observer: Observer) -> None:
    """Say of which reducers no model is kept, where models are asked for."""
    if not isinstance(request, Request) or not request.keep_models:
        return
    ok = (r for r in store.records() if r.status == "ok" and r.part == "test" and r.reducer not in CONTROLS)
    without = sorted({r.reducer for r in ok if not store.arrays_path("models", r.key).is_file()})
    if without:
        observer.note(
            f"No model is kept of some jobs of {', '.join(without)}: {LOG} says why not, unless they were "
            "measured before, without --keep-models; --fresh measures them again."
        )


def _check_same(store: Store, plan: Plan, request: BaseRequest) -> None:
    """Raise `InputError` for a run of something else, which these measurements would spoil."""
    facts = store.facts()
    sources = facts.get("merged_from")
    if sources:
        raise InputError(
            f"The run {store.run!r} was merged from {', '.join(map(str, sources))}: measure into one of "
            "these, or into a new one, and merge again."
        )
    if store.exists() and facts.get("kind") != plan.kind:
        raise InputError(
            f"The run {store.run!r} holds measurements of another kind: give this one another name with "
            "--name."
        )
    difference = plan.difference(facts) if store.exists() and not request.fresh else ""
    if difference:
        raise InputError(
            f"The run {store.run!r} is of something else: {difference}. Give this one another name with "
            "--name, or begin that one anew with --fresh, which removes what it holds."
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
