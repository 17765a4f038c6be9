"""What makes axes readable: ticks on logarithmic scales, and text that covers neither text nor points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.reporting.style import GREY, INK, SMALL, format_seconds, halo

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
DECADES = tuple(10.0**power for power in range(-307, 309))
TIMES = (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36000.0)


def log_axis(
    axis: Any, low: float, high: float, ticks: Sequence[float] = TIMES,
    form: Callable[[float], str] = format_seconds,
) -> None:  # fmt: skip
    """Make a matplotlib axis logarithmic between two values, by default seconds, with a few ticks."""
    name = axis.axis_name
    axis.axes.set(**{f"{name}scale": "log", f"{name}lim": (low, high)})
    set_ticks(axis, ticks_within(ticks, low, high), form)


def ticks_within(ticks: Sequence[float], low: float, high: float) -> list[float]:
    """Return the ticks within a range; where there are fewer than two, others between them too."""
    kept = [tick for tick in ticks if low <= tick <= high]
    if len(kept) >= 2:
        return kept
    finer = [step * decade for decade in DECADES for step in (1, 2, 5)]
    return [tick for tick in finer if low <= tick <= high]


def set_ticks(axis: Any, places: Sequence[float], form: Callable[[float], str]) -> None:
    """Put ticks at `places` of a matplotlib axis, each with what `form` writes, and no others."""
    axis.set_ticks(places, labels=list(map(form, places)))
    axis.set_ticks([], minor=True)


def label_points(axes: Axes, x: Floats, y: Floats, texts: Sequence[str], avoid: Floats) -> None:
    """Write every text beside its point, with a thin line from one to the other.

    Limits and scales of `axes` must be final. `avoid`, shape (n, 2), are all points drawn.
    """
    from textalloc import allocate

    allocate(
        axes, x, y, list(texts), x_scatter=avoid[:, 0], y_scatter=avoid[:, 1], textsize=SMALL, textcolor=INK,
        linecolor=GREY, linewidth=0.6, min_distance=0.012, max_distance=0.5, margin=0.006, nbr_candidates=400,
        avoid_label_lines_overlap=True, avoid_crossing_label_lines=True, zorder=6,
    )  # fmt: skip
    for text in axes.texts:
        halo(text)


def spread(centres: Floats, sizes: Floats) -> Floats:
    """Return centres of boxes, shape (n, 2), pushed apart until boxes of these sizes, (n, 2), are clear."""
    # Equal positions have no direction to part in; a tiny circle gives them one.
    turns = np.linspace(0, 2 * np.pi, len(centres), endpoint=False)
    moved: Floats = centres + 1e-3 * sizes * np.column_stack([np.cos(turns), np.sin(turns)])
    room = (sizes[:, None] + sizes[None]) / 2
    for _ in range(200):
        gaps = moved[:, None] - moved[None]
        depth = np.maximum(room - np.abs(gaps), 0)
        depth[np.eye(len(moved), dtype=bool)] = 0
        if not depth.all(axis=2).any():
            break
        # Each pair parts along the direction in which it has the shorter way to go.
        along = np.arange(2) == depth.argmin(axis=2)[:, :, None]
        push = np.where(depth.all(axis=2, keepdims=True) & along, depth, 0)
        moved += 0.5 * (np.sign(gaps) * push).sum(axis=1)
    return moved
