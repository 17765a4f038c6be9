"""``report``: tables and report from stored results."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmark.cli.options import Debug, Json, Plugins, ReportsDir, ResultsDir

RunName = Annotated[str, typer.Argument(metavar="RUN", help="Name of a run in the results directory.")]


def report(
    run_name: RunName,
    results_dir: ResultsDir = "results",
    reports_dir: ReportsDir = "reports",
    plugin: Plugins = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Rebuild tables and report of a run from its stored results alone."""
    from benchmark.cli.printing import print_report
    from benchmark.execution.conclude import conclude
    from benchmark.results import open_store
    from benchmark.scoring import find_metrics
    from benchmark.studies.claims_report import study_content
    from benchmark.studies.declaration import KIND

    find_metrics(tuple(plugin or ()))  # whose titles and ranges the report then has
    store = open_store(results_dir, run_name)
    _, path = conclude(store, reports_dir, study_content if store.facts().get("kind") == KIND else None)
    print_report(run_name, path, as_json=as_json)
