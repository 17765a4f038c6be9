"""The leaderboard, and the devices side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.analysis.columns import GROUP, RANKING, TASK, leading_metric, score_columns, varying
from benchmark.analysis.tables import speedup
from benchmark.reporting.document import Block, Column, Paragraph, Strong, Text, table
from benchmark.reporting.number_text import NOT_MEASURED, interval, missing, rank, seconds, spread
from benchmark.reporting.report_data import ReportData
from benchmark.reporting.table_columns import key_columns, left_out, score_text, score_title, value_column
from benchmark.scoring import METRICS

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
    scores = [name for name in score_columns(data.frame) if board[name].notna().any()]
    columns = [
        *key_columns(keys),
        *_rank_column(board),
        *(_time_column(rows, name) for name in ("fit_seconds", "transform_seconds")),
        *(_score_column(rows, name) for name in scores),
    ]
    shown = table(rows[:_MOST_ROWS], columns)
    return [shown, *left_out(len(rows), _MOST_ROWS), Paragraph(_caption(board, keys))]


def _rank_column(board: pd.DataFrame) -> list[Column]:
    """Return the column of the rank by the leading metric; none where nothing was ranked."""
    metric = leading_metric(board)
    if metric is None or board[f"{metric.name}_best_rank"].isna().all():
        return []
    return [
        Column("rank", lambda row: rank(*(row[f"{metric.name}_{end}_rank"] for end in ("best", "worst"))))
    ]


def _time_column(rows: list[dict[Any, Any]], name: str) -> Column:
    """Return the column of a mean time: in bold the best, ± its deviation, in brackets its spread."""
    machines = {row["machine"] for row in rows}
    timed = [row for row in rows if row["timing"] == "exclusive" and len(machines) == 1]
    best = _best(timed, name, seconds, (*TASK, "device", "threads"), higher=False)

    def cell(row: Row) -> Text:
        text = seconds(row[name])
        repeated = row.get(name.replace("_seconds", "_spread_seconds"))
        beside = _deviation(row, name, text, seconds) + (
            "" if missing(repeated) else f" ({spread(repeated)})"
        )
        return [Strong(text) if best(row) and row["timing"] == "exclusive" else text, beside]

    return Column(f"{name.removesuffix('_seconds')} (s)", cell)


def _score_column(rows: list[dict[Any, Any]], name: str) -> Column:
    """Return the column of a mean score: in bold where no other is told to be better, and its interval.

    Where nothing can be told apart, the best in bold is the best as it is written.
    """
    form, metric = score_text(name), METRICS.get(name)
    best = _best(rows, name, form, TASK, metric.higher_is_better if metric else None)

    def cell(row: Row) -> Text:
        text, first = form(row[name]), row.get(f"{name}_best_rank")
        about = interval(row.get(f"{name}_ci_low"), row.get(f"{name}_ci_high"), row[name], form)
        wins = best(row) if missing(first) else first == 1
        beside = f" ({about})" if about else _deviation(row, name, text, form)
        return [Strong(text) if wins else text, beside]

    return Column(score_title(name), cell)


def _best(
    rows: list[dict[Any, Any]], name: str, form: Callable[..., str], task: Sequence[str], higher: bool | None
) -> Callable[[Row], bool]:
    """Return whether a row has, as it is written, the best value of those of the same task.

    Codes as wide as the data take no part. Without a direction no row has.
    """
    found: dict[tuple[str, ...], list[float]] = {}
    for row in rows:
        if not row["baseline"] and not missing(row[name]) and higher is not None:
            found.setdefault(tuple(str(row[key]) for key in task), []).append(row[name])
    best = {key: form(max(values) if higher else min(values)) for key, values in found.items()}
    return lambda row: (
        not row["baseline"] and form(row[name]) == best.get(tuple(str(row[key]) for key in task))
    )


def _deviation(row: Row, name: str, text: str, form: Callable[..., str]) -> str:
    std = row[f"{name}_std"]
    shown = text != NOT_MEASURED and not text.startswith("<") and not missing(std)
    return f" ± {form(std, like=row[name])}" if shown else ""


def _caption(board: pd.DataFrame, keys: Sequence[str]) -> str:
    low, high = int(board["seeds"].min()), int(board["seeds"].max())
    first, second, *_ = (METRICS[name] for name in RANKING)
    metric, sorting = leading_metric(board), f"sorted by {first.label}, then {second.title}"
    parts = [f"Best of each column in bold; {NOT_MEASURED} is not measured; {sorting}."]
    if metric is not None and board[f"{metric.name}_best_rank"].notna().any():
        parts[0] = (
            "In bold the best of each column, and all scores that are not told apart from it; "
            f"{NOT_MEASURED} is not measured; {sorting}. A rank, by {metric.label}, says the best and the "
            "worst that it can be."
        )
    parts += _on_intervals(board)
    if high > 1:
        seeds = f"{low} to {high} seeds" if low != high else f"{high} seeds"
        parts.append(f"Mean ± sample standard deviation over {seeds}.")
    if varying(board[~board["baseline"]], TASK):
        parts.append("Bold and ranks are among rows of the same data, sizes, width of the code and version.")
    parts += _on_times(board, high > 1)
    if "n_components" in keys:
        parts.append("D is the width of the code.")
    if board["baseline"].any():
        names = ", ".join(board.loc[board["baseline"], "reducer"].unique())
        parts.append(f"The codes of {names} are as wide as the data, so it takes no part in the bold.")
    return " ".join(parts)


def _on_intervals(board: pd.DataFrame) -> list[str]:
    """Return what the intervals of scores count."""
    ends = board.filter(like="_ci_low")
    if ends.isna().all(axis=None):
        return []
    if board.filter(like="_best_rank").isna().all(axis=None):
        return ["In brackets 95 % intervals over the seeds alone: no predictions were kept."]
    counted = "seeds and test rows" if board["seeds"].max() > 1 else "test rows, of one seed"
    return [f"In brackets 95 % intervals, which count {counted}."]


def _on_times(board: pd.DataFrame, several_seeds: bool) -> list[str]:
    """Return what must be said of times that were repeated, or shared with other jobs."""
    parts, mean = [], ", averaged over the seeds" if several_seeds else ""
    if board[["fit_spread_seconds", "transform_spread_seconds"]].notna().any(axis=None):
        parts.append(f"Times are medians of repeats, in brackets the largest minus the smallest{mean}.")
    if board["machine"].nunique() > 1:
        parts.append("Times of different machines do not compare and are never in bold.")
    shared = board["timing"] == "shared"
    if shared.any():
        which = "All times" if shared.all() else "Times marked shared"
        parts.append(f"{which} were taken while other jobs ran on the machine and are never in bold.")
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
