"""``merge``: several runs as one."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from benchmark.cli.options import Debug, ReportsDir, ResultsDir

Runs = Annotated[list[str], typer.Argument(metavar="RUN_A RUN_B ...", help="Runs to join.")]
Name = Annotated[str, typer.Option("--name", metavar="RUN", help="Name of the new run.")]


def merge(
    runs: Runs,
    name: Name,
    results_dir: ResultsDir = "results",
    reports_dir: ReportsDir = "reports",
    debug: Debug = False,
) -> None:
    """Join runs, made on different machines say, into a new one with tables and a report."""
    from benchmark.execution.merging import merge_runs

    path = merge_runs(runs, name, results_dir, reports_dir)
    sys.stdout.write(f"{path}\n")
