"""What a run leaves beside its records: ``run.json``, its tables and its report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from benchmark.measure.outcome import utc_now
from benchmark.plan import Plan
from benchmark.request import BaseRequest
from benchmark.results import Record, RunError, Store
from benchmark.results.atomic import remove_temporary
from benchmark.results.record import machine_id

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.reporting import ContentOf

_NEEDED = (
    "pandas", "pyarrow.parquet", "matplotlib.figure", "matplotlib.backends.backend_agg",
    "benchmark.analysis.tables", "benchmark.reporting", "benchmark.reporting.page.explorer",
    "benchmark.reporting.page.board", "benchmark.reporting.page.trade_off", "bokeh.embed",
)  # fmt: skip


def run_facts(
    request: BaseRequest, plan: Plan, environment: Mapping[str, Any], earlier: Mapping[str, Any],
    records: Mapping[str, Record], seconds: float = 0.0, overhead_seconds: float = 0.0,
) -> dict[str, Any]:  # fmt: skip
    """Return ``run.json`` while jobs run: what was asked, of which data, on which machine, how long it took.

    `earlier` is what the call before left, empty for a new run; `records` are those of jobs that need not be
    measured again; seconds are those of this call, which join those of the calls before.
    """
    command = request.command()
    before = earlier.get("commands") or [earlier.get("command")]
    return {
        "run": plan.run,
        **plan.facts(earlier, records),
        "threads": plan.threads,
        "arithmetic": dict(plan.arithmetic),
        "started_at": earlier.get("started_at") or utc_now(),
        "finished_at": None,
        "wall_seconds": round(float(earlier.get("wall_seconds") or 0.0) + seconds, 2),
        "overhead_seconds": round(float(earlier.get("overhead_seconds") or 0.0) + overhead_seconds, 2),
        "command": command,
        "commands": list(dict.fromkeys([*filter(None, before), command])),
        "environment": dict(environment),
    }


def origins(records: Iterable[Record]) -> dict[str, Any]:
    """Return machines and commits that rows come from, where these are several."""
    environments = [record.environment for record in records if record.status == "ok"]
    machines = {machine_id(environment): environment for environment in environments}
    commits = dict.fromkeys(str(environment.get("git_commit") or "unknown") for environment in environments)
    found = {"environments": machines, "commits": list(commits)}
    return {name: several for name, several in found.items() if len(several) > 1}


def import_in_background() -> Thread:
    """Return a thread that imports what `conclude` needs, while this one waits for something else."""
    # No daemon: one that imports compiled code while the interpreter ends can take it down.
    thread = Thread(target=lambda: [import_module(name) for name in _NEEDED])
    thread.start()
    return thread


def conclude(
    store: Store, reports_dir: str | Path, content_of: ContentOf | None = None
) -> tuple[pd.DataFrame, Path]:
    """Write tables and report of a run from what is stored; return the table and where the report is.

    `content_of` returns what the report says, where the run is of no kind that has its report anyway. A disk
    that does not take them is a `RunError`; the records are kept.
    """
    from benchmark.analysis.tables import save_tables
    from benchmark.reporting import write_report

    table = save_tables(store)
    try:
        # Of a process that was killed while it wrote them.
        remove_temporary(Path(reports_dir) / store.run)
        return table, write_report(store, reports_dir, content_of)
    except OSError as error:
        raise RunError(
            f"The report cannot be written to {reports_dir} ({error.strerror or error}); the results are "
            f"kept, and 'python -m benchmark report {store.run}' makes a report of them."
        ) from error
