"""``scale``: how cost grows."""

from __future__ import annotations

import sys

import typer

from benchmark.cli.options import Debug, options_of
from benchmark.request import ScaleRequest


@options_of(ScaleRequest)
def scale(request: ScaleRequest, debug: Debug = False) -> None:
    """Measure how cost grows with samples, features and components, on made-up data."""
    from benchmark.analysis.scaling import exponents_table, scaling_table
    from benchmark.cli.printing import make_console, print_rows
    from benchmark.execution import runner
    from benchmark.execution.observers.terminal import Terminal
    from benchmark.reporting.exponent_table import exponent_rows
    from benchmark.results import Store

    with Terminal(make_console()) as terminal:
        result = runner.run(request, terminal)
    points = scaling_table(Store(request.results_dir, result.run))
    header, rows = exponent_rows(exponents_table(points))
    print_rows("exponents", [dict(zip(header, row, strict=True)) for row in rows])
    sys.stdout.write(f"Report: {result.report}\n")
    raise typer.Exit(result.exit_code)
