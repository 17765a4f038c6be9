"""The table that a run ends with: a row a configuration, the mean over its seeds, as wide as the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from benchmark.analysis.columns import GROUP, KEYS, RANKING, varying
from benchmark.analysis.tables import leaderboard
from benchmark.reporting.number_text import missing, significant
from benchmark.reporting.style import format_seconds, shorten
from benchmark.scoring import METRICS

if TYPE_CHECKING:
    import pandas as pd

# Nobody reads a longer table.
_MOST_ROWS = 100
_LONGEST_NAME = 24
# Which scores are shown as far as there is room, the most telling first.
_SCORES = (
    "knn_accuracy", "kmeans_nmi", "reconstruction_mse", "trustworthiness", "forest_accuracy", "silhouette",
    "kmeans_ari", "linear_accuracy",
)  # fmt: skip
_BORDER = 3  # of each column: a rule and two blanks


def closing_table(frame: pd.DataFrame, title: str, width: int, *, wide: bool = False) -> Table:
    """Return the configurations of a run's table, best first, and behind them those that never ended well.

    Parameters
    ----------
    frame : DataFrame
        One row a job, as `benchmark.analysis.tables.to_frame` makes it.
    title : str
    width : int
        Of the terminal, in characters; scores that find no room are left out.
    wide : bool, default False
        Show every score that was measured, however wide the table becomes.
    """
    board = leaderboard(frame)
    rows = [*board.to_dict("records"), *_without_result(frame, board)]
    keys = [name for name in varying(frame, GROUP) if name != "precision"] if rows else []
    columns = {
        KEYS[name].header: [shorten(_text(row.get(name)), _LONGEST_NAME) for row in rows]
        for name in ("reducer", *keys)
    }
    if any(row.get("seeds", 1) > 1 for row in rows):
        columns["seeds"] = [_text(row.get("seeds")) for row in rows]
    texts = len(columns)
    columns["fit"] = [_fit(row) for row in rows]
    room = width - 1 - sum(map(_room, columns.items()))
    for name in [name for name in METRICS if name in board] if wide else _SCORES:
        cells = [significant(row[name], 3) if not missing(row.get(name)) else "" for row in rows]
        column = METRICS[name].title, cells
        # A score that no row has (labels are missing, say) would be an empty column.
        if any(cells) and (wide or _room(column) <= room):
            columns[column[0]], room = cells, room - _room(column)
    return _table(title, columns, texts, [row.get("status") is None for row in rows])


def _without_result(frame: pd.DataFrame, board: pd.DataFrame) -> list[Mapping[Any, Any]]:
    """Return a row for every configuration of which no job ended well."""
    names = ["dataset", "reducer", "setting", "device", "n_components"]
    known = {_place(row, names) for row in board.to_dict("records")}
    failed = frame[frame["status"] != "ok"].drop_duplicates([*names, "status"])
    rows = failed[[*(name for name in GROUP if name in failed), "status"]].to_dict("records")
    return [row for row in rows if _place(row, names) not in known]


def _place(row: Mapping[Any, Any], names: Iterable[str]) -> tuple[str, ...]:
    return tuple(_text(row[name]) for name in names)


def _room(column: tuple[str, Iterable[str]]) -> int:
    return max(map(len, (column[0], *column[1]))) + _BORDER


def _text(value: Any) -> str:
    return "" if missing(value) else str(value)


def _fit(row: Mapping[Any, Any]) -> str:
    seconds: Any = row.get("fit_seconds")
    if "status" in row:
        return str(row["status"])
    return "" if missing(seconds) else format_seconds(float(seconds))


def _table(title: str, columns: Mapping[str, list[str]], texts: int, well: list[bool]) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold", caption_justify="left")
    for place, header in enumerate(columns):
        table.add_column(header, justify="left" if place < texts else "right", no_wrap=True)
    for cells, ok in list(zip(zip(*columns.values(), strict=True), well, strict=True))[:_MOST_ROWS]:
        table.add_row(*map(escape, cells), style=None if ok else "dim")
    if len(well) > _MOST_ROWS:
        best = METRICS[RANKING[0]].label
        table.caption = f"The {_MOST_ROWS} best of {len(well):,} by {best}; results.csv holds every job."
    return table
