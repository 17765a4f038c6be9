"""What the command line prints: tables of facts, and how a run ended."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.execution.runner import RunResult


def make_console() -> Console:
    """Return where tables are printed."""
    from rich.console import Console

    # A pipe has no width of its own; tables must not be cut to 80 columns in a log.
    return Console() if sys.stdout.isatty() else Console(width=140)


def print_rows(title: str, rows: list[dict[str, object]]) -> None:
    """Print rows, all with the same keys, as a table; say so where there are none."""
    from rich.markup import escape
    from rich.table import Table

    if not rows:
        sys.stdout.write(f"No {title}.\n")
        return
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in rows[0]:
        table.add_column(column, no_wrap=column == next(iter(rows[0])))
    for row in rows:
        table.add_row(*(escape("" if value is None else str(value)) for value in row.values()))
    make_console().print(table)


def print_json(value: object) -> None:
    """Print a value as JSON."""
    import json

    sys.stdout.write(json.dumps(value, indent=1) + "\n")


def flatten(facts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested facts as pairs of a dotted name and a readable value."""
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}.")
        elif isinstance(value, (list, tuple)):
            yield f"{prefix}{name}", ", ".join(str(v) for v in value) or "none"
        else:
            yield f"{prefix}{name}", "unknown" if value is None else str(value)


def print_result(console: Console, result: RunResult, results_dir: str, *, wide: bool = False) -> None:
    """Print the table of a run that ended, a line for each job that failed, and where the report is."""
    from benchmark.analysis.ranking import load_leaderboard
    from benchmark.cli.closing_table import closing_table
    from benchmark.results import Store

    console.print()
    board = load_leaderboard(Store(results_dir, result.run))
    table = closing_table(board, result.table, result.run, wide=wide)
    console.print(table, crop=not wide)
    for record in result.failed:
        job = f"{record.reducer} ({record.device}, seed {record.seed})"
        # Names and reasons come from plugins: brackets in them are no markup.
        console.print(f"{record.status} {job}: {record.error or ''}", style="red", markup=False)
    console.print(f"Report: {result.report}", markup=False)
