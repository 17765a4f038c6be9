"""``scale``: how cost grows."""

from __future__ import annotations

import typer

from benchmark.cli.options import Debug, Json, Quiet, options_of
from benchmark.request import ScaleRequest


@options_of(ScaleRequest)
def scale(request: ScaleRequest, as_json: Json = False, quiet: Quiet = False, debug: Debug = False) -> None:
    """Measure how cost grows with samples, features and components, on made-up data."""
    from benchmark.analysis.scaling import exponents_table, scaling_table
    from benchmark.cli.printing import make_console, print_failures, print_json, print_rows, result_facts
    from benchmark.execution import runner
    from benchmark.execution.observers.terminal import Terminal
    from benchmark.reporting.scaling_content import exponent_rows
    from benchmark.results import Store

    console = make_console(stderr=as_json or quiet)
    with Terminal(console, quiet=quiet) as terminal:
        result = runner.run(request, terminal)
    header, cells = exponent_rows(exponents_table(scaling_table(Store(request.results_dir, result.run))))
    exponents: list[dict[str, object]] = [dict(zip(header, row, strict=True)) for row in cells]
    print_failures(console, result, request.results_dir, debug=debug)
    if as_json:
        print_json(result_facts(result) | {"exponents": exponents})
    elif not quiet:
        print_rows("exponents", exponents)
        console.print(f"Report: {result.report}, and report.html beside it", markup=False)
    raise typer.Exit(result.exit_code)
