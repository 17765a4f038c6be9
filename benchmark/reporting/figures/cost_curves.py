"""Cost against samples, features and components, on logarithmic scales."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmark.analysis.scaling import CURVE
from benchmark.reporting.figures.log_axes import (
    MEBIBYTES,
    TIMES,
    draw_proportions,
    format_bytes,
    format_size,
    padded_range,
    set_ticks,
    ticks_within,
)
from benchmark.reporting.style import (
    INK,
    LARGE,
    PETROFF_10,
    SMALL,
    device_fill,
    figure_style,
    format_seconds,
    new_figure,
    reducer_styles,
    shorten,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

_PANELS = (
    ("samples", "fit_seconds", "Fit time by samples"),
    ("features", "fit_seconds", "Fit time by features"),
    ("components", "fit_seconds", "Fit time by components"),
    ("samples", "peak_memory_mb", "Memory by samples, beside the data"),
)
# Below these, clocks and memory pages tell nothing.
_LEAST = {"fit_seconds": 1e-4, "peak_memory_mb": 0.1}
_LABEL_HEIGHT = 10.5  # Of a line of text beside the curves, in points.


class _Line(NamedTuple):
    label: str
    look: dict[str, Any]
    x: Floats
    y: Floats


def scaling_figure(
    table: pd.DataFrame, label: Callable[[str, str, tuple[object, ...]], str]
) -> Figure | None:
    """Draw fit time in every sweep, and memory against samples; None where no point ended well.

    Parameters
    ----------
    table : DataFrame
        A `benchmark.analysis.scaling.scaling_table`.
    label : callable
        Returns what to write beside the curve of a sweep, a column and the other values of `CURVE`.
    """
    ok = table[(table["status"] == "ok") & table["fit_seconds"].notna()]
    if ok.empty:
        return None
    looks = _looks(list(ok["reducer"].unique()))
    with figure_style():
        figure = new_figure(12.0, 8.2)
        figure.subplots_adjust(left=0.06, right=0.82, top=0.96, bottom=0.06, wspace=0.68, hspace=0.26)
        for axes, (sweep, column, title) in zip(figure.subplots(2, 2).ravel(), _PANELS, strict=True):
            lines = _lines(ok[ok["sweep"] == sweep], column, looks, lambda c: label(sweep, column, c))  # noqa: B023
            _draw(axes, lines, sweep, column)
            axes.set_title(title, loc="left", fontsize=LARGE)
    return figure


def _looks(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return a colour and a marker for every reducer: the usual ones, but no colour twice among ten.

    Lines that cross must differ by more than their markers.
    """
    usual, taken = reducer_styles(names), set[str]()
    for name, (color, marker) in usual.items():
        free = [other for other in PETROFF_10 if other not in taken] or list(PETROFF_10)
        usual[name] = (color if color in free else free[0], marker)
        taken.add(usual[name][0])
    return usual


def _lines(
    points: pd.DataFrame, column: str, looks: Mapping[str, tuple[str, str]],
    label: Callable[[tuple[object, ...]], str],
) -> list[_Line]:  # fmt: skip
    lines = []
    for curve, rows in points.groupby(list(CURVE[1:]), dropna=False, sort=False):
        reducer, device = str(curve[0]), str(curve[1])
        color, marker = looks[reducer]
        look = {"color": color, "marker": marker, "markersize": 5.0, "linewidth": 1.6}
        look |= {"linestyle": "-" if device == "cpu" else "--", "markerfacecolor": device_fill(device, color)}
        values = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
        known = np.isfinite(values)
        if known.any():
            sizes = rows["size"].to_numpy(dtype=np.float64)[known]
            lines.append(_Line(label(curve), look, sizes, np.maximum(values[known], _LEAST[column])))
    return lines


def _draw(axes: Axes, lines: Sequence[_Line], sweep: str, column: str) -> None:
    if not lines:
        axes.set(xticks=[], yticks=[])
        return
    sizes = np.unique(np.concatenate([line.x for line in lines]))
    costs = np.concatenate([line.y for line in lines])
    axes.set(xscale="log", yscale="log", xlabel=f"{sweep}, log scale")
    low, high = padded_range(costs)
    axes.set(xlim=(sizes[0] / 1.25, sizes[-1] * 1.25), ylim=(low, high))
    set_ticks(axes.xaxis, sizes, format_size)
    ticks, form = (TIMES, format_seconds) if column == "fit_seconds" else (MEBIBYTES, format_bytes)
    set_ticks(axes.yaxis, ticks_within(ticks, low, high), form)
    axes.grid(True)
    draw_proportions(axes)
    for line in lines:
        axes.plot(line.x, line.y, zorder=3, **line.look)
    _label_ends(axes, lines)


def _label_ends(axes: Axes, lines: Sequence[_Line]) -> None:
    """Write each label right of the panel, as near as it can to the height at which its curve ends."""
    height = axes.get_window_extent().height * 72.0 / axes.figure.dpi
    ends = axes.transData.transform([(line.x[-1], line.y[-1]) for line in lines])
    wanted = axes.transAxes.inverted().transform(ends)[:, 1] * height
    for line, place in zip(lines, apart(wanted, _LABEL_HEIGHT), strict=True):
        at = (1.0, place / height)
        axes.annotate(
            "", (line.x[-1], line.y[-1]), xycoords="data", xytext=at, textcoords="axes fraction",
            arrowprops={"arrowstyle": "-", "color": line.look["color"], "linewidth": 0.6, "alpha": 0.7,
                        "shrinkA": 0, "shrinkB": 3}, annotation_clip=False,
        )  # fmt: skip
        key = {**line.look, "linestyle": "", "clip_on": False}
        axes.plot([1.025], [at[1]], transform=axes.transAxes, **key)
        axes.text(1.05, at[1], shorten(line.label, 32), transform=axes.transAxes, va="center", fontsize=SMALL,
                  color=INK)  # fmt: skip


def apart(places: Floats, room: float) -> Floats:
    """Return places on a line, moved so that no two are nearer than `room`, and in the same order.

    Those that would touch form a block that is centred on where its members want to be.
    """
    order = np.argsort(places, kind="stable")
    blocks: list[list[float]] = []
    for place in places[order]:
        blocks.append([float(place)])
        while len(blocks) > 1 and _first(blocks[-1], room) < _first(blocks[-2], room) + room * len(
            blocks[-2]
        ):
            last = blocks.pop()
            blocks[-1] += last
    moved = np.empty_like(places)
    moved[order] = np.concatenate([_first(b, room) + room * np.arange(len(b)) for b in blocks])
    return moved


def _first(block: Sequence[float], room: float) -> float:
    return float(np.mean(block)) - room * (len(block) - 1) / 2
