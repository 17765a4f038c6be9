"""The card of one reducer: its codes, its reconstructions, its training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.reporting.figures.embeddings import draw_codes, quote_scores
from benchmark.reporting.figures.losses import draw_losses
from benchmark.reporting.figures.reconstructions import draw_pictures
from benchmark.reporting.style import (
    GREY,
    LARGE,
    SMALL,
    add_axes,
    add_text,
    figure_style,
    new_figure,
    shorten,
)
from benchmark.reporting.views import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Inches.
_SIDE, _RIGHT, _MARGIN, _HEAD, _GUTTER = 3.6, 4.6, 0.15, 0.62, 0.3
_PICTURES, _LOSS = 0.46 * 2, 1.5


@figure_style()
def card_figure(view: View) -> Figure | None:
    """Draw what there is of one reducer, with no room kept for what there is not; None for nothing."""
    left, right = view.codes is not None, view.has_reconstructions or bool(view.losses)
    if not left and not right:
        return None
    tall = left or (view.has_reconstructions and bool(view.losses))
    body = _SIDE if tall else (_PICTURES + 0.3 if view.has_reconstructions else _LOSS + 0.85)
    width = _MARGIN * 2 + _SIDE * left + _GUTTER * (left and right) + _RIGHT * right
    height = body + _HEAD + _MARGIN
    figure = new_figure(width, height)
    name = shorten(view.name, 60 if width > 5 else 30)
    add_text(figure, _MARGIN, height - 0.14, name, va="top", fontsize=LARGE + 1, fontweight="bold")
    _note(figure, _MARGIN, height - 0.38, quote_scores(view))
    if left:
        draw_codes(add_axes(figure, _MARGIN, _MARGIN, _SIDE, _SIDE), view, inches=_SIDE)
    if right:
        _right_side(figure, view, width - _MARGIN - _RIGHT, body)
    return figure


def _note(figure: Figure, left: float, top: float, text: str) -> None:
    add_text(figure, left, top, text, va="top", fontsize=SMALL + 0.5, color=GREY)


def _right_side(figure: Figure, view: View, left: float, body: float) -> None:
    """Fill the right column from the top: pictures, then the loss; either alone is centred."""
    pictures, loss = view.has_reconstructions, bool(view.losses)
    if pictures:
        top = _MARGIN + (body if loss else (body + _PICTURES + 0.25) / 2)
        _note(figure, left, top, "test images, and their reconstructions below")
        axes = add_axes(figure, left, top - 0.25 - _PICTURES, _RIGHT, _PICTURES)
        draw_pictures(axes, view, [view.images, view.reconstructions])
    if loss:
        height = _LOSS if pictures else min(body - 0.85, 2.3)
        floor = _MARGIN + (0.42 if pictures else (body - height) / 2)
        _note(figure, left, floor + height + 0.28, "training loss by epoch")
        axes = add_axes(figure, left + 0.5, floor, _RIGHT - 0.5, height)
        draw_losses(axes, view)
        axes.set_xlabel("epoch")
