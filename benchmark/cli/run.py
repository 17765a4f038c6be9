"""``run``: measure reducers on a dataset."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmark.cli.options import Debug, Json, Quiet, check_choice, options_of
from benchmark.request import Request

REDUCERS = "--reducer NAME or --group NAME (both repeatable)"
All = Annotated[bool, typer.Option("--all", help="Measure the usual twelve, those of plugins, the controls.")]
Wide = Annotated[bool, typer.Option("--wide", help="Show every score in the closing table.")]


@options_of(Request)
def run(
    request: Request,
    all_reducers: All = False,
    wide: Wide = False,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Measure reducers on a dataset; what was done on this machine already is not done again."""
    check_choice("run", all_reducers, request.reducers or request.groups, REDUCERS)
    from benchmark.cli.printing import make_console, print_failures, print_json, print_result, result_facts
    from benchmark.execution import runner
    from benchmark.execution.observers.terminal import Terminal

    console = make_console(stderr=as_json or quiet)
    with Terminal(console, quiet=quiet) as terminal:
        result = runner.run(request, terminal)
    if not (as_json or quiet):
        print_result(console, result, wide=wide)
    print_failures(console, result, request.results_dir, debug=debug)
    if as_json:
        print_json(result_facts(result))
    elif not quiet:
        console.print(f"Report: {result.report}, and report.html beside it", markup=False)
    raise typer.Exit(result.exit_code)
