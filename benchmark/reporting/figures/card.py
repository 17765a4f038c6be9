"""The card of one reducer: its codes, its reconstructions, its training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.reporting.figures.embeddings import draw_codes, quote_scores
from benchmark.reporting.figures.losses import draw_losses
from benchmark.reporting.figures.reconstructions import draw_pictures
from benchmark.reporting.style import GREY, LARGE, SMALL, figure_style, new_figure, shorten
from benchmark.reporting.views import View

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIDE, _RIGHT, _MARGIN, _HEAD, _GUTTER = 3.6, 4.6, 0.15, 0.62, 0.3
_PICTURES, _LOSS = 0.46 * 2, 1.5


def card_figure(view: View) -> Figure | None:
    """Draw what there is of one reducer, with no room kept for what there is not; None for nothing."""
    pictures = view.has_pictures and view.reconstructions is not None
    left = view.codes is not None
    right = pictures or bool(view.losses)
    if not left and not right:
        return None
    tall = left or (pictures and bool(view.losses))
    body = _SIDE if tall else (_PICTURES + 0.3 if pictures else _LOSS + 0.85)
    width = _MARGIN * 2 + _SIDE * left + _GUTTER * (left and right) + _RIGHT * right
    card = _Card(width, body + _HEAD + _MARGIN)
    with figure_style():
        card.open(view)
        if left:
            axes = card.axes(_MARGIN, _MARGIN, _SIDE, _SIDE)
            draw_codes(axes, view, inches=_SIDE)
        if right:
            _right_side(card, view, width - _MARGIN - _RIGHT, _MARGIN, body, pictures)
    return card.figure


class _Card:
    """A figure laid out in inches from its lower left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure: Figure

    def open(self, view: View) -> None:
        self.figure = new_figure(self.width, self.height)
        self.text(
            _MARGIN,
            self.height - 0.14,
            shorten(view.name, 60 if self.width > 5 else 30),
            size=LARGE + 1,
            weight="bold",
        )
        self.text(_MARGIN, self.height - 0.38, quote_scores(view), color=GREY)

    def axes(self, left: float, bottom: float, width: float, height: float) -> Axes:
        return self.figure.add_axes(
            (left / self.width, bottom / self.height, width / self.width, height / self.height)
        )

    def text(
        self,
        left: float,
        top: float,
        text: str,
        size: float = SMALL + 0.5,
        color: str | None = None,
        weight: str = "normal",
    ) -> None:
        self.figure.text(
            left / self.width,
            top / self.height,
            text,
            va="top",
            fontsize=size,
            fontweight=weight,
            color=color,
        )


def _right_side(card: _Card, view: View, left: float, bottom: float, body: float, pictures: bool) -> None:
    """Fill the right column from the top: pictures, then the loss; either alone is centred."""
    loss = bool(view.losses)
    top = bottom + body
    if pictures:
        assert view.images is not None
        assert view.reconstructions is not None
        top = top if loss else bottom + body / 2 + (_PICTURES + 0.25) / 2
        card.text(left, top, "test images, and their reconstructions below", color=GREY)
        card_axes = card.axes(left, top - 0.25 - _PICTURES, _RIGHT, _PICTURES)
        draw_pictures(card_axes, view, [view.images, view.reconstructions])
    if loss:
        height = _LOSS if pictures else min(body - 0.85, 2.3)
        floor = bottom + 0.42 if pictures else bottom + (body - height) / 2
        card.text(left, floor + height + 0.28, "training loss by epoch", color=GREY)
        axes = card.axes(left + 0.5, floor, _RIGHT - 0.5, height)
        draw_losses(axes, view)
        axes.set_xlabel("epoch")
