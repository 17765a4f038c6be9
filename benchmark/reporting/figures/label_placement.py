"""Place text so that it covers neither other text nor points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmark.reporting.style import GREY, INK, SMALL, halo

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]


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


def spread(centres: Floats, sizes: Floats, rounds: int = 200) -> Floats:
    """Return centres of boxes, shape (n, 2), pushed apart until boxes of these sizes, (n, 2), are clear."""
    moved = centres.astype(np.float64).copy()
    # Equal positions have no direction to part in; a tiny circle gives them one.
    turns = np.linspace(0, 2 * np.pi, len(moved), endpoint=False)
    moved += 1e-3 * sizes * np.column_stack([np.cos(turns), np.sin(turns)])
    room = (sizes[:, None] + sizes[None]) / 2
    for _ in range(rounds):
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
