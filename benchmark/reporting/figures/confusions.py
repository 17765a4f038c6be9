"""Which classes clusters mix up: classes by clusters, a panel a reducer."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from benchmark.reporting import style
from benchmark.reporting.views import View, matched_clusters

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL, _TITLE, _LEFT = 1.75, 0.5, 0.75
_MOST_COLUMNS = 4
# More are no panel, but a texture.
_MOST_CLASSES, _MOST_NAMED = 30, 20


@style.figure_style()
def confusions_figure(views: Sequence[View]) -> Figure | None:
    """Draw the share of every class that lies in each cluster of k-means, clusters under their classes.

    None where nothing was clustered, there are no classes, or too many of them.
    """
    shown = [(view, found) for view in views if (found := _shares(view)) is not None]
    if not shown:
        return None
    columns = min(len(shown), _MOST_COLUMNS)
    rows = ceil(len(shown) / columns)
    across, up = _PANEL + 0.25, _PANEL + _TITLE
    figure = style.new_figure(_LEFT + columns * across, rows * up + 0.15)
    for place, (view, shares) in enumerate(shown):
        row, column = divmod(place, columns)
        left, bottom = _LEFT + column * across, (rows - 1 - row) * up + 0.1
        axes = style.add_axes(figure, left, bottom, _PANEL, _PANEL)
        _panel(axes, view, shares, named=column == 0)
    return figure


def _panel(axes: Axes, view: View, shares: np.ndarray, *, named: bool) -> None:
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    n = len(shares)
    names = [
        style.shorten(view.class_names[k] if k < len(view.class_names) else str(k), 10) for k in range(n)
    ]
    axes.set_yticks(range(n) if named and n <= 20 else [], names if named and n <= 20 else [])
    axes.set(xticks=[])
    axes.tick_params(length=0, labelsize=style.SMALL - 1)
    axes.set_title(style.shorten(view.name, 24), loc="left", fontweight="bold", pad=14)
    found = view.record.scores.get("kmeans_accuracy")
    if found is not None:
        axes.text(0, 1.02, f"cluster accuracy {found:.3f}", transform=axes.transAxes, fontsize=style.SMALL,
                  color=style.GREY)  # fmt: skip
    for spine in axes.spines.values():
        spine.set(visible=True, color=style.RULE)


def _shares(view: View) -> np.ndarray | None:
    """Return the share of each class, rows, in the cluster that fits each class best, columns."""
    clusters = matched_clusters(view)
    if clusters is None or view.labels is None:
        return None
    n = int(view.labels.max(initial=0)) + 1
    if not 2 <= n <= _MOST_CLASSES:
        return None
    known = (clusters >= 0) & (clusters < n) & (view.labels >= 0)
    counts = np.zeros((n, n))
    np.add.at(counts, (view.labels[known], clusters[known]), 1)
    sizes = np.bincount(view.labels[view.labels >= 0], minlength=n)[:, None]
    return counts / np.maximum(sizes, 1)
