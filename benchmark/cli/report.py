"""``report`` and ``merge``: tables and report of stored results, a board for a paper, several runs as one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import Debug, Json, Plugins, ReportsDir, ResultsDir, RunName, option
from benchmark.errors import InputError

Format = Annotated[str | None, typer.Option(metavar="latex|csv|markdown", help="Print a board for a paper.")]
Columns = Annotated[str | None, typer.Option(metavar="A,B,C", help="Times, scores and rank of that board.")]
Output = Annotated[Path | None, typer.Option(metavar="FILE", help="Write that board to a file.")]
Runs = Annotated[list[str], typer.Argument(metavar="RUN_A RUN_B ...", help="Runs to join.")]
Name = Annotated[str, option("--name", "RUN", "Name of the new run.")]


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
    _print_path(run_name, path, as_json=as_json)


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
    from benchmark.execution.merging import merge_runs
    from benchmark.scoring import find_metrics

    find_metrics(tuple(plugin or ()))  # whose titles and ranges the report then has
    _print_path(name, merge_runs(runs, name, results_dir, reports_dir), as_json=as_json)


def _print_path(run: str, path: Path, *, as_json: bool) -> None:
    from benchmark.cli.printing import print_json

    if as_json:
        print_json({"run": run, "report": str(path)})
    else:
        sys.stdout.write(f"{path}\n")
