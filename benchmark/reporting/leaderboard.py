"""The leaderboard, and the devices side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.analysis.columns import (
    GROUP,
    RANKING,
    TASK,
    TIMED_BESIDE,
    TIMES,
    is_control,
    leading_metric,
    score_columns,
    varying,
)
from benchmark.analysis.published import best_published
from benchmark.analysis.tables import speedup
from benchmark.reporting.document import Block, Column, Items, Live, Paragraph, Span, Strong, Text, table
from benchmark.reporting.number_text import NOT_MEASURED, interval, missing, rank, seconds, spread
from benchmark.reporting.report_data import ReportData
from benchmark.reporting.table_columns import (
    controls_said,
    fitted_said,
    key_columns,
    left_out,
    score_text,
    score_title,
    value_column,
)
from benchmark.scoring import CLUSTERINGS, DEFAULT, METRICS

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[Any, Any]
# Given a row, a name, its mean as text, and how it is written.
Beside = Callable[[Row, str, str, Callable[..., str]], str]
RANK = "rank"
# Nobody reads a longer table.
_MOST_ROWS = 200


def leaderboard(data: ReportData) -> list[Block]:
    """Return the leaderboard with a paragraph on how to read it."""
    board = data.board
    if board.empty:
        return [Paragraph("No job ended well, so there is nothing to rank; see the failures below.")]
    shown = Live(data.live("board"), [_first_rows(board, board_columns(data))])
    return [shown, *left_out(len(board), _MOST_ROWS), Paragraph(" ".join(_caption(board)))]


def _first_rows(board: pd.DataFrame, columns: Sequence[Column]) -> Block:
    return table(board[:_MOST_ROWS].to_dict("records"), columns)


def board_columns(data: ReportData, names: Sequence[str] = (), beside: Beside | None = None) -> list[Column]:
    """Return the columns of the leaderboard: what tells rows apart, and `names`, by default the usual ones.

    `beside` returns what stands behind a mean: an interval in brackets, by default.
    """
    board = data.board
    rows = board.to_dict("records")
    # Scores that judge another clustering than the default one have a table of their own.
    others = {metric.name for metric in METRICS.values() if metric.clustering not in ("", DEFAULT)}
    scores = [n for n in score_columns(data.frame) if n not in others and board[n].notna().any()]
    usual = (RANK, "fit_seconds", "transform_seconds", *scores)
    columns = key_columns(varying(board, GROUP))
    for name in names or usual:
        columns += _rank_column(board) if name == RANK else [_mean_column(rows, name, beside or _beside)]
    return columns


def _rank_column(board: pd.DataFrame) -> list[Column]:
    """Return the column of the rank by the leading metric; none where nothing was ranked."""
    metric = leading_metric(board)
    if metric is None or board[f"{metric.name}_best_rank"].isna().all():
        return []
    best, worst = f"{metric.name}_best_rank", f"{metric.name}_worst_rank"
    about = f"The best and the worst that it can be, by {metric.label}"
    return [Column(RANK, lambda row: rank(row[best], row[worst]), True, lambda row: _span(row, best), about)]


def clusterings(data: ReportData) -> list[Block]:
    """Return NMI and ARI of every clustering of every reducer's codes; nothing where there is only one."""
    board = data.board
    shown = [m for m in METRICS.values() if m.clustering and m.name.endswith(("_nmi", "_ari"))]
    shown = [m for m in shown if m.name in board and board[m.name].notna().any()]
    measured = {m.clustering: CLUSTERINGS[m.clustering] for m in shown}
    if len(measured) < 2:
        return []
    columns = [
        value_column(f"{measured[m.clustering].title} {m.name[-3:].upper()}", m.name, score_text(m.name))
        for m in shown
    ]
    points: list[Text] = [[Strong(c.title), f": {c.summary} ({c.reference})."] for c in measured.values()]
    return [_first_rows(board, [*key_columns(varying(board, GROUP)), *columns]), Items(points)]


def _mean_column(rows: list[dict[Any, Any]], name: str, beside: Beside) -> Column:
    """Return the column of a mean, in bold where it can be the best: with its interval, or ± its deviation.

    Without ranks the best one of a task is the best as it is written, so that what looks equal is marked
    equal. The spread of times that were repeated stands in brackets.
    """
    time, metric = name in TIMES, METRICS.get(name)
    form = seconds if time else score_text(name)
    keys = (*TASK, "device", "threads") if time else TASK
    best: dict[str, str] = {}
    if not time or len({row["machine"] for row in rows}) == 1:
        competing = [row for row in rows if _competes(row, time) and not missing(row[name])]
        higher = metric is not None and bool(metric.higher_is_better)
        for row in sorted(competing, key=lambda row: row[name], reverse=higher):
            best.setdefault(str([row[key] for key in keys]), form(row[name]))

    def cell(row: Row) -> Text:
        text, first = form(row[name]), row.get(f"{name}_best_rank")
        as_good = _competes(row, time) and text == best.get(str([row[key] for key in keys]))
        wins = as_good and (time or metric is not None) if missing(first) else first == 1
        return [Strong(text) if wins else text, beside(row, name, text, form)]

    about = metric.summary if metric else "Wall time, mean over the seeds" if time else ""
    about += "".join(
        _best_published(dataset, name) for dataset in dict.fromkeys(row["dataset"] for row in rows)
    )
    title = f"{name.removesuffix('_seconds')} (s)" if time else score_title(name)
    return Column(title, cell, True, lambda row: _span(row, name), about, time)


