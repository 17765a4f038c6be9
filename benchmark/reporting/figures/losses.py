"""Training loss by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from benchmark.reporting.figures.log_axes import DECADES, set_ticks, ticks_within
from benchmark.reporting.style import GREY, RULE, SMALL, figure_style, halo, new_figure, shorten
from benchmark.reporting.views import View

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINE = "#3f90da"
# Beyond this ratio of the largest loss to the smallest, a linear axis shows only the first epochs.
_LOG_RATIO = 30.0
_MOST_TICKS = 5


@figure_style()
def losses_figure(views: Sequence[View]) -> Figure | None:
    """Draw one panel a reducer that trains by epochs, each with its own loss axis; None without any."""
    shown = [view for view in views if view.losses]
    if not shown:
        return None
    rows = ceil(len(shown) / 4)
    columns = ceil(len(shown) / rows)
    figure = new_figure(2.75 * columns + 0.1, 2.15 * rows + 0.1)
    figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(shown) :]:
        axes.remove()
    for index, (axes, view) in enumerate(zip(grid, shown, strict=False)):
        draw_losses(axes, view)
        axes.set_title(shorten(view.name, 24), loc="left", fontweight="bold")
        axes.set(xlabel="epoch" if index + columns >= len(shown) else "", ylabel="")
        if index % columns == 0:
            axes.set_ylabel("loss")
    return figure


def draw_losses(axes: Axes, view: View) -> None:
    """Draw the loss of a view epoch by epoch; stages of pretraining stand apart, each named on top."""
    from matplotlib.ticker import MaxNLocator

    values = np.concatenate([losses for _, losses in view.losses])
    start = 1
    for index, (name, losses) in enumerate(view.losses):
        epochs = np.arange(start, start + len(losses))
        marker = "o" if len(losses) <= 30 else None
        axes.plot(
            epochs, losses, color=_LINE, linewidth=1.6, marker=marker, markersize=3, solid_capstyle="round"
        )
        if index:
            axes.axvline(start - 0.5, color=RULE, linewidth=1.2, zorder=0)
        if len(view.losses) > 1:
            _name_stage(
                axes, (epochs[0] + epochs[-1]) / 2, name or f"stage {index + 1}", len(losses) / len(values)
            )
        start += len(losses)
    finite = values[np.isfinite(values)]
    if finite.min() > 0 and finite.max() > _LOG_RATIO * finite.min():
        axes.set_yscale("log")
        ticks = ticks_within(DECADES, finite.min(), finite.max())
        set_ticks(axes.yaxis, ticks[:: ceil(len(ticks) / _MOST_TICKS)], "{:.4g}".format)
    else:
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.4g}")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_xlim(0.5, max(len(values), 1) + 0.5)
    axes.margins(y=0.16 if len(view.losses) > 1 else 0.08)
    axes.grid(True, axis="y")


def _name_stage(axes: Axes, middle: float, name: str, share: float) -> None:
    """Name a stage on top, along it, or down where it is too narrow for its name."""
    narrow = len(name) > share * 34
    artist = axes.text(middle, 0.985, shorten(name, 16), transform=axes.get_xaxis_transform(), ha="center",
                       va="top", fontsize=SMALL - 1.5, color=GREY, rotation=90 if narrow else 0)  # fmt: skip
    halo(artist)
