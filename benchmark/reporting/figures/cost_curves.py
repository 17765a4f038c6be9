"""Cost against samples, features and components, on logarithmic scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.analysis.columns import CURVE, varying
from benchmark.analysis.scaling import COSTS, undisturbed
from benchmark.reporting import style
from benchmark.reporting.figures.readable_axes import log_axis, set_ticks
from benchmark.reporting.number_text import missing
from benchmark.reporting.table_columns import label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

Floats = NDArray[np.float64]
_SYMBOLS = {"samples": "n", "features": "d", "components": "k"}
_PANELS = {
    ("samples", "fit"): "Fit time by samples",
    ("features", "fit"): "Fit time by features",
    ("components", "fit"): "Fit time by components",
    ("samples", "memory"): "Memory by samples, beside the data",
}
# Below these, clocks and memory pages tell nothing.
_LEAST = {"fit": 1e-4, "memory": 0.1}
_MEBIBYTES = tuple(unit * step for unit in (1.0, 2.0**10, 2.0**20) for step in (1, 10, 100))
_LABEL_HEIGHT = 10.5  # Of a line of text beside the curves, in points.


@style.figure_style()
def scaling_figure(points: pd.DataFrame, exponents: pd.DataFrame) -> Figure | None:
    """Draw fit time in every sweep, and memory against samples; None where no fit was timed.

    Parameters
    ----------
    points : DataFrame
        A `benchmark.analysis.scaling.scaling_table`.
    exponents : DataFrame
        The `exponents_table` of it, of which each curve is labelled with its own.
    """
    ok = undisturbed(points)
    if ok["fit_seconds"].isna().all():
        return None
    looks = _looks(list(ok["reducer"].unique()))
    names = varying(exponents, CURVE, within_reducer=True)
    ok = ok.merge(exponents, on=["sweep", *CURVE])
    figure = style.new_figure(12.0, 8.2)
    figure.subplots_adjust(left=0.06, right=0.82, top=0.96, bottom=0.06, wspace=0.68, hspace=0.26)
    for axes, ((sweep, cost), title) in zip(figure.subplots(2, 2).ravel(), _PANELS.items(), strict=True):
        axes.set_title(title, loc="left", fontsize=style.LARGE)
        shown = ok[(ok["sweep"] == sweep) & ok[COSTS[cost]].notna()]
        shown = shown.assign(cost=shown[COSTS[cost]].clip(lower=_LEAST[cost]))
        if shown.empty:
            axes.set(xticks=[], yticks=[])
            continue
        _scales(axes, shown, sweep, cost)
        curves = shown.groupby(list(CURVE), dropna=False, sort=False)
        _label_ends(axes, [_draw(axes, curve, looks, names, cost) for _, curve in curves])
    return figure


def power(row: Mapping[Any, Any], cost: str, sweep: str) -> str:
    """Return the exponent of a cost as ``n^1.02``; nothing where none was fitted."""
    value = row[f"{cost}_exponent"]
    return "" if missing(value) else f"{_SYMBOLS[sweep]}^{hundredths(value)}"


def hundredths(value: float) -> str:
    """Return a number with two decimals, and no sign before a zero."""
    return f"{value:z.2f}"


def _looks(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return a colour and a marker for every reducer: the usual ones, but no colour twice among ten.

    Lines that cross must differ by more than their markers.
    """
    usual, taken = style.reducer_styles(names), set[str]()
    for name, (color, marker) in usual.items():
        free = [other for other in style.PETROFF_10 if other not in taken] or list(style.PETROFF_10)
        usual[name] = (color if color in free else free[0], marker)
        taken.add(usual[name][0])
    return usual


