"""``report``: tables and report from stored results, or the leaderboard for a paper."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import Debug, Json, Plugins, ReportsDir, ResultsDir
from benchmark.errors import InputError

RunName = Annotated[str, typer.Argument(metavar="RUN", help="Name of a run in the results directory.")]
Format = Annotated[str | None, typer.Option(metavar="latex|csv|markdown", help="Print a board for a paper.")]
Columns = Annotated[str | None, typer.Option(metavar="A,B,C", help="Times, scores and rank of that board.")]
Output = Annotated[Path | None, typer.Option(metavar="FILE", help="Write that board to a file.")]


def report(
    run_name: RunName,
    format: Format = None,
    columns: Columns = None,
    output: Output = None,
    results_dir: ResultsDir = "results",
    reports_dir: ReportsDir = "reports",
    plugin: Plugins = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Rebuild tables and report of a run from its stored results alone."""
    from benchmark.cli.printing import print_report
    from benchmark.execution.conclude import conclude
    from benchmark.reporting.paper import board_text
    from benchmark.results import open_store
    from benchmark.scoring import find_metrics
    from benchmark.studies.claims_report import study_content
    from benchmark.studies.declaration import KIND

    if (columns or output) and format is None:
        raise InputError("--columns and --output are of a board: name its --format, latex, csv or markdown.")
    find_metrics(tuple(plugin or ()))  # whose titles and ranges the report then has
    store = open_store(results_dir, run_name)
    if format is not None:
        text = board_text(store, format, columns.replace(" ", "").split(",") if columns else ())
        try:
            output.write_text(text, encoding="utf-8") if output else sys.stdout.write(text)
        except OSError as error:
            raise InputError(f"The file {output} cannot be written: {error.strerror}.") from None
        return
    _, path = conclude(store, reports_dir, study_content if store.facts().get("kind") == KIND else None)
    print_report(run_name, path, as_json=as_json)
