"""The trade-off: a quality against a cost, both of the reader's choice, with the front of what none beats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.models import ColumnDataSource, CustomJS, HoverTool, LabelSet, Select
from bokeh.plotting import figure

from benchmark.analysis.columns import of_one_task
from benchmark.analysis.statistics import pareto_front
from benchmark.reporting import style
from benchmark.reporting.figures.readable_axes import spread
from benchmark.reporting.page import INPUT, LINE, MUTED, Widget
from benchmark.reporting.table_columns import marked_unreduced, row_labels
from benchmark.scoring import METRICS

if TYPE_CHECKING:
    import pandas as pd

_COSTS = {
    "fit_seconds": "seconds to fit", "transform_seconds": "seconds to transform the test set",
    "warmup_seconds": "seconds to warm up", "peak_memory_mb": "peak memory, MiB",
}  # fmt: skip
# What is smaller is drawn here: below is clock noise, and would stretch the axis.
_LEAST = 1e-3
_WINDOW = 1000, 380
_CHANGE = """
const key = cost.value + "|" + quality.value
source.data = {...source.data, x: source.data[cost.value], y: source.data[quality.value],
  low: source.data[quality.value + " low"], high: source.data[quality.value + " high"],
  right: labels[key][0], above: labels[key][1]}
front.data = fronts[key]
across.axis_label = titles[cost.value] + ", log scale"
up.axis_label = titles[quality.value]
"""


def trade_off_widget(board: pd.DataFrame) -> Widget | None:
    """Return a point a row of a leaderboard; None where there is no cost or no quality."""
    measured = [name for name in board if board[name].notna().any()]
    costs = [name for name in _COSTS if name in measured]
    qualities = [n for n, m in METRICS.items() if n in measured and m.higher_is_better is not None]
    if not costs or not qualities:
        return None
    titles = {name: _COSTS[name] for name in costs}
    for name in qualities:
        better = "higher" if METRICS[name].higher_is_better else "lower"
        titles[name] = f"{METRICS[name].label} ({better} is better)"
    columns = _columns(board, costs, qualities)
    pairs = {f"{c}|{q}": (c, q) for c in costs for q in qualities}
    fronts = {key: _front(board, *pair) for key, pair in pairs.items()}
    labels = {key: _labels(columns, *pair) for key, pair in pairs.items()}
    cost, quality = (
        Select(title=title, value=names[0], options=[(name, titles[name]) for name in names], width=240,
               stylesheets=[INPUT])
        for title, names in (("Cost", costs), ("Quality", qualities))
    )  # fmt: skip
    # As `_CHANGE` sets them.
    first = f"{cost.value}|{quality.value}"
    right, above = labels[first]
    source = ColumnDataSource(columns | {
        "x": columns[cost.value], "y": columns[quality.value], "low": columns[f"{quality.value} low"],
        "high": columns[f"{quality.value} high"], "right": right, "above": above,
    })  # fmt: skip
    front = ColumnDataSource(fronts[first])
    plot = _plot(source, front, titles[cost.value], titles[quality.value])
    change = CustomJS(code=_CHANGE, args={
        "cost": cost, "quality": quality, "source": source, "front": front, "fronts": fronts,
        "labels": labels, "titles": titles, "across": plot.xaxis[0], "up": plot.yaxis[0],
    })  # fmt: skip
    for choice in (cost, quality):
        choice.js_on_change("value", change)
    return Widget([plot], [cost, quality])


def _columns(board: pd.DataFrame, costs: list[str], qualities: list[str]) -> dict[str, Any]:
    styles = style.reducer_styles(board["reducer"])
    found: dict[str, Any] = {
        "name": marked_unreduced(row_labels(board), board),
        "color": [styles[name][0] for name in board["reducer"]],
        "fill": [0.9 if device == "cpu" else 0.15 for device in board["device"]],
    }
    for name in costs:
        found[name] = np.maximum(style.floats(board[name]), _LEAST)
    for name in qualities:
        found[name] = style.floats(board[name])
        for end in ("low", "high"):
            ends = board.get(f"{name}_ci_{end}", board[name])
            found[f"{name} {end}"] = style.floats(ends.fillna(board[name]))
    return found


def _labels(columns: dict[str, Any], cost: str, quality: str) -> tuple[list[float], list[float]]:
    """Return how far right of its point, and above, each name is written, in pixels, so that none overlap.

    The plot is taken to be as large as it is in a window of `_WINDOW` pixels.
    """
    x, y = np.log(columns[cost]), columns[quality]
    known = np.isfinite(x) & np.isfinite(y)
    moved = np.column_stack([np.full(len(x), 8.0), np.full(len(x), -6.0)])
    if known.sum() > 1:
        scaled = [
            size * (values[known] - values[known].min()) / max(float(np.ptp(values[known])), 1e-12)
            for values, size in ((x, _WINDOW[0]), (y, _WINDOW[1]))
        ]
        sizes = np.array([[7.0 * len(columns["name"][k]), 15.0] for k in np.flatnonzero(known)])
        centres = np.column_stack([scaled[0] + 8.0 + sizes[:, 0] / 2, scaled[1]])
        moved[known] += spread(centres, sizes) - centres
    return moved[:, 0].tolist(), moved[:, 1].tolist()


def _front(board: pd.DataFrame, cost: str, quality: str) -> dict[str, list[float]]:
    """Return the front through rows that reduce, of one task and one machine: others do not compare."""
    rows = of_one_task(board[~board["baseline"]])
    if rows["machine"].nunique() != 1:
        return {"x": [], "y": []}
    x, y = np.maximum(style.floats(rows[cost]), _LEAST), style.floats(rows[quality])
    front = pareto_front(x, y if METRICS[quality].higher_is_better else -y)
    order = np.argsort(x[front], kind="stable")
    return {"x": x[front][order].tolist(), "y": y[front][order].tolist()}


def _plot(source: ColumnDataSource, front: ColumnDataSource, cost: str, quality: str) -> Any:
    plot = figure(
        height=460, sizing_mode="stretch_width", x_axis_type="log", tools="pan,wheel_zoom,box_zoom,reset",
        x_axis_label=f"{cost}, log scale", y_axis_label=quality, background_fill_alpha=0, border_fill_alpha=0,
        outline_line_color=None,
    )  # fmt: skip
    plot.step("x", "y", source=front, mode="after", line_width=5, line_color=LINE, line_alpha=0.35)
    # Of what is drawn as a glyph the axis takes care that it has room.
    plot.segment("x", "low", "x", "high", source=source, line_color=LINE)
    points = plot.scatter("x", "y", source=source, size=10, color="color", fill_alpha="fill", line_width=1.5)
    plot.add_layout(LabelSet(x="x", y="y", text="name", source=source, x_offset="right", y_offset="above",
                             text_font_size="12px", text_color=MUTED))  # fmt: skip
    said = [("", "@name"), ("cost", "@x{0.[0000]}"), ("quality", "@y{0.000}")]
    plot.add_tools(HoverTool(renderers=[points], tooltips=said))
    plot.x_range.range_padding = 0.25  # names stand to the right of their points
    for axis in plot.axis:
        axis.axis_label_text_color = axis.major_label_text_color = MUTED
        axis.axis_line_color = axis.major_tick_line_color = axis.minor_tick_line_color = LINE
    plot.grid.grid_line_color, plot.grid.grid_line_alpha, plot.toolbar.logo = LINE, 0.25, None
    return plot
