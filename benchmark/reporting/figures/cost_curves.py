"""Cost against samples, features and components, on logarithmic scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmark.analysis.columns import CURVE, varying
from benchmark.analysis.scaling import COSTS, undisturbed
from benchmark.reporting import style
from benchmark.reporting.exponent_table import power
from benchmark.reporting.figures import log_axes
from benchmark.reporting.table_columns import label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

Floats = NDArray[np.float64]

_PANELS = {
    ("samples", "fit"): "Fit time by samples",
    ("features", "fit"): "Fit time by features",
    ("components", "fit"): "Fit time by components",
    ("samples", "memory"): "Memory by samples, beside the data",
}
# Below these, clocks and memory pages tell nothing.
_LEAST = {"fit": 1e-4, "memory": 0.1}
_AXES = {
    "fit": (log_axes.TIMES, style.format_seconds),
    "memory": (log_axes.MEBIBYTES, log_axes.format_bytes),
}
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
    sizes, (low, high) = points["size"], log_axes.padded_range(style.floats(points["cost"]))
    axes.set(xscale="log", yscale="log", xlabel=f"{sweep}, log scale")
    axes.set(xlim=(sizes.min() / 1.25, sizes.max() * 1.25), ylim=(low, high))
    log_axes.set_ticks(axes.xaxis, sorted(sizes.unique()), log_axes.format_size)
    ticks, form = _AXES[cost]
    log_axes.set_ticks(axes.yaxis, log_axes.ticks_within(ticks, low, high), form)
    axes.grid(True)
    log_axes.draw_proportions(axes)


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
    from matplotlib.lines import Line2D

    height = axes.get_window_extent().height * 72.0 / axes.figure.dpi
    ends = np.array([np.asarray(line.get_xydata())[-1] for line in lines])
    wanted = axes.transAxes.inverted().transform(axes.transData.transform(ends))[:, 1] * height
    for line, end, place in zip(lines, ends, apart(wanted, _LABEL_HEIGHT) / height, strict=True):
        axes.annotate(
            "", tuple(end), xycoords="data", xytext=(1.0, place), textcoords="axes fraction",
            arrowprops={"arrowstyle": "-", "color": line.get_color(), "linewidth": 0.6, "alpha": 0.7,
                        "shrinkA": 0, "shrinkB": 3}, annotation_clip=False,
        )  # fmt: skip
        key = Line2D([1.025], [place])
        key.update_from(line)
        key.set(linestyle="", transform=axes.transAxes, clip_on=False)
        axes.add_artist(key)
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
