"""Critical differences: the mean ranks of reducers over datasets, and which of them are not told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.analysis.across import Differences
from benchmark.analysis.statistics import CONFIDENCE
from benchmark.reporting import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches: of the figure, beside the axes for names, above them for a title, and of a line of names.
_WIDTH, _NAMES, _TITLE, _LINE = 9.0, 2.4, 0.65, 0.24


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
        found.ranks,
        found.pairs,
        ax=axes,
        alpha=1 - CONFIDENCE,
        label_fmt_left="{label}  {rank:.1f}",
        label_fmt_right="{rank:.1f}  {label}",
        label_props={"fontsize": style.SMALL + 0.5},
        marker_props={"s": 18, "color": style.INK, "clip_on": False},
        elbow_props={"linewidth": 0.9, "color": style.GREY, "clip_on": False},
        crossbar_props={"color": style.PETROFF_10[0], "linewidth": 2.5, "marker": "o", "clip_on": False},
        text_h_margin=0.02 * (len(names) - 1),
    )
    for text in drawn["labels"]:
        text.set(color=style.INK, text=f" {style.shorten(text.get_text(), 34)} ")
    axes.spines["top"].set_visible(True)
    depth: float = 0.6 - min(text.get_position()[1] for text in drawn["labels"])
    axes.set(xlim=(1, len(names)), ylim=(-depth, 0), xticks=range(1, len(names) + 1, 1 + len(names) // 20))
    title = f"{found.metric.label}: mean rank over {found.n_datasets} datasets, best on the left"
    axes.set_title(title, loc="left", x=0.05 - _NAMES / (_WIDTH - 2 * _NAMES), fontsize=style.LARGE)
    return depth
