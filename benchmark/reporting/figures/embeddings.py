"""The two-dimensional views of the test codes."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.analysis.columns import RANKING
from benchmark.reporting import style
from benchmark.reporting.figures.label_placement import spread
from benchmark.reporting.views import View
from benchmark.scoring import METRICS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL, _GAP, _TITLE = 2.35, 0.12, 0.44
# With more classes than this their names would cover the points; the colours remain.
_MOST_NAMED = 26
_QUOTED = [metric for name, metric in METRICS.items() if name in RANKING]


@style.figure_style()
def embeddings_figure(views: Sequence[View]) -> Figure | None:
    """Draw one panel a reducer, its test codes coloured by class; None where no codes were kept."""
    shown = [view for view in views if view.codes is not None]
    if not shown:
        return None
    rows = ceil(len(shown) / (4 if len(shown) <= 16 else 6))
    columns = ceil(len(shown) / rows)
    height = rows * (_PANEL + _TITLE) + _GAP
    figure = style.new_figure(columns * (_PANEL + _GAP) + _GAP, height)
    for index, view in enumerate(shown):
        row, column = divmod(index, columns)
        left, bottom = _GAP + column * (_PANEL + _GAP), height - (row + 1) * (_PANEL + _TITLE)
        axes = style.add_axes(figure, left, bottom, _PANEL, _PANEL)
        draw_codes(axes, view, inches=_PANEL)
        _title(axes, view)
    return figure


def _title(axes: Axes, view: View) -> None:
    axes.text(
        0, 1.085, style.shorten(view.name, 30), transform=axes.transAxes, va="bottom", fontweight="bold"
    )
    quoted = quote_scores(view)
    axes.text(0, 1.02, quoted, transform=axes.transAxes, va="bottom", fontsize=style.SMALL, color=style.GREY)


def quote_scores(view: View) -> str:
    """Return the code's width, its two leading scores, and of several seeds which, as one short line."""
    scores, width = view.record.scores, view.record.n_components
    quoted = [f"{m.title} {scores[m.name]:.3f}" for m in _QUOTED if scores.get(m.name) is not None][:2]
    seed = [f"seed {view.record.seed}"] if view.n_seeds > 1 else []
    return "   ".join([*([f"{width}-D"] if width else []), *quoted, *seed])


def draw_codes(axes: Axes, view: View, inches: float) -> None:
    """Scatter the codes of a view on square axes of side `inches`, each class named at its median."""
    assert view.codes is not None
    codes = view.codes[np.isfinite(view.codes).all(axis=1)]
    labels = None if view.labels is None else view.labels[np.isfinite(view.codes).all(axis=1)]
    style.bare(axes)
    low, side = _window(codes)
    axes.set(xlim=(low[0], low[0] + side), ylim=(low[1], low[1] + side))
    size = float(np.clip(6000 / max(len(codes), 1), 3, 14)) * (inches / _PANEL) ** 2 * 0.8
    colors = (
        style.GREY
        if labels is None
        else [style.class_color(int(k)) if k >= 0 else style.GREY for k in labels]
    )
    axes.scatter(codes[:, 0], codes[:, 1], s=size, c=colors, alpha=0.75, linewidths=0, rasterized=True)
    outside = int(((codes < low) | (codes > low + side)).any(axis=1).sum())
    if outside:
        note = f"{outside} of {len(codes)} points lie outside"
        look: dict[str, Any] = {"fontsize": style.SMALL - 1.5, "color": style.GREY}
        style.halo(axes.text(0.02, 0.02, note, transform=axes.transAxes, **look))
    if labels is not None and len(np.unique(labels)) <= _MOST_NAMED:
        _name_classes(axes, codes, labels, view.class_names, inches)


def _window(codes: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the lower corner and the side of a square that shows the codes.

    Far outliers would shrink everything else to a dot: each side reaches at most half the
    1-to-99-percent range beyond that range.
    """
    if not len(codes):
        return np.zeros(2), 1.0
    inner = np.percentile(codes, [1, 99], axis=0)
    reach = 0.5 * max(float((inner[1] - inner[0]).max()), 1e-9)
    low = np.maximum(codes.min(axis=0), inner[0] - reach)
    high = np.minimum(codes.max(axis=0), inner[1] + reach)
    side = 1.08 * float((high - low).max())
    # Codes that coincide get a window that floating point can still tell from a point.
    side = max(side, 1e-6 * float(np.abs(codes).max())) or 1.0
    return (low + high - side) / 2, side


def _name_classes(axes: Axes, codes: NDArray[np.float64], labels: NDArray[np.int16], names: Sequence[str],
                  inches: float) -> None:  # fmt: skip
    present = [int(k) for k in np.unique(labels) if k >= 0]
    if not present:
        return
    medians = np.array([np.median(codes[labels == k], axis=0) for k in present])
    texts = [style.shorten(names[k] if k < len(names) else str(k), 10) for k in present]
    # Words take more room than digits, so they are set smaller.
    size = style.SMALL + 1 if max(map(len, texts)) < 3 else style.SMALL - 0.5
    boxes = np.array([[0.72 * size * len(text) + 2, 1.15 * size] for text in texts])
    points = axes.transAxes.inverted().transform(axes.transData.transform(medians)) * inches * 72
    apart = spread(points, boxes) / (inches * 72)
    edge = boxes / 2 / (inches * 72)
    for k, (x, y), text in zip(present, np.clip(apart, edge, 1 - edge), texts, strict=True):
        artist = axes.text(x, y, text, transform=axes.transAxes, ha="center", va="center", fontsize=size,
                           fontweight="bold", clip_on=True)  # fmt: skip
        style.halo(artist, 2.6).set_gid(f"class-{k}")
