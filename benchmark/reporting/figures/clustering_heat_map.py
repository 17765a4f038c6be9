"""Reducers by clusterings: how well each pair finds the classes, as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmark.reporting import style
from benchmark.reporting.table_columns import row_labels
from benchmark.scoring import CLUSTERINGS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_ROW, _COLUMN, _LABELS = 0.32, 1.15, 2.3
_MOST_ROWS = 40
# From this share of the scale on, white figures read better than dark ones.
_DARK = 0.6


@style.figure_style()
def clusterings_figure(board: pd.DataFrame) -> Figure | None:
    """Draw the mean NMI of every clustering (columns) of the codes of every reducer (rows).

    Parameters
    ----------
    board : DataFrame
        A `leaderboard`, with a boolean column ``baseline``; best rows first.

    Returns
    -------
    figure : Figure or None
        None where fewer than two clusterings were measured.
    """
    names = {f"{c.prefix}_nmi": c.title for c in CLUSTERINGS.values()}
    shown = [name for name in names if name in board and board[name].notna().any()]
    if len(shown) < 2:
        return None
    rows = board[board[shown].notna().any(axis=1)][:_MOST_ROWS]
    values = np.column_stack([style.floats(rows[name]) for name in shown])
    height = len(rows) * _ROW + 0.75
    figure = style.new_figure(_LABELS + len(shown) * _COLUMN + 0.15, height)
    axes = style.add_axes(figure, _LABELS, 0.1, len(shown) * _COLUMN, len(rows) * _ROW)
    axes.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(shown)), [names[name].replace(" ", "\n", 1) for name in shown])
    axes.set_yticks(range(len(rows)), [style.shorten(label, 34) for label in row_labels(rows)])
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    best = np.nanmax(values)
    for (row, column), value in np.ndenumerate(values):
        text = "–" if np.isnan(value) else f"{value:.3f}"
        weight = "bold" if value == best else "normal"
        color = "white" if value > _DARK else style.INK
        axes.text(column, row, text, ha="center", va="center", color=color, fontweight=weight,
                  fontsize=style.SMALL)  # fmt: skip
    return figure
