"""How long fitting and transforming take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.reporting import style
from benchmark.reporting.figures.log_axes import time_axis
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
    labels = np.array(row_labels(timed, omit=("device",)))
    names = list(dict.fromkeys(labels))
    devices = sorted(timed["device"].unique())
    height = max(0.3, 0.2 * len(devices) + 0.1) * len(names) + 0.95
    figure = style.new_figure(10.0, height)
    left, right = figure.subplots(1, 2, sharey=True)
    inset = 0.35 + 0.068 * max(len(style.shorten(name, 30)) for name in names)
    figure.subplots_adjust(
        left=inset / 10, right=0.985, wspace=0.05, top=1 - 0.42 / height, bottom=0.42 / height
    )
    for axes, (column, title) in zip((left, right), _STEPS, strict=True):
        _points(axes, timed, column, labels, names, devices)
        axes.set_title(title + shown, loc="left", fontsize=style.LARGE)
        axes.set_xlabel("seconds, log scale")
    left.set(
        yticks=range(len(names)),
        yticklabels=[style.shorten(name, 30) for name in names],
        ylim=(len(names) - 0.45, -0.55),
    )
    left.tick_params(axis="y", length=0, labelsize=style.SMALL + 0.5)
    right.tick_params(axis="y", length=0)
    if len(devices) > 1:
        figure.legend(
            *left.get_legend_handles_labels(), loc="upper right", ncols=len(devices), borderaxespad=0.3
        )
    return figure


def _points(axes: Axes, board: pd.DataFrame, column: str, labels: NDArray[np.str_], names: list[str],
          devices: list[str]) -> None:  # fmt: skip
    seconds = np.maximum(style.floats(board[column]), 1e-6)
    if not np.isfinite(seconds).any():
        axes.set(xticks=[])
        return
    low, high = np.nanmin(seconds) / 2, np.nanmax(seconds)
    # Room on the right for the text beside the longest time.
    time_axis(axes.xaxis, low, high * (high / low) ** 0.22)
    axes.grid(True)
    axes.spines["left"].set_visible(False)
    thickness = 0.8 / len(devices)
    measured = np.isfinite(seconds)
    beside = {name: sorted(board["device"][measured & (labels == name)]) for name in names}
    for place, device in enumerate(devices):
        here = np.flatnonzero((board["device"] == device).to_numpy() & measured)
        # A reducer measured on one device of several has its point beside its name.
        shifts = [beside[name].index(device) - (len(beside[name]) - 1) / 2 for name in labels[here]]
        rows = np.array([names.index(name) for name in labels[here]]) + np.array(shifts) * thickness
        look: dict[str, Any] = {"color": _DEVICE_COLORS[place % len(_DEVICE_COLORS)]}
        spread = np.nan_to_num(style.floats(board[f"{column}_std"]))[here]
        ends = np.maximum(seconds[here] - spread, low), seconds[here] + spread
        axes.hlines(rows, *ends, linewidth=1.5, **look)
        axes.plot(seconds[here], rows, "o", markersize=5.5, label=device, **look)
        for right, row, value in zip(ends[1], rows, seconds[here], strict=True):
            axes.annotate(
                style.format_seconds(value), (right, row), (6, 0), textcoords="offset points", va="center",
                fontsize=style.SMALL - 0.5,
            )  # fmt: skip
