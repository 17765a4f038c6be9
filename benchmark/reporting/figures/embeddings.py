"""The test codes in the plane, and how well clusterings of them find the classes."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.analysis.columns import RANKING
from benchmark.reporting import style
from benchmark.reporting.figures.readable_axes import spread
from benchmark.reporting.table_columns import row_labels
from benchmark.reporting.views import View, matched_clusters
from benchmark.scoring import CLUSTERINGS, METRICS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches: of codes, of confusions, and of the heat map of clusterings.
_PANEL, _GAP, _TITLE = 2.35, 0.12, 0.44
_SQUARE, _HEAD, _LEFT = 1.75, 0.5, 0.75
_ROW, _COLUMN, _LABELS = 0.32, 1.15, 2.3
# With more classes than this their names would cover the points; the colours remain.
_MOST_NAMED = 26
# Of confusions: more classes are no panel, but a texture; of more than so many, names have no room.
_MOST_CLASSES, _MOST_LISTED = 30, 20
# From this share of a heat map's scale on, white figures read better than dark ones.
_DARK = 0.6
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
        look: dict[str, Any] = {"transform": axes.transAxes, "va": "bottom"}
        axes.text(0, 1.085, style.shorten(view.name, 30), fontweight="bold", **look)
        axes.text(0, 1.02, quote_scores(view), fontsize=style.SMALL, color=style.GREY, **look)
    return figure


def quote_scores(view: View) -> str:
    """Return the code's width, its two leading scores, and of several seeds which, as one short line."""
    scores, width = view.record.scores, view.record.n_components
    quoted = [f"{m.title} {scores[m.name]:.3f}" for m in _QUOTED if scores.get(m.name) is not None][:2]
    seed = [f"seed {view.record.seed}"] if view.n_seeds > 1 else []
    return "   ".join([*([f"{width}-D"] if width else []), *quoted, *seed])


def draw_codes(axes: Axes, view: View, inches: float) -> None:
    """Scatter the codes of a view on square axes of side `inches`, each class named at its median."""
    assert view.codes is not None
    known = np.isfinite(view.codes).all(axis=1)
    codes, labels = view.codes[known], None if view.labels is None else view.labels[known]
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=style.RULE)
    low, side = _window(codes)
    axes.set(xlim=(low[0], low[0] + side), ylim=(low[1], low[1] + side))
    size = float(np.clip(6000 / max(len(codes), 1), 3, 14)) * (inches / _PANEL) ** 2 * 0.8
    colors = style.GREY if labels is None else [style.class_color(int(k)) for k in labels]
    axes.scatter(codes[:, 0], codes[:, 1], s=size, c=colors, alpha=0.75, linewidths=0, rasterized=True)
    outside = int(((codes < low) | (codes > low + side)).any(axis=1).sum())
    if outside:
        note = f"{outside} of {len(codes)} points lie outside"
        look: dict[str, Any] = {"fontsize": style.SMALL - 1.5, "color": style.GREY}
        style.halo(axes.text(0.02, 0.02, note, transform=axes.transAxes, **look))
    if labels is not None and len(np.unique(labels)) <= _MOST_NAMED:
        _name_classes(axes, view, codes, labels, inches)


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


def _name_classes(axes: Axes, view: View, codes: NDArray[Any], labels: NDArray[Any], inches: float) -> None:
    present = [int(k) for k in np.unique(labels) if k >= 0]
    if not present:
        return
    medians = np.array([np.median(codes[labels == k], axis=0) for k in present])
    texts = [style.shorten(view.class_name(k), 10) for k in present]
    # Words take more room than digits, so they are set smaller.
    size = style.SMALL + 1 if max(map(len, texts)) < 3 else style.SMALL - 0.5
    boxes = np.array([[0.72 * size * len(text) + 2, 1.15 * size] for text in texts])
    points = (axes.transData - axes.transAxes).transform(medians) * inches * 72
    apart, edge = spread(points, boxes) / (inches * 72), boxes / 2 / (inches * 72)
    for k, (x, y), text in zip(present, np.clip(apart, edge, 1 - edge), texts, strict=True):
        artist = axes.text(x, y, text, transform=axes.transAxes, ha="center", va="center", fontsize=size,
                           fontweight="bold", clip_on=True)  # fmt: skip
        style.halo(artist, 2.6).set_gid(f"class-{k}")


