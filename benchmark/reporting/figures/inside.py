"""What a code has learned: what its numbers draw, what lies between two codes, what lies near one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmark.reporting.figures.card import draw_mosaic, draw_pictures
from benchmark.reporting.style import GREY, SMALL, add_axes, add_text, figure_style, new_figure, shorten
from benchmark.reporting.views import Array, View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TILE, _MARGIN, _TITLE, _WIDTH = 0.5, 0.12, 0.28, 8.2  # inches
_EFFECTS = "what each number of the code draws: ink that it adds (blue) and takes away (red)"
_WALKS = "decoded on the way from the code of one test image to that of another"
_NEIGHBOURS = "test images, and behind each those with the nearest codes"


@figure_style()
def inside_figure(view: View) -> Figure | None:
    """Draw what there is of a reducer of images, a strip a question; None where there is nothing."""
    strips = [(_EFFECTS, 1, view.effects), (_WALKS, 0, view.walks), (_NEIGHBOURS, 0, _with_neighbours(view))]
    shown = [(title, signed, pictures) for title, signed, pictures in strips if pictures is not None]
    if view.image_shape is None or len(view.image_shape) != 2 or not shown:
        return None
    rows = [1 if signed else -(-len(pictures) // 2) for _, signed, pictures in shown]
    height = _MARGIN + _TITLE + sum(n * _TILE + _TITLE + _MARGIN for n in rows)
    figure = new_figure(_WIDTH, height)
    top = height - _MARGIN
    add_text(figure, _MARGIN, top, shorten(view.name, 40), va="top", fontweight="bold")
    top -= _TITLE
    for (title, signed, pictures), n in zip(shown, rows, strict=True):
        add_text(figure, _MARGIN, top, title, va="top", fontsize=SMALL, color=GREY)
        bottom = top - _TITLE - n * _TILE
        if signed:
            _draw_effects(figure, view, pictures, bottom)
        else:
            _draw_pairs(figure, view, pictures, bottom)
        top = bottom - _MARGIN
    return figure


def _with_neighbours(view: View) -> Array | None:
    """Return each image with its neighbours behind it, shape (n, 1 + NEIGHBOURS, n_features)."""
    if view.neighbours is None or view.images is None or len(view.images) < len(view.neighbours):
        return None
    first = view.images[: len(view.neighbours), None]
    return np.asarray(np.concatenate([first, view.neighbours], axis=1))


def _draw_effects(figure: Figure, view: View, effects: Array, bottom: float) -> None:
    assert view.image_shape is not None
    most = float(np.abs(effects).max()) or 1.0
    axes = add_axes(figure, _MARGIN, bottom, _WIDTH - 2 * _MARGIN, _TILE)
    scaled = 0.5 + effects[None] / (2 * most)
    draw_mosaic(axes, scaled, view.image_shape, background=0.5, cmap="RdBu")


def _draw_pairs(figure: Figure, view: View, groups: Array, bottom: float) -> None:
    """Draw groups of pictures, two side by side."""
    half = (_WIDTH - 3 * _MARGIN) / 2
    for place, pictures in enumerate(groups):
        down, across = divmod(place, 2)
        floor = bottom + (-(-len(groups) // 2) - 1 - down) * _TILE
        axes = add_axes(figure, _MARGIN + across * (half + _MARGIN), floor, half, _TILE)
        draw_pictures(axes, view, [pictures])
