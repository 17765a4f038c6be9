"""The leaderboard, the devices side by side, and the answer in plain words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmark.analysis.tables import MEMORY, TIMES, speedup
from benchmark.reporting.names import escape
from benchmark.reporting.report import Report
from benchmark.reporting.style import format_seconds
from benchmark.reporting.text import NOT_MEASURED, count, error, missing, score, seconds, table
from benchmark.scoring import METRICS

if TYPE_CHECKING:
    import pandas as pd

HEADERS = {
    "kmeans_nmi": "NMI", "kmeans_ari": "ARI", "kmeans_accuracy": "cluster acc.", "knn_accuracy": "k-NN",
    "forest_accuracy": "forest", "linear_accuracy": "linear", "reconstruction_mse": "MSE",
    "trustworthiness": "trust.", "continuity": "cont.",
}  # fmt: skip
_COMPARED = ("knn_accuracy", "kmeans_nmi", "trustworthiness")
_TOLD = {
    "dataset": "data", "n_train": "train", "n_test": "test", "device": "device", "precision": "precision",
    "threads": "threads", "n_components": "D",
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
    best = {column.name: _best(board, column) for column in columns}
    rows = [
        [
            escape(row["reducer"]),
            *(escape(_key(row[key])) for key in keys),
            *(_cell(row, c, best) for c in columns),
        ]
        for row in board.to_dict("records")
    ]
    header = ["reducer", *(_TOLD[key] for key in keys), *(column.header for column in columns)]
    return [*table(header, rows, range(1 + len(keys), len(header))), _caption(report, "n_components" in keys)]


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


def _best(board: pd.DataFrame, column: _Column) -> str | None:
    """Return the best mean of a column as it is written, so that what looks equal is marked equal."""
    values = board.loc[~board["baseline"], column.name].dropna()
    if column.higher_is_better is None or values.empty:
        return None
    return column.form(values.max() if column.higher_is_better else values.min())


def _cell(row: dict[Any, Any], column: _Column, best: dict[str, str | None]) -> str:
    text = column.form(row[column.name])
    marked = f"**{text}**" if text == best[column.name] and not row["baseline"] else text
    std = row[f"{column.name}_std"]
    if text == NOT_MEASURED or text.startswith("<") or missing(std):
        return marked
    return f"{marked} ± {column.form(std, like=row[column.name])}"


def _key(value: Any) -> str:
    return NOT_MEASURED if missing(value) else count(value) if isinstance(value, int) else str(value)


def _caption(report: Report, widths: bool) -> str:
    board = report.board
    low, high = int(board["seeds"].min()), int(board["seeds"].max())
    seeds = f"{low} to {high} seeds" if low != high else f"{high} seeds"
    parts = ["Best of each column in bold; – is not measured; sorted by k-NN accuracy, then NMI."]
    if high > 1:
        parts.append(f"Mean ± sample standard deviation over {seeds}.")
    if widths:
        parts.append("D is the width of the code.")
    if board["baseline"].any():
        names = ", ".join(escape(name) for name in board.loc[board["baseline"], "reducer"].unique())
        parts.append(f"The codes of {names} are as wide as the data, so it takes no part in the bold.")
    return " ".join(parts)


def comparison_lines(report: Report) -> list[str]:
    """Return the CPU beside every other device that was asked for."""
    rows = speedup(report.frame)
    scores = [name for name in _COMPARED if rows[f"{name}_difference"].notna().any()][:2]
    keys = [name for name in told_apart(rows) if name != "device"]
    header = ["reducer", *(_TOLD[key] for key in keys), "device", "fit on CPU (s)", "fit on device (s)"]
    header += ["speed-up", *(f"Δ {HEADERS[name]}" for name in scores), "status"]
    lines = []
    for row in rows.to_dict("records"):
        reason = "" if missing(row["error"]) or row["status"] == "ok" else f": {row['error'][:200]}"
        ratio = NOT_MEASURED if missing(row["speedup"]) else f"{row['speedup']:.3g}×"
        names = [row["reducer"], *(_key(row[key]) for key in keys), row["device"]]
        times = [seconds(row["fit_seconds_cpu"]), seconds(row["fit_seconds"]), ratio]
        differences = [_signed(row[f"{name}_difference"]) for name in scores]
        lines.append([*map(escape, names), *times, *differences, escape(row["status"] + reason)])
    if not lines:
        return ["Another device was asked for, but no job of it was recorded."]
    note = "Speed-up above 1: faster than the CPU. Δ: score on the device minus score on the CPU."
    return [*table(header, lines, range(2 + len(keys), len(header) - 1)), note]


def _signed(value: Any) -> str:
    return NOT_MEASURED if missing(value) else f"{value:+.3f}"


def answer(report: Report) -> str:
    """Return what came out, in one paragraph of plain words."""
    board = report.board[~report.board["baseline"]]
    metric = next((m for m in ("knn_accuracy", "trustworthiness") if board[m].notna().any()), None)
    asked = report.frame["reducer"].nunique()
    if metric is None:
        return f"Of the {asked} reducers asked for, none was measured to the end; the reasons stand below."
    told = "k-NN accuracy" if metric == "knn_accuracy" else metric
    ranked = board[board[metric].notna()].sort_values(metric, ascending=False, kind="stable")
    top = ranked.iloc[0]
    parts = [f"On {escape(report.dataset)}, **{escape(top['reducer'])}** reached the best {told}, "
             f"{score(top[metric])}{_among(ranked, asked)}."]  # fmt: skip
    if board["kmeans_nmi"].notna().any():
        cluster = board.sort_values("kmeans_nmi", ascending=False, kind="stable").iloc[0]
        parts.append(f"The classes fell apart into clusters best with **{escape(cluster['reducer'])}** "
                     f"(k-means NMI {score(cluster['kmeans_nmi'])}).")  # fmt: skip
    parts += [_fastest(ranked, metric, told), _beside_baseline(report.board, metric, told)]
    return " ".join(part for part in parts if part)


def _among(ranked: pd.DataFrame, asked: int) -> str:
    measured = ranked["reducer"].nunique()
    return f", of {measured} reducers" if measured > 1 else (" (the only one measured)" if asked > 1 else "")


def _fastest(ranked: pd.DataFrame, metric: str, told: str) -> str:
    near = ranked[(ranked[metric] >= 0.99 * ranked[metric].max()) & ranked["fit_seconds"].notna()]
    if near.empty:
        return ""
    quick = near.sort_values("fit_seconds", kind="stable").iloc[0]
    return (f"The fastest within 1 % of the best {told} is **{escape(quick['reducer'])}**, fitted in "
            f"{format_seconds(float(quick['fit_seconds']))} on {escape(quick['device'])} "
            f"({score(quick[metric])}).")  # fmt: skip


def _beside_baseline(board: pd.DataFrame, metric: str, told: str) -> str:
    values = board.loc[board["baseline"], metric].dropna()
    return "" if values.empty else f"Without any reduction the {told} is {score(values.max())}."
