"""What came out of a run, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.analysis.columns import RANKING, TIMED_BESIDE
from benchmark.reporting.document import Inline, Paragraph, prose
from benchmark.reporting.number_text import score
from benchmark.reporting.report_data import ReportData
from benchmark.reporting.style import format_seconds
from benchmark.scoring import METRICS, Metric

if TYPE_CHECKING:
    import pandas as pd

_ACCURACY, _CLUSTERS, _STRUCTURE = (METRICS[name] for name in RANKING)


def summary(data: ReportData) -> Paragraph:
    """Return what came out, in one paragraph."""
    board = data.board[~data.board["baseline"]]
    metric = next((m for m in (_ACCURACY, _STRUCTURE) if board[m.name].notna().any()), None)
    asked = data.frame["reducer"].nunique()
    if metric is None:
        return Paragraph(
            f"Of the {asked} reducers asked for, none was measured to the end; the reasons stand below."
        )
    ranked = _ranked(board, metric)
    top = ranked.iloc[0]
    text = prose(
        "On {data}, **{name}** reached the best {metric}, {value}{among}.", data=data.dataset,
        name=top["reducer"], metric=metric.label, value=score(top[metric.name]), among=_among(ranked, asked),
    )  # fmt: skip
    clusters = _ranked(board, _CLUSTERS)
    if not clusters.empty:
        text += prose(
            " The classes fell apart into clusters best with **{name}** ({metric} {value}).",
            name=clusters["reducer"].iloc[0], metric=_CLUSTERS.label,
            value=score(clusters[_CLUSTERS.name].iloc[0]),
        )  # fmt: skip
    text += _fastest(ranked, metric)
    unreduced = data.board.loc[data.board["baseline"], metric.name].dropna()
    if not unreduced.empty:
        text.append(f" Without any reduction the {metric.label} is {score(unreduced.max())}.")
    return Paragraph(text)


def _ranked(board: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    known = board[board[metric.name].notna()]
    return known.sort_values(metric.name, ascending=False, kind="stable")


def _among(ranked: pd.DataFrame, asked: int) -> str:
    measured = ranked["reducer"].nunique()
    return f", of {measured} reducers" if measured > 1 else (" (the only one measured)" if asked > 1 else "")


def _fastest(ranked: pd.DataFrame, metric: Metric) -> list[Inline]:
    near = ranked[(ranked[metric.name] >= 0.99 * ranked[metric.name].max()) & ranked["fit_seconds"].notna()]
    if near.empty:
        return []
    # Times of different machines do not compare: the best reducer's own is the one to look at.
    machine = near["machine"].iloc[0]
    where = f" of machine {machine}, the others left out" if near["machine"].nunique() > 1 else ""
    near = near[near["machine"] == machine]
    alone = near[near["timing"] == "exclusive"]
    quick = (near if alone.empty else alone).sort_values("fit_seconds", kind="stable").iloc[0]
    beside = TIMED_BESIDE.get(quick["timing"])
    shared = f" while {beside} ran on the machine" if beside else ""
    return prose(
        " The fastest{among} within 1 % of the best {metric} is **{name}**, fitted in {time} on "
        "{device}{where} ({value}).",
        among=" of those timed alone" if 0 < len(alone) < len(near) else "", metric=metric.label,
        name=quick["reducer"], time=format_seconds(float(quick["fit_seconds"])), device=quick["device"],
        where=shared + where, value=score(quick[metric.name]),
    )  # fmt: skip
