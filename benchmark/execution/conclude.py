"""What a run ends with: its tables and its report."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from benchmark.results import RunError, Store
from benchmark.results.atomic import remove_temporary

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.reporting import ContentOf

_NEEDED = (
    "pandas", "pyarrow.parquet", "matplotlib.figure", "matplotlib.backends.backend_agg",
    "benchmark.analysis.tables", "benchmark.reporting", "benchmark.reporting.page.explorer",
    "benchmark.reporting.page.board", "benchmark.reporting.page.trade_off", "bokeh.embed",
)  # fmt: skip


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

    `content_of` returns what the report says, where the run is of no kind that has its report anyway.

    Raises
    ------
    RunError
        The disk does not take them; the records are kept.
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
