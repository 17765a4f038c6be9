"""What the command line prints: tables, and JSON."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console


def make_console(width: int | None = None, *, stderr: bool = False) -> Console:
    """Return where tables are printed: standard output or error, as wide as the terminal by default."""
    from rich.console import Console

    # A pipe has no width of its own; tables must not be cut to 80 columns in a log.
    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, width=width if width or is_terminal else 140)


def print_rows(title: str, rows: list[dict[str, object]], *, as_json: bool = False) -> None:
    """Print rows, all with the same keys, as a table or as JSON; say so where there are none."""
    from rich.markup import escape
    from rich.table import Table

    if as_json:
        print_json(rows)
        return
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
    sys.stdout.write(json.dumps(value, indent=1) + "\n")


def as_rows(frame: pd.DataFrame) -> Any:
    """Return the rows of a table as JSON has them."""
    return json.loads(frame.to_json(orient="records", double_precision=15))
