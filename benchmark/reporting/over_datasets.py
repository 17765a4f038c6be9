"""What a run of several datasets says of all of them together, and its diagram."""

from __future__ import annotations

from collections.abc import Container, Sequence
from math import ceil, log2
from typing import TYPE_CHECKING

from benchmark.analysis.across import FEWEST_DATASETS, Differences, differences, mean_ranks, scores_by_dataset
from benchmark.analysis.statistics import CONFIDENCE
from benchmark.reporting import style
from benchmark.reporting.document import Block, Items, Paragraph, Picture, Table
from benchmark.scoring import METRICS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DIAGRAM = Picture("critical-differences.png", "Mean ranks over datasets; bars join what is not told apart")
_LEVEL = 1 - CONFIDENCE
_PERCENT = f"{100 * _LEVEL:.0f} %"
# Inches: of the figure, beside the axes for names, above them for a title, and of a line of names.
_WIDTH, _NAMES, _TITLE, _LINE = 9.0, 2.4, 0.65, 0.24


def across(board: pd.DataFrame, drawn: Container[str]) -> list[Block]:
    """Return the mean ranks of reducers by dataset, and which of them all datasets together tell apart."""
    scores, incomplete = scores_by_dataset(board)
    said = []
    if incomplete:
        said.append(f"Left out, for they lack a score on some dataset: {', '.join(incomplete)}.")
    if len(scores) < 2:
        none = "Fewer than two reducers have the leading scores on all datasets."
        return [Paragraph(" ".join([none, *said]))]
    ranks = mean_ranks(scores)
    cells = [[str(name), f"{row.mean():.2f}", *map("{:.1f}".format, row)] for name, row in ranks.iterrows()]
    shown = Table(["reducer", "all", *ranks.columns], cells, frozenset(range(1, 2 + len(ranks.columns))))
    names = " and ".join(METRICS[name].label for name in dict.fromkeys(scores.columns.get_level_values(1)))
    widths = board[~board["baseline"]].groupby("dataset")["n_components"].nunique()
    if (widths > 1).any():
        widest = "the widest where they have all"
        said.insert(0, f"Of several code widths the one that most rows have counts, {widest}.")
    said.insert(0, f"Mean rank by {names} among these {len(scores)} reducers, 1 being the best, on each "
                "dataset and over all; scores of different data are never averaged.")  # fmt: skip
    return [shown, Paragraph(" ".join(said)), *_on_differences(differences(scores), ranks.shape[1], drawn)]


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


@style.figure_style()
def critical_differences_figure(found: Sequence[Differences]) -> Figure | None:
    """Draw the diagram of Demšar (2006), one a metric, of the same reducers; None where there are none.

    Dots on a bar are reducers that are not told apart.
    """
    if not found:
        return None
    figure = style.new_figure(_WIDTH, 1.0)
    panels = [figure.add_axes((0, 0, 1, 1)) for _ in found]
    depths = [_LINE * _draw(axes, one) for axes, one in zip(panels, found, strict=True)]
    height = bottom = sum(depths) + _TITLE * len(depths)
    figure.set_size_inches(_WIDTH, height)
    for axes, depth in zip(panels, depths, strict=True):
        bottom -= _TITLE + depth
        axes.set_position((_NAMES / _WIDTH, bottom / height, 1 - 2 * _NAMES / _WIDTH, depth / height))
    return figure


def _draw(axes: Axes, found: Differences) -> float:
    """Draw the diagram of a metric; return its depth in lines of names."""
    from scikit_posthocs import critical_difference_diagram

    names = list(found.ranks.index)
    drawn = critical_difference_diagram(
        found.ranks, found.pairs, ax=axes, alpha=_LEVEL, text_h_margin=0.02 * (len(names) - 1),
        label_fmt_left="{label}  {rank:.1f}", label_fmt_right="{rank:.1f}  {label}",
        label_props={"fontsize": style.SMALL + 0.5},
        marker_props={"s": 18, "color": style.INK, "clip_on": False},
        elbow_props={"linewidth": 0.9, "color": style.GREY, "clip_on": False},
        crossbar_props={"color": style.PETROFF_10[0], "linewidth": 2.5, "marker": "o", "clip_on": False},
    )  # fmt: skip
    for text in drawn["labels"]:
        text.set(color=style.INK, text=f" {style.shorten(text.get_text(), 34)} ")
    axes.spines["top"].set_visible(True)
    depth: float = 0.6 - min(text.get_position()[1] for text in drawn["labels"])
    axes.set(xlim=(1, len(names)), ylim=(-depth, 0), xticks=range(1, len(names) + 1, 1 + len(names) // 20))
    title = f"{found.metric.label}: mean rank over {found.n_datasets} datasets, best on the left"
    axes.set_title(title, loc="left", x=0.05 - _NAMES / (_WIDTH - 2 * _NAMES), fontsize=style.LARGE)
    return depth
