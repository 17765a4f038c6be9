"""Place text so that it covers neither other text nor points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmark.reporting.style import GREY, SMALL, halo

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
_ANGLES = np.deg2rad([0, 180, 90, 270, 30, 150, 330, 210, 60, 120, 300, 240, 15, 165, 345, 195])
_DISTANCES = (4.0, 10.0, 18.0, 28.0, 40.0, 55.0, 75.0, 100.0, 130.0, 170.0, 220.0)
_POINT_RADIUS = 4.0
# Shares of the way from a point to its label's centre at which the line between them is looked at.
_ALONG_LINE = np.linspace(0.15, 0.7, 7)[None, :, None]


def label_points(axes: Axes, x: Floats, y: Floats, texts: Sequence[str], avoid: Floats) -> None:
    """Write every text beside its point, with a thin line to the point where it had to move away.

    Limits and scales of `axes` must be final. `avoid`, shape (n, 2), are all points drawn. Places
    are chosen one label after the other, the nearest that covers nothing; all lengths are in
    points (1/72 inch).
    """
    scale = 72.0 / axes.figure.dpi
    anchors = axes.transData.transform(np.column_stack([x, y])) * scale
    frame = np.array(axes.get_window_extent().extents) * scale + [2.0, 2.0, -2.0, -2.0]
    taken = _around(axes.transData.transform(avoid) * scale, _POINT_RADIUS)
    placed = np.empty((0, 4))
    for index in np.lexsort((anchors[:, 0], -anchors[:, 1])):
        size = _text_size(axes, texts[index])
        offsets = _candidates(size)
        boxes = np.hstack([anchors[index] + offsets - size / 2, anchors[index] + offsets + size / 2])
        lines = anchors[index] + offsets[:, None, :] * _ALONG_LINE
        crossed = [overlap(_around(line, 0.5), placed).sum() for line in lines]
        distance = np.hypot(offsets[:, 0] * 0.4, offsets[:, 1])
        covers = 1000 * overlap(boxes, placed) + 300 * overlap(boxes, taken) + 200 * np.array(crossed)
        best = int(np.argmin(distance + covers + 1e5 * _beyond(boxes, frame)))
        placed = np.vstack([placed, boxes[best] + [-1.0, -1.0, 1.0, 1.0]])
        if _is_far(offsets[best], size):
            taken = np.vstack([taken, _around(lines[best], 0.5)])
        _write(axes, (x[index], y[index]), texts[index], offsets[best], size)


def _text_size(axes: Axes, text: str) -> Floats:
    artist = axes.figure.text(0, 0, text, fontsize=SMALL)
    box = artist.get_window_extent()
    artist.remove()
    return np.array([box.width, box.height]) * 72.0 / axes.figure.dpi


def _candidates(size: Floats) -> Floats:
    """Offsets of a label's centre from its point: rings of growing distance, the near ones first."""
    directions = np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES)])
    return np.vstack([directions * (size / 2 + _POINT_RADIUS + distance) for distance in _DISTANCES])


def _around(points: Floats, radius: float) -> Floats:
    return np.hstack([points - radius, points + radius])


def _beyond(boxes: Floats, frame: Floats) -> Floats:
    inside = (boxes[:, :2] >= frame[:2]).all(axis=1) & (boxes[:, 2:] <= frame[2:]).all(axis=1)
    return np.asarray(~inside, dtype=np.float64)


def _is_far(offset: Floats, size: Floats) -> bool:
    return bool(np.any(np.abs(offset) > size / 2 + _POINT_RADIUS + 9))


def overlap(boxes: Floats, others: Floats) -> Floats:
    """Return for every box, given as (left, bottom, right, top), how many of the others it meets."""
    apart = (
        (boxes[:, None, 0] >= others[None, :, 2])
        | (boxes[:, None, 2] <= others[None, :, 0])
        | (boxes[:, None, 1] >= others[None, :, 3])
        | (boxes[:, None, 3] <= others[None, :, 1])
    )
    return np.asarray((~apart).sum(axis=1), dtype=np.float64)


def _write(axes: Axes, point: tuple[float, float], text: str, offset: Floats, size: Floats) -> None:
    line = (
        {"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkA": 1, "shrinkB": 3}
        if _is_far(offset, size)
        else None
    )
    halo(axes.annotate(
        text, point, xytext=(float(offset[0]), float(offset[1])), textcoords="offset points", ha="center",
        va="center", fontsize=SMALL, arrowprops=line, zorder=6, annotation_clip=False,
    ))  # fmt: skip


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
