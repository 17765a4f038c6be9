"""The leaderboard, and the devices side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from benchmark.analysis.columns import GROUP, RANKING, TIMED_BESIDE, TIMES, score_columns, varying
from benchmark.analysis.tables import speedup
from benchmark.reporting.document import Block, Column, Items, Paragraph, Strong, Text, table
from benchmark.reporting.number_text import NOT_MEASURED, missing, seconds, spread
from benchmark.reporting.report_data import ReportData
from benchmark.reporting.table_columns import key_columns, left_out, score_text, score_title, value_column
from benchmark.scoring import CLUSTERINGS, DEFAULT, METRICS

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[Any, Any]
# Nobody reads a longer table.
_MOST_ROWS = 200


def leaderboard(data: ReportData) -> list[Block]:
    """Return the leaderboard with a paragraph on how to read it."""
    board = data.board
    if board.empty:
        return [Paragraph("No job ended well, so there is nothing to rank; see the failures below.")]
    rows = board.to_dict("records")
    keys = varying(board, GROUP)
    scores = [name for name in score_columns(data.frame) if board[name].notna().any() and not _beside(name)]
    columns = [
        *key_columns(keys),
        *(_mean_column(rows, name) for name in ("fit_seconds", "transform_seconds", *scores)),
    ]
    shown = table(rows[:_MOST_ROWS], columns)
    return [shown, *left_out(len(rows), _MOST_ROWS), Paragraph(_caption(board, "n_components" in keys))]


def _beside(name: str) -> bool:
    """Whether a score judges another clustering than the default one: that has a table of its own."""
    return name in METRICS and METRICS[name].clustering not in ("", DEFAULT)


def clusterings(data: ReportData) -> list[Block]:
    """Return NMI and ARI of every clustering of every reducer's codes; nothing where there is only one."""
    board = data.board
    shown = [m for m in METRICS.values() if m.clustering and m.name.endswith(("_nmi", "_ari"))]
    shown = [m for m in shown if m.name in board and board[m.name].notna().any()]
    if len({m.clustering for m in shown}) < 2:
        return []
    columns = [value_column(f"{CLUSTERINGS[m.clustering].title} {m.name[-3:].upper()}", m.name,
                            score_text(m.name)) for m in shown]  # fmt: skip
    rows = board[:_MOST_ROWS].to_dict("records")
    points: list[Text] = [[Strong(c.title), f": {c.summary} ({c.reference})."] for c in CLUSTERINGS.values()
              if c.name in {m.clustering for m in shown}]  # fmt: skip
    return [table(rows, [*key_columns(varying(board, GROUP)), *columns]), Items(points)]


def _mean_column(rows: list[dict[Any, Any]], name: str) -> Column:
    """Return the column of a mean: in bold where it is the best, ± its deviation, its spread in brackets.

    The best one is the best as it is written, so that what looks equal is marked equal.
    """
    time = name in TIMES
    form = seconds if time else score_text(name)
    best = _best([row for row in rows if _competes(row, time)], name, form)
    if time and len({row["machine"] for row in rows}) > 1:
        best = None

    def cell(row: Row) -> Text:
        text = form(row[name])
        wins = text == best and _competes(row, time)
        return [Strong(text) if wins else text, _deviation(row, name, text, form)]

    return Column(f"{name.removesuffix('_seconds')} (s)" if time else score_title(name), cell)


def _competes(row: Row, time: bool) -> bool:
    """Whether a row can be the best: codes as wide as the data cannot, nor can times of a shared machine."""
    return not row["baseline"] and (not time or row["timing"] == "exclusive")


def _best(rows: list[dict[Any, Any]], name: str, form: Callable[..., str]) -> str | None:
    values = [row[name] for row in rows if not missing(row[name])]
    if not values or (name not in TIMES and name not in METRICS):
        return None
    higher = name in METRICS and METRICS[name].higher_is_better
    if higher is None:
        return None
    return form(max(values) if higher else min(values))


def _deviation(row: Row, name: str, text: str, form: Callable[..., str]) -> str:
    std, repeated = row[f"{name}_std"], row.get(name.replace("_seconds", "_spread_seconds"))
    shown = text != NOT_MEASURED and not text.startswith("<") and not missing(std)
    deviation = f" ± {form(std, like=row[name])}" if shown else ""
    return deviation + (f" ({spread(repeated)})" if name in TIMES and not missing(repeated) else "")


def _caption(board: pd.DataFrame, widths: bool) -> str:
    low, high = int(board["seeds"].min()), int(board["seeds"].max())
    first, second, *_ = (METRICS[name] for name in RANKING)
    sorting = f"sorted by {first.label}, then {second.title}"
    parts = [f"Best of each column in bold; {NOT_MEASURED} is not measured; {sorting}."]
    if high > 1:
        seeds = f"{low} to {high} seeds" if low != high else f"{high} seeds"
        parts.append(f"Mean ± sample standard deviation over {seeds}.")
    parts += _on_times(board, high > 1)
    if widths:
        parts.append("D is the width of the code.")
    if board["baseline"].any():
        names = ", ".join(board.loc[board["baseline"], "reducer"].unique())
        parts.append(f"The codes of {names} are as wide as the data, so it takes no part in the bold.")
    return " ".join(parts)


def _on_times(board: pd.DataFrame, several_seeds: bool) -> list[str]:
    """Return what must be said of times that were repeated, or shared with other jobs."""
    parts, mean = [], ", averaged over the seeds" if several_seeds else ""
    if board[["fit_spread_seconds", "transform_spread_seconds"]].notna().any(axis=None):
        parts.append(f"Times are medians of repeats, in brackets the largest minus the smallest{mean}.")
    if board["machine"].nunique() > 1:
        parts.append("Times of different machines do not compare and are never in bold.")
    for timing, others in TIMED_BESIDE.items():
        marked = board["timing"] == timing
        if marked.any():
            which = "All times" if marked.all() else f"Times marked {timing}"
            parts.append(f"{which} were taken while {others} ran on the machine and are never in bold.")
    return parts


def device_comparison(data: ReportData) -> list[Block]:
    """Return the CPU beside every other device that was asked for."""
    rows = speedup(data.frame)
    if rows.empty:
        return [Paragraph("Another device was asked for, but no job of it was recorded.")]
    scores = [name for name in RANKING if rows[f"{name}_difference"].notna().any()][:2]
    columns = [
        *key_columns([*(name for name in varying(rows, GROUP) if name != "device"), "device"]),
        value_column("fit on CPU (s)", "fit_seconds_cpu", seconds),
        value_column("fit on device (s)", "fit_seconds", seconds),
        value_column(
            "speed-up", "speedup", lambda ratio: NOT_MEASURED if missing(ratio) else f"{ratio:.3g}×"
        ),
        *(value_column(f"Δ {score_title(name)}", f"{name}_difference", _signed) for name in scores),
        Column("status", _status, numeric=False),
    ]
    note = "Speed-up above 1: faster than the CPU. Δ: score on the device minus score on the CPU."
    shown = table(rows[:_MOST_ROWS].to_dict("records"), columns)
    return [shown, *left_out(len(rows), _MOST_ROWS, which="first"), Paragraph(note)]


def _signed(value: Any) -> str:
    return NOT_MEASURED if missing(value) else f"{value:+.3f}"


def _status(row: Row) -> str:
    reason = "" if missing(row["error"]) or row["status"] == "ok" else f": {row['error'][:200]}"
    return f"{row['status']}{reason}"