def _best_published(dataset: str, name: str) -> str:
    best = best_published(dataset, name)
    if best is None:
        return ""
    return f". Best published on {dataset}: {score_text(name)(best.value)} ({best.source}; {best.conditions})"


def _span(row: Row, name: str) -> Span | None:
    """Return the number in a row, with its interval; without one, with its deviation on either side."""
    if missing(row[name]):
        return None
    std: Any = row.get(f"{name}_std")
    ends: list[Any] = [row.get(f"{name}_ci_{end}") for end in ("low", "high")]
    if any(map(missing, ends)):
        ends = [None, None] if missing(std) else [row[name] - std, row[name] + std]
    return Span(float(row[name]), *(None if end is None else float(end) for end in ends))


def _competes(row: Row, time: bool) -> bool:
    """Whether a row can be the best: codes as wide as the data cannot, nor can times of a shared machine."""
    return not row["baseline"] and (not time or row["timing"] == "exclusive")


def _beside(row: Row, name: str, text: str, form: Callable[..., str]) -> str:
    about = interval(row.get(f"{name}_ci_low"), row.get(f"{name}_ci_high"), row[name], form)
    if about:
        return f" ({about})"
    std, repeated = row[f"{name}_std"], row.get(name.replace("_seconds", "_spread_seconds"))
    shown = text != NOT_MEASURED and not text.startswith("<") and not missing(std)
    deviation = f" ± {form(std, like=row[name])}" if shown else ""
    return deviation + (f" ({spread(repeated)})" if name in TIMES and not missing(repeated) else "")


def _caption(board: pd.DataFrame) -> list[str]:
    """Return the sentences on how to read a leaderboard."""
    first, second, *_ = (METRICS[name] for name in RANKING)
    best = f"Best of each column in bold; {NOT_MEASURED} is not measured"
    parts = [f"{best}; sorted by {first.label}, then {second.title}.", *_on_scores(board)]
    low, high = int(board["seeds"].min()), int(board["seeds"].max())
    if high > 1:
        seeds = f"{low} to {high} seeds" if low != high else f"{high} seeds"
        parts.append(f"Mean ± sample standard deviation over {seeds}.")
    if varying(board[~board["baseline"]], TASK):
        parts.append("Bold and ranks are among rows of the same data, sizes, width of the code and version.")
    parts += [*fitted_said(board), *_on_times(board, high > 1)]
    if varying(board, ["n_components"]):
        parts.append("D is the width of the code.")
    unreduced = board["baseline"] & ~is_control(board)
    if unreduced.any():
        names = ", ".join(board.loc[unreduced, "reducer"].unique())
        parts.append(f"The codes of {names} are as wide as the data, so it takes no part in the bold.")
    return [*parts, *controls_said(board)]


def _on_scores(board: pd.DataFrame) -> list[str]:
    """Return how intervals and ranks read, where there are any."""
    if board.filter(like="_ci_low").isna().all(axis=None):
        return []
    if board.filter(like="_best_rank").isna().all(axis=None):
        return ["In brackets 95 % intervals over the seeds alone: no predictions were kept."]
    counted = "seeds and test rows" if board["seeds"].max() > 1 else "test rows, of one seed"
    return [
        "Scores that are not told apart from the best are bold too; a rank is the best and worst it can be.",
        f"In brackets 95 % intervals, which count {counted}.",
    ]


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
        value_column("speed-up", "speedup", lambda v: NOT_MEASURED if missing(v) else f"{v:.3g}×"),
        *(value_column(f"Δ {score_title(name)}", f"{name}_difference",
                       lambda v: NOT_MEASURED if missing(v) else f"{v:+.3f}") for name in scores),
        Column("status", _status, numeric=False),
    ]  # fmt: skip
    note = "Speed-up above 1: faster than the CPU. Δ: score on the device minus score on the CPU."
    return [_first_rows(rows, columns), *left_out(len(rows), _MOST_ROWS, which="first"), Paragraph(note)]


def _status(row: Row) -> str:
    reason = "" if missing(row["error"]) or row["status"] == "ok" else f": {row['error'][:200]}"
    return f"{row['status']}{reason}"