@style.figure_style()
def confusions_figure(views: Sequence[View]) -> Figure | None:
    """Draw the share of every class that lies in each cluster of k-means, clusters under their classes.

    None where nothing was clustered, there are no classes, or too many of them.
    """
    shown = [(view, found) for view in views if (found := _shares(view)) is not None]
    if not shown:
        return None
    columns = min(len(shown), 4)
    rows = ceil(len(shown) / columns)
    across, up = _SQUARE + 0.25, _SQUARE + _HEAD
    figure = style.new_figure(_LEFT + columns * across, rows * up + 0.15)
    for place, (view, shares) in enumerate(shown):
        row, column = divmod(place, columns)
        left, bottom = _LEFT + column * across, (rows - 1 - row) * up + 0.1
        axes = style.add_axes(figure, left, bottom, _SQUARE, _SQUARE)
        _panel(axes, view, shares, named=column == 0)
    return figure


def _panel(axes: Axes, view: View, shares: np.ndarray, *, named: bool) -> None:
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    classes = range(len(shares) if named and len(shares) <= _MOST_LISTED else 0)
    axes.set_yticks(classes, [style.shorten(view.class_name(k), 10) for k in classes])
    axes.set(xticks=[])
    axes.tick_params(length=0, labelsize=style.SMALL - 1)
    axes.set_title(style.shorten(view.name, 24), loc="left", fontweight="bold", pad=14)
    found = view.record.scores.get("kmeans_accuracy")
    if found is not None:
        axes.text(0, 1.02, f"cluster accuracy {found:.3f}", transform=axes.transAxes, fontsize=style.SMALL,
                  color=style.GREY)  # fmt: skip
    axes.spines[:].set(visible=True, color=style.RULE)


def _shares(view: View) -> np.ndarray | None:
    """Return the share of each class, rows, in the cluster that fits each class best, columns."""
    from sklearn.metrics import confusion_matrix

    clusters = matched_clusters(view)
    if clusters is None or view.labels is None:
        return None
    n = int(view.labels.max(initial=0)) + 1
    if not 2 <= n <= _MOST_CLASSES:
        return None
    counts = confusion_matrix(view.labels, clusters, labels=range(n))
    sizes = np.bincount(view.labels[view.labels >= 0], minlength=n)[:, None]
    return np.asarray(counts / np.maximum(sizes, 1))


@style.figure_style()
def clusterings_figure(board: pd.DataFrame) -> Figure | None:
    """Draw the mean NMI of every clustering (columns) of the codes of every reducer (rows).

    `board` is a `leaderboard` with a boolean column ``baseline``, best rows first; None where fewer than two
    clusterings were measured.
    """
    names = {f"{c.prefix}_nmi": c.title for c in CLUSTERINGS.values()}
    shown = [name for name in names if name in board and board[name].notna().any()]
    if len(shown) < 2:
        return None
    rows = board[board[shown].notna().any(axis=1)][:40]
    values = np.column_stack([style.floats(rows[name]) for name in shown])
    figure = style.new_figure(_LABELS + len(shown) * _COLUMN + 0.15, len(rows) * _ROW + 0.75)
    axes = style.add_axes(figure, _LABELS, 0.1, len(shown) * _COLUMN, len(rows) * _ROW)
    axes.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(shown)), [names[name].replace(" ", "\n", 1) for name in shown])
    axes.set_yticks(range(len(rows)), [style.shorten(label, 34) for label in row_labels(rows)])
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    best = np.nanmax(values)
    for (row, column), value in np.ndenumerate(values):
        axes.text(
            column, row, "–" if np.isnan(value) else f"{value:.3f}", ha="center", va="center",
            color="white" if value > _DARK else style.INK, fontsize=style.SMALL,
            fontweight="bold" if value == best else "normal",
        )  # fmt: skip
    return figure
