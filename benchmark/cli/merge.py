"""``merge``: several runs as one."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmark.cli.options import Debug, Json, Plugins, ReportsDir, ResultsDir

Runs = Annotated[list[str], typer.Argument(metavar="RUN_A RUN_B ...", help="Runs to join.")]
Name = Annotated[str, typer.Option("--name", metavar="RUN", help="Name of the new run.")]


def merge(
    runs: Runs,
    name: Name,
    results_dir: ResultsDir = "results",
    reports_dir: ReportsDir = "reports",
    plugin: Plugins = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Join runs, made on different machines say, into a new one with tables and a report."""
    from benchmark.cli.printing import print_report
    from benchmark.execution.merging import merge_runs
    from benchmark.scoring import find_metrics

    find_metrics(tuple(plugin or ()))  # whose titles and ranges the report then has
    print_report(name, merge_runs(runs, name, results_dir, reports_dir), as_json=as_json)