def _scales(axes: Axes, points: pd.DataFrame, sweep: str, cost: str) -> None:
    """Set limits, ticks, and dotted lines along which cost is proportional to size."""
    sizes, costs = style.floats(points["size"]), style.floats(points["cost"])
    left, right = sizes.min() / 1.25, sizes.max() * 1.25
    # A decade at least: on less, noise would look like growth.
    room = 1.7 * max(10.0 / (1.7**2 * costs.max() / costs.min()), 1.0) ** 0.5
    low, high = costs.min() / room, costs.max() * room
    axes.set(xscale="log", xlim=(left, right), xlabel=f"{sweep}, log scale")
    set_ticks(axes.xaxis, np.unique(sizes).tolist(), _format_size)
    if cost == "fit":
        log_axis(axes.yaxis, low, high)
    else:
        log_axis(axes.yaxis, low, high, _MEBIBYTES, _format_bytes)
    axes.grid(True)
    ends = np.array([left, right])
    for decade in range(int(np.floor(np.log10(low / right))), int(np.ceil(np.log10(high / left))) + 1):
        axes.plot(ends, 10.0**decade * ends, color=style.GREY, alpha=0.7, linewidth=0.7,
                  linestyle=(0, (1, 4)), zorder=1)  # fmt: skip


def _format_size(value: float) -> str:
    """Return a number of things as an axis shows it: ``784``, ``3,000``, ``30k``, ``1M``."""
    if value >= 1e6:
        return f"{value / 1e6:g}M"
    return f"{value / 1e3:g}k" if value >= 1e4 else f"{value:,.0f}"


def _format_bytes(mebibytes: float) -> str:
    for unit, name in ((2**20, "TiB"), (2**10, "GiB")):
        if mebibytes >= unit:
            return f"{mebibytes / unit:.3g} {name}"
    return f"{mebibytes:.3g} MiB"


def _draw(
    axes: Axes, curve: pd.DataFrame, looks: Mapping[str, tuple[str, str]], names: Sequence[str], cost: str
) -> Line2D:
    """Draw a curve and return it, labelled by what tells it apart and its exponent."""
    first = dict(curve.iloc[0])
    color, marker = looks[first["reducer"]]
    [line] = axes.plot(
        style.floats(curve["size"]), style.floats(curve["cost"]), zorder=3, color=color, linewidth=1.6,
        linestyle="-" if first["device"] == "cpu" else "--", marker=marker, markersize=5.0,
        markerfacecolor=style.device_fill(first["device"], color),
        label="  ".join(filter(None, (label(first, names), power(first, cost, first["sweep"])))),
    )  # fmt: skip
    return line


def _label_ends(axes: Axes, lines: Sequence[Line2D]) -> None:
    """Write each label right of the panel, as near as it can to the height at which its curve ends."""
    height = axes.get_window_extent().height * 72.0 / axes.figure.dpi
    ends = np.array([np.asarray(line.get_xydata())[-1] for line in lines])
    wanted = (axes.transData - axes.transAxes).transform(ends)[:, 1] * height
    for line, end, place in zip(lines, ends, apart(wanted, _LABEL_HEIGHT) / height, strict=True):
        axes.annotate(
            "", tuple(end), xycoords="data", xytext=(1.0, place), textcoords="axes fraction",
            arrowprops={"arrowstyle": "-", "color": line.get_color(), "linewidth": 0.6, "alpha": 0.7,
                        "shrinkA": 0, "shrinkB": 3}, annotation_clip=False,
        )  # fmt: skip
        [key] = axes.plot([1.025], [place])
        key.update_from(line)
        key.set(linestyle="", transform=axes.transAxes, clip_on=False)
        text = style.shorten(str(line.get_label()), 32)
        axes.text(1.05, place, text, transform=axes.transAxes, va="center", fontsize=style.SMALL)


def apart(places: Floats, room: float) -> Floats:
    """Return places on a line, moved as little as can be so that no two are nearer than `room`.

    They keep their order. Least squares of the moves is isotonic regression of what lies between them.
    """
    from scipy.optimize import isotonic_regression

    order = np.argsort(places, kind="stable")
    steps = room * np.arange(len(places))
    moved = np.empty_like(places)
    moved[order] = isotonic_regression(places[order] - steps).x + steps
    return moved
