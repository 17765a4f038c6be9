"""The leaderboard, and the devices side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmark.analysis.columns import MEMORY, TIMES
from benchmark.analysis.tables import speedup
from benchmark.reporting.names import escape
from benchmark.reporting.report import Report
from benchmark.reporting.text import (
    NOT_MEASURED,
    count,
    error,
    left_out,
    missing,
    score,
    seconds,
    spread,
    table,
)
from benchmark.scoring import METRICS

if TYPE_CHECKING:
    import pandas as pd

HEADERS = {
    "kmeans_nmi": "NMI", "kmeans_ari": "ARI", "kmeans_accuracy": "cluster acc.", "knn_accuracy": "k-NN",
    "forest_accuracy": "forest", "linear_accuracy": "linear", "reconstruction_mse": "MSE",
    "trustworthiness": "trust.", "continuity": "cont.",
}  # fmt: skip
# Nobody reads a longer table.
_MOST_ROWS = 200
_COMPARED = ("knn_accuracy", "kmeans_nmi", "trustworthiness")
_TOLD = {
    "dataset": "data", "n_train": "train", "n_test": "test", "device": "device", "precision": "precision",
    "threads": "threads", "timing": "timing", "machine": "machine", "n_components": "D",
}  # fmt: skip


class _Column(NamedTuple):
    name: str
    header: str
    form: Callable[..., str]
    higher_is_better: bool | None


def leaderboard_lines(report: Report) -> list[str]:
    """Return the leaderboard as a Markdown table with a line on how to read it."""
    board = report.board
    if board.empty:
        return ["No job ended well, so there is nothing to rank; see the failures below."]
    columns = _columns(board)
    keys = told_apart(board)
    rows = board.to_dict("records")
    best = {column.name: _best(rows, column) for column in columns}
    lines = [
        [
            escape(row["reducer"]),
            *(escape(_key(row[key])) for key in keys),
            *(_cell(row, c, best) for c in columns),
        ]
        for row in rows[:_MOST_ROWS]
    ]
    header = ["reducer", *(_TOLD[key] for key in keys), *(column.header for column in columns)]
    numbers = range(1 + len(keys), len(header))
    more = left_out(len(rows), _MOST_ROWS)
    return [*table(header, lines, numbers), *more, _caption(report, "n_components" in keys)]


def told_apart(board: pd.DataFrame) -> list[str]:
    """Return the columns beside the reducer that differ between rows."""
    return [name for name in _TOLD if board[name].nunique(dropna=False) > 1]


def _columns(board: pd.DataFrame) -> list[_Column]:
    times = [
        _Column("fit_seconds", "fit (s)", seconds, False),
        _Column("transform_seconds", "transform (s)", seconds, False),
    ]
    scores = []
    for name in _scores(board):
        better = METRICS[name].higher_is_better if name in METRICS else None
        form = error if name == "reconstruction_mse" else score
        scores.append(_Column(name, HEADERS.get(name) or escape(name), form, better))
    return times + scores


def _scores(board: pd.DataFrame) -> list[str]:
    """Return the scores that a leaderboard has: those of the suite, then those of plugins."""
    means = [str(name).removesuffix("_std") for name in board.columns if str(name).endswith("_std")]
    return [name for name in means if name not in TIMES + MEMORY and board[name].notna().any()]


def _best(rows: list[dict[Any, Any]], column: _Column) -> str | None:
    """Return the best mean of a column as it is written, so that what looks equal is marked equal."""
    values = [row[column.name] for row in rows if _competes(row, column) and not missing(row[column.name])]
    strange = column.name in TIMES and len({row["machine"] for row in rows}) > 1
    if column.higher_is_better is None or not values or strange:
        return None
    return column.form(max(values) if column.higher_is_better else min(values))


def _competes(row: dict[Any, Any], column: _Column) -> bool:
    """Whether a row can be the best: codes as wide as the data cannot, nor can times of a shared machine."""
    return not row["baseline"] and (column.name not in TIMES or row["timing"] == "exclusive")


def _cell(row: dict[Any, Any], column: _Column, best: dict[str, str | None]) -> str:
    """Return a mean, in bold where it is the best, ± its deviation over seeds (its spread over repeats)."""
    text = column.form(row[column.name])
    parts = [f"**{text}**" if text == best[column.name] and _competes(row, column) else text]
    std = row[f"{column.name}_std"]
    if text != NOT_MEASURED and not text.startswith("<") and not missing(std):
        parts.append(f"± {column.form(std, like=row[column.name])}")
    repeated = row.get(column.name.replace("_seconds", "_spread_seconds")) if column.name in TIMES else None
    return " ".join([*parts, *([] if missing(repeated) else [f"({spread(repeated)})"])])


def _key(value: Any) -> str:
    return NOT_MEASURED if missing(value) else count(value) if isinstance(value, int) else str(value)


def _caption(report: Report, widths: bool) -> str:
    board = report.board
    low, high = int(board["seeds"].min()), int(board["seeds"].max())
    seeds = f"{low} to {high} seeds" if low != high else f"{high} seeds"
    parts = ["Best of each column in bold; – is not measured; sorted by k-NN accuracy, then NMI."]
    if high > 1:
        parts.append(f"Mean ± sample standard deviation over {seeds}.")
    parts += _on_times(board, high > 1)
    if widths:
        parts.append("D is the width of the code.")
    if board["baseline"].any():
        names = ", ".join(escape(name) for name in board.loc[board["baseline"], "reducer"].unique())
        parts.append(f"The codes of {names} are as wide as the data, so it takes no part in the bold.")
    return " ".join(parts)


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


def comparison_lines(report: Report) -> list[str]:
    """Return the CPU beside every other device that was asked for."""
    rows = speedup(report.frame)
    scores = [name for name in _COMPARED if rows[f"{name}_difference"].notna().any()][:2]
    keys = [name for name in told_apart(rows) if name != "device"]
    header = ["reducer", *(_TOLD[key] for key in keys), "device", "fit on CPU (s)", "fit on device (s)"]
    header += ["speed-up", *(f"Δ {HEADERS[name]}" for name in scores), "status"]
    lines = []
    for row in rows[:_MOST_ROWS].to_dict("records"):
        reason = "" if missing(row["error"]) or row["status"] == "ok" else f": {row['error'][:200]}"
        ratio = NOT_MEASURED if missing(row["speedup"]) else f"{row['speedup']:.3g}×"
        names = [row["reducer"], *(_key(row[key]) for key in keys), row["device"]]
        times = [seconds(row["fit_seconds_cpu"]), seconds(row["fit_seconds"]), ratio]
        differences = [_signed(row[f"{name}_difference"]) for name in scores]
        lines.append([*map(escape, names), *times, *differences, escape(row["status"] + reason)])
    if not lines:
        return ["Another device was asked for, but no job of it was recorded."]
    note = "Speed-up above 1: faster than the CPU. Δ: score on the device minus score on the CPU."
    more = left_out(len(rows), _MOST_ROWS, which="first")
    return [*table(header, lines, range(2 + len(keys), len(header) - 1)), *more, note]


def _signed(value: Any) -> str:
    return NOT_MEASURED if missing(value) else f"{value:+.3f}"
