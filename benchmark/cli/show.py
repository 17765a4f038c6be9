"""``show``: what came of a run, or of one reducer of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from benchmark.cli.options import Debug, Json, ReportsDir, ResultsDir, RunName, option
from benchmark.errors import InputError, suggestion

if TYPE_CHECKING:
    from benchmark.reporting.document import Block
    from benchmark.reporting.leaderboard import Row
    from benchmark.reporting.report_data import ReportData

Reducer = Annotated[str | None, option("--reducer", "NAME", "Show all of this reducer.")]
_ENDS = ("ci_low", "ci_high", "best_rank", "worst_rank")
# What a screen has room for of what a report says of a run.
_SETUP = ("data", "rows", "seeds", "devices", "jobs", "processor", "cores", "started", "took")


def show(
    run_name: RunName,
    reducer: Reducer = None,
    results_dir: ResultsDir = "results",
    reports_dir: ReportsDir = "reports",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show a run: what was measured, its closing table, and what failed; or all of one reducer."""
    from rich.markdown import Markdown

    from benchmark.cli.closing_table import closing_table
    from benchmark.cli.printing import as_rows, make_console, print_json
    from benchmark.reporting.document import Items
    from benchmark.reporting.markdown import render
    from benchmark.reporting.reducer_sections import failed_jobs, reducers
    from benchmark.reporting.report_data import gather
    from benchmark.results import open_store

    every = gather(open_store(results_dir, run_name))
    data = every if reducer is None else _only(every, reducer, run_name)
    if as_json:
        print_json({"run": run_name, "rows": as_rows(data.board), "jobs": as_rows(data.frame)})
        return
    console = make_console()
    if reducer is None:
        console.print(Markdown(render([Items(_setup(data))])))
        console.print(closing_table(data.board, data.frame, run_name))
    else:
        lines = Items(_training(data, Path(reports_dir) / run_name))
        console.print(Markdown(render([*reducers(data, ()), *_figures(every, data), lines])))
    console.print(Markdown(render(failed_jobs(data))))


def _only(data: ReportData, name: str, run: str) -> ReportData:
    """Return what a run holds of one reducer; raise `InputError` where that is nothing."""
    if name not in data.cards:
        known = f"{suggestion(name, list(data.cards))} It has: {', '.join(data.cards) or 'none'}."
        raise InputError(f"The run {run!r} has no reducer {name!r}.{known}")
    frame, board = (rows[rows["reducer"] == name] for rows in (data.frame, data.board))
    views = [view for view in data.views if view.name == name]
    return replace(data, frame=frame, board=board, views=views, cards={name: data.cards[name]})


def _setup(data: ReportData) -> list[str]:
    from benchmark.reporting.document import Table
    from benchmark.reporting.run_setup import run_setup

    rows = [row for block in run_setup(data) if isinstance(block, Table) for row in block.rows]
    said = [f"{name}: {value}" for name, value in rows if str(name).split(" of ")[0] in _SETUP]
    return [*said, *(data.facts.get("notes") or [])]


def _figures(every: ReportData, data: ReportData) -> list[Block]:
    """Return what the leaderboard of the run says of one reducer, a column a configuration, if anything."""
    from benchmark.reporting.document import Table, table
    from benchmark.reporting.leaderboard import board_columns
    from benchmark.reporting.table_columns import row_labels

    made = table(data.board.to_dict("records"), board_columns(every, beside=_beside))
    cells = [[name, *(row[place] for row in made.rows)] for place, name in enumerate(made.header)]
    return [Table(["", *row_labels(data.board)], cells)] if made.rows else []


def _beside(row: Row, name: str, text: str, form: Callable[..., str]) -> str:
    """Return interval and rank of a score; of a time its deviation."""
    from benchmark.reporting.number_text import interval, missing, rank

    low, high, best, worst = (row.get(f"{name}_{end}") for end in _ENDS)
    said = [interval(low, high, row[name], form), "" if missing(best) else f"rank {rank(best, worst)}"]
    return f" ({', '.join(filter(None, said))})" if any(said) else ""


def _training(data: ReportData, directory: Path) -> list[str]:
    """Return the losses of a reducer, stage by stage, and where its figures are."""
    losses = [(f" of {stage}" if stage else "", loss) for view in data.views for stage, loss in view.losses]
    lines = [f"loss{of}: {v[0]:.3g} at first, {v[-1]:.3g} after {len(v)} epochs" for of, v in losses]
    parts = [replace(data, part=part) for part in ("", *data.frame["dataset"].unique())]
    files = [directory / part.file(card) for part in parts for card in data.cards.values()]
    drawn = ", ".join(str(file) for file in files if file.is_file())
    return [*lines, f"figures: {drawn or 'none; report draws them'}"]
