"""Run the sweeps of a request, then write their tables and their report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.analysis.scaling import KIND
from benchmark.errors import InputError
from benchmark.execution.dispatch import Dispatch
from benchmark.execution.interrupts import Interrupts
from benchmark.execution.observers.log import Logged
from benchmark.execution.runner import Progress, Silent, open_pool
from benchmark.execution.scaling.jobs import Jobs
from benchmark.execution.scaling.request import ScalingRequest, check_scaling
from benchmark.execution.scaling.sweeps import Sweeps
from benchmark.results import Record, RunError, Store
from benchmark.results.lock import run_lock

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ScalingResult:
    """What a scaling run left: its exponents, its report, and the points of this call that failed."""

    exponents: pd.DataFrame
    report: Path
    failed: tuple[Record, ...]
    interrupted: bool

    def rows(self) -> list[dict[str, object]]:
        """Return the exponents of each curve as text, for a terminal."""
        from benchmark.reporting.exponent_text import exponent_rows

        header, rows = exponent_rows(self.exponents)
        return [dict(zip(header, row, strict=True)) for row in rows]


def run_scaling(request: ScalingRequest, progress: Progress | None = None) -> ScalingResult:
    """Measure what is missing of the sweeps of `request`, then write tables and report.

    Raises
    ------
    InputError
        Something asked for does not exist, is not allowed, or has no room on the disk.
    RunError
        The run could not finish; what was measured before is kept.
    """
    check_scaling(request)
    told = Logged(progress or Silent())
    with Interrupts() as interrupts, open_pool(request.measurement(), told.note) as pool:
        store = Store(request.results_dir, request.name, warn=told.note)
        _check_kind(store)
        jobs = Jobs(request, pool.devices, request.threads or pool.threads)
        with run_lock(store.path), told.logged(store.path):
            store.tidy()
            dispatch = Dispatch(pool, store, told, interrupts)
            Sweeps(jobs, dispatch).run()
            exponents, report = _conclude(store, request.reports_dir)
    failed = tuple(record for record in dispatch.records if record.status not in ("ok", "unavailable"))
    return ScalingResult(exponents, report, failed, dispatch.interrupted)


def _check_kind(store: Store) -> None:
    if store.exists() and store.facts().get("kind") != KIND:
        raise InputError(
            f"The run {store.run!r} holds measurements of another kind: give this one another name with "
            "--name."
        )


def _conclude(store: Store, reports_dir: str) -> tuple[pd.DataFrame, Path]:
    from benchmark.analysis.scaling import save_scaling
    from benchmark.analysis.tables import save_tables
    from benchmark.reporting.scaling_report import write_scaling_report

    save_tables(store)
    _, exponents = save_scaling(store)
    try:
        return exponents, write_scaling_report(store, reports_dir)
    except OSError as error:
        raise RunError(
            f"The report cannot be written to {reports_dir} ({error.strerror or error}); the results "
            "are kept."
        ) from error
