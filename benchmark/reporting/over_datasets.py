"""What a run of several datasets says of all of them together."""

from __future__ import annotations

from collections.abc import Container, Sequence
from math import ceil, log2
from typing import TYPE_CHECKING

from benchmark.analysis.across import FEWEST_DATASETS, Differences, differences, mean_ranks, scores_by_dataset
from benchmark.analysis.statistics import CONFIDENCE
from benchmark.reporting.document import Block, Items, Paragraph, Picture, Table
from benchmark.scoring import METRICS

if TYPE_CHECKING:
    import pandas as pd

DIAGRAM = Picture("critical-differences.png", "Mean ranks over datasets; bars join what is not told apart")
_LEVEL = 1 - CONFIDENCE
_PERCENT = f"{100 * _LEVEL:.0f} %"


def across(board: pd.DataFrame, drawn: Container[str]) -> list[Block]:
    """Return the mean ranks of reducers by dataset, and which of them all datasets together tell apart."""
    scores, incomplete = scores_by_dataset(board)
    missing = (
        f" Left out, for they lack a score on some dataset: {', '.join(incomplete)}." if incomplete else ""
    )
    if len(scores) < 2:
        return [Paragraph(f"Fewer than two reducers have the leading scores on all datasets.{missing}")]
    ranks = mean_ranks(scores)
    cells = [
        [str(name), f"{row.mean():.2f}", *(f"{rank:.1f}" for rank in row)] for name, row in ranks.iterrows()
    ]
    shown = Table(["reducer", "all", *ranks.columns], cells, frozenset(range(1, 2 + len(ranks.columns))))
    names = " and ".join(METRICS[name].label for name in dict.fromkeys(scores.columns.get_level_values(1)))
    caption = (
        f"Mean rank by {names} among these {len(scores)} reducers, 1 being the best, on each dataset and "
        f"over all; scores of different data are never averaged.{_on_widths(board)}{missing}"
    )
    return [shown, Paragraph(caption), *_on_differences(differences(scores), ranks.shape[1], drawn)]


def _on_widths(board: pd.DataFrame) -> str:
    widths = board[~board["baseline"]].groupby("dataset")["n_components"].nunique()
    said = " Of several code widths the one that most rows have counts, the widest where they have all."
    return said if (widths > 1).any() else ""


def _on_differences(found: Sequence[Differences], n_datasets: int, drawn: Container[str]) -> list[Block]:
    if not found:
        needed = "three reducers" if n_datasets >= FEWEST_DATASETS else f"{FEWEST_DATASETS} datasets"
        return [Paragraph(f"Whether such differences are more than chance takes {needed} or more to say.")]
    method = (
        "Each dataset counts once. Where Friedman's test tells that the reducers are not all alike, pairs "
        "are compared by Wilcoxon's signed-rank test with Holm's correction; what is not told apart may "
        "still differ."
    )
    limits = [Paragraph(text) for text in dict.fromkeys(map(_limit, found)) if text]
    picture = [DIAGRAM] if DIAGRAM.file in drawn else []
    return [*picture, Paragraph(method), Items([_told(one) for one in found]), *limits]


def _told(found: Differences) -> str:
    p = f"Friedman p {'< 0.001' if found.friedman < 0.001 else f'= {found.friedman:.3f}'}"
    by = f"By {found.metric.label}, {found.n_datasets} datasets"
    if not found.friedman < _LEVEL:
        return f"{by} do not tell the reducers apart ({p})."
    told = int((found.pairs < _LEVEL).to_numpy().sum()) // 2
    return f"{by} tell {told or 'none'} of the {found.n_pairs} pairs of reducers apart at {_PERCENT} ({p})."


def _limit(found: Differences) -> str:
    """Return why no pair can be told apart, where the datasets are too few for that."""
    least = 2 / 2**found.n_datasets
    if least * found.n_pairs < _LEVEL:
        return ""
    corrected = f" ({min(least * found.n_pairs, 1):.3g} after correction)" if least < _LEVEL else ""
    needed = ceil(log2(2 * found.n_pairs / _LEVEL))
    return (
        f"With {found.n_datasets} datasets the smallest p that a pair can have is {least:.3g}{corrected}, so "
        f"none can be told apart at {_PERCENT}, however much it differs; of {len(found.ranks)} reducers, "
        f"that takes {needed} datasets."
    )
