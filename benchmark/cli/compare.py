"""``compare``: two runs beside each other."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.options import Debug, Json, ResultsDir, option

if TYPE_CHECKING:
    from benchmark.analysis.comparison import Change

Before = Annotated[str, typer.Argument(metavar="RUN_A", help="The earlier run.")]
After = Annotated[str, typer.Argument(metavar="RUN_B", help="The later run.")]
Everything = Annotated[bool, option("--all", "", "Show what did not change, too.")]
Markdown = Annotated[bool, option("--markdown", "", "Print a table in Markdown, for a pull request.")]
Fail = Annotated[bool, option("--fail-on-regression", "", "Exit with 1 where something is worse or slower.")]
_REGRESSIONS = ("worse", "slower")
_SAME = "no change told"


def compare(
    before: Before,
    after: After,
    every: Everything = False,
    markdown: Markdown = False,
    fail: Fail = False,
    results_dir: ResultsDir = "results",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what is better, worse, faster or slower in RUN_B than in RUN_A, each with its noise."""
    from benchmark.analysis import comparison
    from benchmark.cli.printing import print_json, print_rows
    from benchmark.execution.merging import check_same_data
    from benchmark.reporting.markdown import escape, table_lines
    from benchmark.results import open_store

    stores = [open_store(results_dir, name) for name in (before, after)]
    check_same_data(stores)
    changes = comparison.compare(*stores)
    rows = [_row(change) for change in changes if every or change.verdict != _SAME]
    if as_json:
        print_json({"changes": [_row(change) for change in changes]})
    elif markdown:
        cells = [[escape(value) for value in row.values()] for row in rows]
        sys.stdout.write("\n".join(table_lines(list(rows[0]) if rows else ["changes"], cells)) + "\n")
    else:
        print_rows(f"changes from {before} to {after}", rows)
        counts = Counter(change.verdict for change in changes).most_common()
        said = ", ".join(f"{n} {verdict}" for verdict, n in counts)
        sys.stdout.write(f"{len(changes)} figures: {said}.\n")
    raise typer.Exit(int(fail and any(change.verdict in _REGRESSIONS for change in changes)))


def _row(change: Change) -> dict[str, object]:
    from benchmark.reporting.number_text import missing, seconds
    from benchmark.reporting.table_columns import label, score_text, score_title

    names = [n for n in ("setting", "device", "n_components") if not missing(change.row[n])]
    time = change.name.endswith("_seconds")
    form = seconds if time else score_text(change.name)
    return {
        "reducer": label(change.row, names),
        "what": f"{change.name.removesuffix('_seconds')} (s)" if time else score_title(change.name),
        "before": form(change.before),
        "after": form(change.after),
        "change": _change(change, time),
        "verdict": change.verdict,
    }


def _change(change: Change, time: bool) -> str:
    """Return the change with the half of its interval: a ratio of times, a difference of scores."""
    from math import exp, isnan

    from benchmark.reporting.number_text import significant

    if time:
        ratio = change.after / max(change.before, 1e-9)
        return f"×{ratio:.2f}" + ("" if isnan(change.margin) else f" (÷× {exp(change.margin):.2f})")
    difference = change.after - change.before
    sign = "+" if difference >= 0 else "-"
    margin = "" if isnan(change.margin) else f" ± {significant(change.margin, 2)}"
    return f"{sign}{significant(abs(difference), 2)}{margin}"
