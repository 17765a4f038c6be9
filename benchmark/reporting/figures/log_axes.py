"""Logarithmic axes with ticks that can be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.reporting.style import GREY, format_seconds

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

DECADES = tuple(10.0**power for power in range(-307, 309))
TIMES = (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36000.0)
MEBIBYTES = tuple(unit * step for unit in (1.0, 2.0**10, 2.0**20) for step in (1, 10, 100))


def padded_range(costs: Floats) -> tuple[float, float]:
    """Return the ends of an axis, a decade apart at least: on less, noise would look like growth."""
    low, high = costs.min() / 1.7, costs.max() * 1.7
    more = max(10.0 / (high / low), 1.0) ** 0.5
    return float(low / more), float(high * more)


def ticks_within(ticks: Sequence[float], low: float, high: float) -> list[float]:
    """Return the ticks within a range; where there are fewer than two, others between them too."""
    kept = [tick for tick in ticks if low <= tick <= high]
    if len(kept) >= 2:
        return kept
    finer = [step * decade for decade in DECADES for step in (1, 2, 5)]
    return [tick for tick in finer if low <= tick <= high]


def time_axis(axis: Any, low: float, high: float) -> None:
    """Make a matplotlib axis logarithmic in seconds between two times, with a few readable ticks."""
    axis.axes.set(**({"xscale": "log", "xlim": (low, high)} if axis.axis_name == "x" else {"yscale": "log"}))
    set_ticks(axis, ticks_within(TIMES, low, high), format_seconds)


def set_ticks(axis: Any, places: Sequence[float] | Floats, form: Callable[[float], str]) -> None:
    """Put ticks at `places` of a matplotlib axis, each with what `form` writes."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axis.set_major_locator(FixedLocator(list(places)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: form(value)))


def format_size(value: float) -> str:
    """Return a number of things as an axis shows it: ``784``, ``3,000``, ``30k``, ``1M``."""
    if value >= 1e6:
        return f"{value / 1e6:g}M"
    return f"{value / 1e3:g}k" if value >= 1e4 else f"{value:,.0f}"


def format_bytes(mebibytes: float) -> str:
    """Return a size of memory, given in MiB, in the unit that suits it."""
    for unit, name in ((2**20, "TiB"), (2**10, "GiB")):
        if mebibytes >= unit:
            return f"{mebibytes / unit:.3g} {name}"
    return f"{mebibytes:.3g} MiB"


def draw_proportions(axes: Axes) -> None:
    """Draw dotted lines along which cost is proportional to size: steeper curves grow faster."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    for power in range(int(np.floor(np.log10(low / right))), int(np.ceil(np.log10(high / left))) + 1):
        ends = np.array([left, right])
        axes.plot(
            ends, 10.0**power * ends, color=GREY, alpha=0.7, linewidth=0.7, linestyle=(0, (1, 4)), zorder=1
        )
