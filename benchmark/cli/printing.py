"""What the command line prints: tables of facts, and how a run ended."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from rich.console import Console

    from benchmark.execution.runner import RunResult


# Room for every column there can be.
_WIDEST = 1_000


def make_console(width: int | None = None, *, stderr: bool = False) -> Console:
    """Return where tables are printed: standard output or error, as wide as the terminal by default."""
    from rich.console import Console

    # A pipe has no width of its own; tables must not be cut to 80 columns in a log.
    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, width=width if width or is_terminal else 140)


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


def print_report(run: str, path: Path, *, as_json: bool) -> None:
    """Print where the report of a run is."""
    if as_json:
        print_json({"run": run, "report": str(path)})
    else:
        sys.stdout.write(f"{path}\n")


def flatten(facts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested facts as pairs of a dotted name and a readable value."""
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}.")
        elif isinstance(value, (list, tuple)):
            yield f"{prefix}{name}", ", ".join(str(v) for v in value) or "none"
        else:
            yield f"{prefix}{name}", "unknown" if value is None else str(value)


def print_result(console: Console, result: RunResult, *, wide: bool) -> None:
    """Print the table of a run that ended."""
    from benchmark.analysis.ranking import load_leaderboard
    from benchmark.cli.closing_table import closing_ranks, closing_table
    from benchmark.reporting.table_columns import chosen_settings
    from benchmark.results import Store

    console.print()
    board = load_leaderboard(Store(result.results_dir, result.run))
    table = closing_table(board, result.table, result.run, wide=wide)
    printer = make_console(_WIDEST) if wide else console
    printer.print(table)
    ranks = closing_ranks(board, printer.width)
    if ranks is not None:
        printer.print(ranks)
    for text in chosen_settings(result.table):
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def print_failures(console: Console, result: RunResult, results_dir: str, *, debug: bool) -> None:
    """Print a line for each job that failed and, to `debug`, what it printed, its traceback above all."""
    from pathlib import Path

    from benchmark.execution.observers.log import LOG, printed_by
    from benchmark.results import title

    log = Path(results_dir) / result.run / LOG
    for record in result.failed:
        job = f"{title(record)} ({record.device}, seed {record.seed})"
        lines = [f"{record.status} {job}: {record.error or ''}; see {log}"]
        lines += [printed_by(log, record.key)] if debug else []
        # Names and reasons come from plugins: brackets in them are no markup.
        console.print("\n".join(lines), style="red", markup=False, highlight=False, soft_wrap=True)
    for device in result.missing_devices:
        console.print(f"unavailable: the device '{device}' that was asked for", style="red", markup=False)


def result_facts(result: RunResult) -> dict[str, Any]:
    """Return what came of a run as JSON has it, with every row of its table."""
    code = result.exit_code
    return {"run": result.run, "report": str(result.report), "exit_code": code, "rows": as_rows(result.table)}


def as_rows(frame: pd.DataFrame) -> Any:
    """Return the rows of a table as JSON has them."""
    import json

    return json.loads(frame.to_json(orient="records", double_precision=15))
