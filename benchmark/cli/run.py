"""``run``: measure reducers on a dataset."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmark.cli.options import Debug, options_of
from benchmark.errors import InputError
from benchmark.request import Request

All = Annotated[bool, typer.Option("--all", help="Measure every reducer.")]
Wide = Annotated[bool, typer.Option("--wide", help="Show every score in the closing table.")]


@options_of(Request)
def run(request: Request, all_reducers: All = False, wide: Wide = False, debug: Debug = False) -> None:
    """Measure reducers on a dataset; what was done on this machine already is not done again."""
    if all_reducers == (request.reducers is not None):
        both = "both" if all_reducers else "neither"
        raise InputError(f"run needs either --all or --reducer NAME (repeatable); got {both}.")
    from benchmark.cli.printing import make_console, print_result
    from benchmark.execution import runner
    from benchmark.execution.observers.terminal import Terminal

    console = make_console()
    with Terminal(console) as terminal:
        result = runner.run(request, terminal)
    print_result(console, result, request.results_dir, wide=wide)
    raise typer.Exit(result.exit_code)
