"""What came out of a run, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.reporting.names import escape
from benchmark.reporting.report import Report
from benchmark.reporting.style import format_seconds
from benchmark.reporting.text import score

if TYPE_CHECKING:
    import pandas as pd


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
    # Times of different machines do not compare: the best reducer's own is the one to look at.
    where = _on(near) if near["machine"].nunique() > 1 else ""
    near = near[near["machine"] == near["machine"].iloc[0]]
    alone = near[near["timing"] == "exclusive"]
    quick = (near if alone.empty else alone).sort_values("fit_seconds", kind="stable").iloc[0]
    shared = " while other jobs ran on the machine" if alone.empty else ""
    among = " of those timed alone" if 0 < len(alone) < len(near) else ""
    return (f"The fastest{among} within 1 % of the best {told} is **{escape(quick['reducer'])}**, fitted in "
            f"{format_seconds(float(quick['fit_seconds']))} on {escape(quick['device'])}{shared}{where} "
            f"({score(quick[metric])}).")  # fmt: skip


def _on(near: pd.DataFrame) -> str:
    return f" of machine {escape(near['machine'].iloc[0])}, the others left out"


def _beside_baseline(board: pd.DataFrame, metric: str, told: str) -> str:
    values = board.loc[board["baseline"], metric].dropna()
    return "" if values.empty else f"Without any reduction the {told} is {score(values.max())}."
