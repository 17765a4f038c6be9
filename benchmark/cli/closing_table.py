"""The table a run ends with in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmark.analysis.across import mean_ranks, scores_by_dataset
from benchmark.analysis.columns import CONTROLS, GROUP, KEYS, RANKING, score_columns, varying
from benchmark.analysis.tables import failures
from benchmark.reporting.number_text import missing, significant
from benchmark.reporting.style import in_unit
from benchmark.reporting.table_columns import controls_said, key_text, protocol_said, score_text, score_title

if TYPE_CHECKING:
    import pandas as pd

# Nobody reads a longer table.
_MOST_ROWS = 100
# Of the scores, what 80 columns have room for.
_NARROW = (*RANKING, "reconstruction_mse")
_TIMES = {"fit_seconds": "fit", "transform_seconds": "transform"}


def closing_table(board: pd.DataFrame, frame: pd.DataFrame, title: str, *, wide: bool = False) -> Table:
    """Return the table a run ends with: a row a configuration, the best of very many, then what failed.

    Parameters
    ----------
    board, frame : DataFrame
        The leaderboard of the run with its ranks, and the table of its jobs.
    title : str
    wide : bool
        Show every score, in as many columns as that takes; what is left out fits into 80.
    """
    scores = [name for name in score_columns(frame) if name in board and board[name].notna().any()]
    shown = [name for name in scores if wide or name in _NARROW]
    failed = failures(frame).drop_duplicates(["reducer", "device", "n_components", "status"])
    # A precision is a reducer's own choice: it tells rows apart only where one reducer has several.
    precision = varying(board, ["precision"], within_reducer=not wide)
    # Where each dataset has one size, its name says it.
    sizes = [name for name in ("n_train", "n_test") if (board.groupby("dataset")[name].nunique() < 2).all()]
    keys = [n for n in varying(board, GROUP) if n not in sizes and (n != "precision" or precision)]
    times = _TIMES if wide else {"fit_seconds": "fit"}
    table = Table(title=title, title_justify="left", header_style="bold", caption_justify="left")
    # Where it is tight, names give way and numbers do not.
    for header in ("reducer", *(KEYS[name].header for name in keys)):
        table.add_column(header, overflow="fold" if wide else "ellipsis")
    for header in (*times.values(), *map(score_title, shown)):
        table.add_column(header, justify="right", no_wrap=True)
    for row in board[:_MOST_ROWS].to_dict("records"):
        named = [escape(key_text(name, row[name])) for name in ("reducer", *keys)]
        table.add_row(
            *named,
            *(_duration(row[name]) for name in times),
            *(_score(row, name) for name in shown),
            style="dim" if row["reducer"] in CONTROLS else None,
        )
    for row in failed[:_MOST_ROWS].to_dict("records"):
        named = [escape(key_text(name, row.get(name))) for name in ("reducer", *keys)]
        table.add_row(*named, row["status"], style="dim")
    table.caption = _caption(board, shown)
    if wide:
        # For a terminal that scrolls, or a file.
        table.width = Console(width=1_000).measure(table).maximum
    return table


def closing_ranks(board: pd.DataFrame, width: int) -> Table | None:
    """Return the mean ranks of reducers by dataset, or over all alone where `width` has no room for more.

    None where there is one dataset, or fewer than two reducers were measured on all.
    """
    scores, _ = scores_by_dataset(board)
    if board["dataset"].nunique() < 2 or len(scores) < 2:
        return None
    ranks = mean_ranks(scores)
    table = Table(title="mean rank", title_justify="left", header_style="bold")
    table.add_column("reducer", overflow="ellipsis", no_wrap=True)
    for name in ("all", *ranks.columns):
        table.add_column(escape(name), justify="right", no_wrap=True)
    for name, row in ranks.iterrows():
        table.add_row(escape(str(name)), f"{row.mean():.2f}", *(f"{rank:.1f}" for rank in row))
    if Console(width=1_000).measure(table).maximum > width:
        del table.columns[2:]
    return table


def _duration(seconds: Any) -> str:
    if missing(seconds):
        return ""
    value, unit = in_unit(float(seconds))
    return f"{significant(value, 3)} {unit}" if value > 0 else "< 1 µs"


def _score(row: dict[Any, Any], name: str) -> str:
    """Return a score as text, in bold and with a star where no other is told to be better."""
    if missing(row[name]):
        return ""
    text, best = score_text(name)(row[name]), row.get(f"{name}_best_rank")
    return f"[bold]{text}[/]*" if not missing(best) and best == 1 else f"{text} "


def _caption(board: pd.DataFrame, shown: list[str]) -> str | None:
    said = []
    if any(board[f"{name}_best_rank"].notna().any() for name in shown if f"{name}_best_rank" in board):
        said.append("* the best, and what is not told apart from it")
    if len(board) > _MOST_ROWS:
        said.append(f"the {_MOST_ROWS} best of {len(board):,} configurations; results.csv holds all")
    return "\n".join(filter(None, ["; ".join(said), *controls_said(board), *protocol_said(board)])) or None
