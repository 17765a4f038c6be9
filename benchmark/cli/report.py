"""``report``: tables and report from stored results."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from benchmark.cli.options import Debug, ReportsDir, ResultsDir

RunName = Annotated[str, typer.Argument(metavar="RUN", help="Name of a run in the results directory.")]


def report(
    run_name: RunName,
    results_dir: ResultsDir = "results",
    reports_dir: ReportsDir = "reports",
    debug: Debug = False,
) -> None:
    """Rebuild tables and report of a run from its stored results alone."""
    from benchmark.execution.conclude import conclude
    from benchmark.results import open_store

    _, path = conclude(open_store(results_dir, run_name), reports_dir)
    sys.stdout.write(f"{path}\n")
