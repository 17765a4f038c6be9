"""What came out of a run, in plain words."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from benchmark.analysis.columns import (
    RANKING,
    TASK,
    TIMED_BESIDE,
    is_control,
    leading_metric,
    of_one_task,
    varying,
)
from benchmark.reporting.document import Inline, Paragraph, Strong, prose
from benchmark.reporting.number_text import count, interval, score
from benchmark.reporting.report_data import ReportData
from benchmark.reporting.style import format_seconds
from benchmark.reporting.table_columns import fitted_said, key_label, row_labels, score_text
from benchmark.scoring import METRICS, Metric

if TYPE_CHECKING:
    import pandas as pd

_MOST_NAMED = 8
# Intervals wider than this are said to be wide.
_WIDE = 0.05


def summary(data: ReportData) -> Paragraph:
    """Return what came out, in one paragraph."""
    board = data.board[~data.board["baseline"]]
    metric = leading_metric(board)
    if metric is None:
        none = "none was measured to the end; the reasons stand below."
        return Paragraph(f"Of the {data.n_reducers} reducers asked for, {none}")
    # The task that most of those measured share.
    known = board[board[metric.name].notna()].sort_values(metric.name, ascending=False, kind="stable")
    ranked = of_one_task(known)
    ranked = ranked.assign(label=row_labels(ranked))
    text = [*_best(data, ranked, metric), *_reservations(ranked, metric)]
    text += _also(ranked, METRICS[RANKING[1]], "The classes fell apart into clusters")
    text += _also(ranked, METRICS["reconstruction_mse"], "Test samples were reconstructed")
    text += _fastest(ranked, metric)
    unreduced = data.board.loc[data.board["baseline"] & ~is_control(data.board), metric.name].dropna()
    if not unreduced.empty:
        text.append(f" Without any reduction the {metric.label} is {score(unreduced.max())}.")
    return Paragraph([*text, *(f" {said}" for said in fitted_said(board))])


def _first(rows: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """Return the rows, best first, that can be the best; the first alone where nothing was told apart."""
    first = rows[(rows[f"{metric.name}_best_rank"] == 1).fillna(False)]
    return rows[:1] if first.empty else first


def _best(data: ReportData, ranked: pd.DataFrame, metric: Metric) -> list[Inline]:
    top, first = ranked.iloc[0], _first(ranked, metric)
    about = interval(top[f"{metric.name}_ci_low"], top[f"{metric.name}_ci_high"], top[metric.name], score)
    counted = "" if ranked[f"{metric.name}_best_rank"].notna().any() else " over seeds alone:"
    measured, asked = ranked["reducer"].nunique(), data.n_reducers
    among = f", of {measured} reducers" if measured > 1 else " (the only one measured)" if asked > 1 else ""
    tasks = [key_label(name, top[name]) for name in varying(data.board[~data.board["baseline"]], TASK)]
    said = "{names} reached the best {metric},"
    if len(first) > 1:
        said = "{names} are not told apart in the best {metric}; the highest is"
    if len(first) == len(ranked) > 1:
        said, among = "these data cannot tell which of {names} has the best {metric}; the highest is", ""
    return prose(
        "On {data}{task}, " + said + " {value}{interval}{among}.", data=data.dataset,
        task=f" ({', '.join(tasks)})" if tasks else "", names=_names(first), metric=metric.label,
        value=score(top[metric.name]), among=among,
        interval=f" (95 % interval{counted} {about})" if about else "",
    )  # fmt: skip


def _also(ranked: pd.DataFrame, metric: Metric, what: str) -> list[Inline]:
    """Return what was best by another metric, as a sentence; nothing where it was not measured."""
    known = ranked[ranked[metric.name].notna()]
    known = known.sort_values(metric.name, ascending=not metric.higher_is_better, kind="stable")
    if known.empty:
        return []
    first = _first(known, metric)
    return prose(
        " {what} best with {names}{apart} ({metric} {value}).", what=what, names=_names(first),
        apart=", which are not told apart" if len(first) > 1 else "", metric=metric.label,
        value=score_text(metric.name)(known[metric.name].iloc[0]),
    )  # fmt: skip


def _names(rows: pd.DataFrame) -> list[Inline]:
    """Return the labels of rows as a list in a sentence."""
    named: list[Inline] = [Strong(label) for label in rows["label"][:_MOST_NAMED]]
    named += [f"{len(rows) - _MOST_NAMED} more"] if len(rows) > _MOST_NAMED else []
    joints = [""] + [", "] * (len(named) - 2) + [" and "]
    return [part for pair in zip(joints, named, strict=False) for part in pair if part]


def _reservations(ranked: pd.DataFrame, metric: Metric) -> list[Inline]:
    """Return what keeps the best from being sure: no predictions, one seed, few test rows."""
    if ranked[f"{metric.name}_best_rank"].isna().all():
        unknown = " Whether others are told apart from it is not known: no predictions were kept."
        return [unknown] if len(ranked) > 1 else []
    widths = ranked[f"{metric.name}_ci_high"] - ranked[f"{metric.name}_ci_low"]
    parts: list[Inline] = []
    if ranked["seeds"].max() == 1:
        parts.append(" One seed was run: what others would change is in no interval.")
    if isfinite(metric.high) and widths.max() > _WIDE:
        rows = count(ranked["n_test"].iloc[0])
        parts.append(f" With {rows} test rows, intervals are up to {widths.max():.2f} wide.")
    return parts


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
