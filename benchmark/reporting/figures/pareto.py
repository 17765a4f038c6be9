"""Quality against training time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.analysis.statistics import pareto_front
from benchmark.reporting import style
from benchmark.reporting.figures.readable_axes import label_points, log_axis
from benchmark.reporting.table_columns import marked_unreduced, row_labels
from benchmark.scoring import METRICS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
_PAIRS = (("knn_accuracy", "kmeans_nmi"), ("trustworthiness", "continuity"))
# A fit shorter than this is drawn here: what is below is clock noise, and would stretch the axis.
_SHORTEST = 1e-3
_MOST_ROWS = 6
_MOST_LABELS = 60
# With more reducers than this, panels are taller and long names shorter.
_CROWDED = 18


@style.figure_style()
def pareto_figure(board: pd.DataFrame) -> Figure | None:
    """Draw accuracy and NMI (without labels: trustworthiness and continuity) against fit seconds.

    `board` is a `leaderboard` with a boolean column ``baseline`` that marks rows that reduce nothing: they
    appear in the panels of every code width, of which each has a row. None where there is nothing to draw.
    """
    timed = board[board["fit_seconds"].notna()]
    measured = ([name for name in pair if timed[name].notna().any()] for pair in _PAIRS)
    panels = next(filter(None, measured), None)
    if panels is None:
        return None
    widths, rows, left_out = _rows_by_width(timed)
    styles = style.reducer_styles(board["reducer"])
    tall = 4.9 if board["reducer"].nunique() <= _CROWDED else 6.6
    width, height = 5.4 * len(panels) + 0.2, tall * len(rows) + 0.35
    figure = style.new_figure(width, height)
    axes = figure.subplots(len(rows), len(panels), squeeze=False)
    figure.subplots_adjust(left=0.7 / width, right=1 - 0.2 / width, bottom=0.55 / height,
                           top=1 - 0.62 / height, wspace=0.18, hspace=0.28)  # fmt: skip
    for line, part, components in zip(axes, rows, widths, strict=True):
        for panel, name in zip(line, panels, strict=True):
            title = METRICS[name].label + (f", {components}-D codes" if len(widths) > 1 else "")
            _draw(panel, part[part[name].notna()], name, title, styles)
    _legend(figure, timed, f"{len(widths)} of {len(widths) + left_out} code widths" if left_out else "")
    return figure


def _rows_by_width(board: pd.DataFrame) -> tuple[list[int], list[pd.DataFrame], int]:
    """Split a board by code width; widths that few reducers have join the most common one.

    Of many widths, `_MOST_ROWS` from the smallest to the largest are kept; the last value returned
    counts those that are left out.
    """
    counts = board.loc[~board["baseline"], "n_components"].value_counts()
    frequent = sorted(int(width) for width in counts.index[counts >= counts.max() / 2])
    if len(frequent) < 2:
        return frequent[:1] or [0], [board], 0
    places = np.linspace(0, len(frequent) - 1, min(_MOST_ROWS, len(frequent))).round().astype(int)
    widths = [frequent[place] for place in places]
    common = next(int(width) for width in counts.index if width in widths)
    home = board["n_components"].where(board["n_components"].isin(frequent), common)
    rows = [board[board["baseline"] | (home == width)] for width in widths]
    return widths, rows, len(frequent) - len(widths)


def _draw(
    axes: Axes, board: pd.DataFrame, metric: str, title: str, styles: dict[str, tuple[str, str]]
) -> None:
    axes.set_title(f"{title} (higher is better)", loc="left", fontsize=style.LARGE)
    axes.grid(True)
    if board.empty:
        axes.set(xticks=[], yticks=[])
        return
    # The CPU is drawn last, so that it stays on top where devices coincide.
    board = board.sort_values("device", key=lambda device: device == "cpu", kind="stable")
    x = np.maximum(style.floats(board["fit_seconds"]), _SHORTEST)
    y = style.floats(board[metric])
    spread = np.nan_to_num(style.floats(board[f"{metric}_std"]))
    _limits(axes, x, y - spread, y + spread)
    reduced = ~board["baseline"].to_numpy()
    # Times of different machines do not compare, so no front leads through them.
    if board["machine"].nunique() == 1 and reduced.any():
        front = np.flatnonzero(reduced)[pareto_front(x[reduced], y[reduced])]
        front = front[np.argsort(x[front])]
        axes.step([*x[front], axes.get_xlim()[1]], [*y[front], y[front].max()], where="post",
                  color=style.RULE, linewidth=4, zorder=1)  # fmt: skip
    axes.vlines(x, y - spread, y + spread, color=style.GREY, linewidth=0.9, zorder=3)
    for device, name, left, height in zip(board["device"], board["reducer"], x, y, strict=True):
        color, marker = styles[name]
        axes.plot(left, height, **_marker(device, color), marker=marker, zorder=4)
    _name(axes, board, x, y, spread)


def _marker(device: str, color: str) -> dict[str, Any]:
    fill, size = style.device_fill(device, color), {"markersize": 6.5, "markeredgewidth": 1.3}
    return {"linestyle": "", "color": color, "markerfacecolor": fill, **size}


def _limits(axes: Axes, x: Floats, low: Floats, high: Floats) -> None:
    ratio = max(x.max() / x.min(), 4.0) ** 0.12
    log_axis(axes.xaxis, x.min() / ratio, x.max() * ratio)
    height = high.max() - low.min()
    # An axis narrower than this would make noise look like a difference.
    room = max(height * 0.08, (0.02 - height) / 2)
    axes.set_ylim(low.min() - room, high.max() + room)
    least = f"{_SHORTEST * 1000:g} ms"
    short = f" (below {least} drawn at {least})" if x.min() <= _SHORTEST else ""
    axes.set_xlabel(f"training time, log scale{short}")


def _name(axes: Axes, board: pd.DataFrame, x: Floats, y: Floats, spread: Floats) -> None:
    """Label every reducer once; a thin line leads from there to the same reducer on other devices."""
    labels = np.array(_labels(board))
    first = []
    for label in list(dict.fromkeys(labels))[:_MOST_LABELS]:
        where = np.flatnonzero(labels == label)
        if len(where) > 1:
            axes.plot(x[where], y[where], color=style.GREY, linewidth=0.7, linestyle=":", zorder=2)
        first.append(where[-1])
    drawn = np.vstack([np.column_stack([x, y + share * spread]) for share in (0, -1, -0.5, 0.5, 1)])
    longest = 34 if len(first) <= _CROWDED else 22
    texts = [style.shorten(labels[place], longest) for place in first]
    label_points(axes, x[first], y[first], texts, np.unique(drawn, axis=0))


def _labels(board: pd.DataFrame) -> list[str]:
    """Return a label a row, which tells a code width only where it is not the panel's own."""
    own = board.loc[~board["baseline"], "n_components"].mode().min()
    guests = (board["n_components"] != own).fillna(False) & ~board["baseline"]
    labels = row_labels(board, omit=("device", "n_components"))
    widths = zip(labels, guests, board["n_components"], strict=True)
    named = [f"{label} ({width}-D)" if guest else label for label, guest, width in widths]
    return marked_unreduced(named, board)


def _legend(figure: Figure, board: pd.DataFrame, note: str) -> None:
    from matplotlib.lines import Line2D

    entries: dict[str, dict[str, Any]] = {}
    if board["machine"].nunique() == 1:
        entries["Pareto front: no reducer is both faster and better"] = {"color": style.RULE, "linewidth": 4}
    devices = sorted(board["device"].unique())
    if len(devices) > 1:
        entries |= {device: {**_marker(device, style.GREY), "marker": "o"} for device in devices}
    if (board["seeds"] > 1).any():
        entries["± standard deviation over seeds"] = {"color": style.GREY, "linewidth": 0.8}
    if note:
        entries[note] = {"linestyle": ""}
    handles = [Line2D([], [], label=label, **look) for label, look in entries.items()]
    figure.legend(handles=handles, loc="upper left", ncols=max(len(handles), 1), fontsize=style.SMALL,
                  bbox_to_anchor=(0.5 / figure.get_figwidth(), 1.0), borderaxespad=0.3)  # fmt: skip
