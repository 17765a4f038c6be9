"""How long fitting and transforming take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmark.reporting import style
from benchmark.reporting.figures.readable_axes import log_axis
from benchmark.reporting.table_columns import row_labels

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DEVICE_COLORS = ("#3f90da", "#ffa90e", "#832db6", "#717581")
_STEPS = (("fit_seconds", "fit, training set"), ("transform_seconds", "transform, test set"))
_MOST_ROWS = 120


@style.figure_style()
def times_figure(board: pd.DataFrame) -> Figure | None:
    """Draw fit and transform seconds of a `leaderboard`, slowest fit on top; None without times.

    They are points with their spread over seeds: a logarithmic axis has no origin that a bar could begin at.
    """
    timed = board[board["fit_seconds"].notna()].sort_values("fit_seconds", ascending=False)
    shown = f" ({_MOST_ROWS} slowest of {len(timed):,})" if len(timed) > _MOST_ROWS else ""
    timed = timed[:_MOST_ROWS]
    if timed.empty:
        return None
    timed = timed.assign(label=row_labels(timed, omit=("device",)))
    names = [style.shorten(name, 30) for name in timed["label"].unique()]
    n_devices = timed["device"].nunique()
    height = max(0.3, 0.2 * n_devices + 0.1) * len(names) + 0.95
    figure = style.new_figure(10.0, height)
    left, right = figure.subplots(1, 2, sharey=True)
    inset = 0.035 + 0.0068 * max(map(len, names))
    figure.subplots_adjust(left=inset, right=0.985, wspace=0.05, top=1 - 0.42 / height, bottom=0.42 / height)
    for axes, (column, title) in zip((left, right), _STEPS, strict=True):
        _points(axes, timed, column)
        axes.set_title(title + shown, loc="left", fontsize=style.LARGE)
        axes.set_xlabel("seconds, log scale")
        axes.tick_params(axis="y", length=0, labelsize=style.SMALL + 0.5)
    left.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.45, -0.55))
    if n_devices > 1:
        entries = left.get_legend_handles_labels()
        figure.legend(*entries, loc="upper right", ncols=n_devices, borderaxespad=0.3)
    return figure


def _points(axes: Axes, board: pd.DataFrame, column: str) -> None:
    """Draw the points of a column, a row a label; devices of a label stand one below the other."""
    names, devices = list(board["label"].unique()), sorted(board["device"].unique())
    board = board[board[column].notna()]
    if board.empty:
        axes.set(xticks=[])
        return
    seconds = np.maximum(style.floats(board[column]), 1e-6)
    low, high = seconds.min() / 2, seconds.max()
    # Room on the right for the text beside the longest time.
    log_axis(axes.xaxis, low, high * (high / low) ** 0.22)
    axes.grid(True)
    axes.spines["left"].set_visible(False)
    spread = np.nan_to_num(style.floats(board[f"{column}_std"]))
    # A reducer measured on one device of several has its point beside its name.
    beside = board["device"].map(devices.index).groupby(board["label"])
    shifts = beside.rank(method="min") - (beside.transform("size") + 1) / 2
    places = style.floats(board["label"].map(names.index) + shifts * 0.8 / len(devices))
    for place, device in enumerate(devices):
        here = (board["device"] == device).to_numpy()
        rows, color = places[here], _DEVICE_COLORS[place % len(_DEVICE_COLORS)]
        ends = np.maximum(seconds[here] - spread[here], low), seconds[here] + spread[here]
        axes.hlines(rows, *ends, linewidth=1.5, color=color)
        axes.plot(seconds[here], rows, "o", markersize=5.5, label=device, color=color)
        for right, row, value in zip(ends[1], rows, seconds[here], strict=True):
            axes.annotate(
                style.format_seconds(value), (right, row), (6, 0), textcoords="offset points", va="center",
                fontsize=style.SMALL - 0.5,
            )  # fmt: skip
