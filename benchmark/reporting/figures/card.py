"""What there is of one reducer beside its codes: its reconstructions, its training; and its card."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.reporting import style
from benchmark.reporting.figures.embeddings import draw_codes, quote_scores
from benchmark.reporting.figures.readable_axes import DECADES, set_ticks, ticks_within
from benchmark.reporting.views import View
from benchmark.scoring import METRICS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches, of reconstructions and of a card.
_TILE, _GAP, _LABEL = 0.62, 0.10, 1.85
_SIDE, _RIGHT, _MARGIN, _HEAD, _GUTTER = 3.6, 4.6, 0.15, 0.62, 0.3
_PICTURES, _LOSS = 0.46 * 2, 1.5
# Beyond this ratio of the largest loss to the smallest, a linear axis shows only the first epochs.
_LOG_RATIO = 30.0
_MOST_TICKS = 5


@style.figure_style()
def reconstructions_figure(views: Sequence[View]) -> Figure | None:
    """Draw the test images in the first row and one row of reconstructions a reducer with an inverse.

    None where the data are no images or no reducer has an inverse.
    """
    shown = [view for view in views if view.has_reconstructions]
    if not shown:
        return None
    metric = METRICS["reconstruction_mse"]
    first: list[tuple[str, float | None, View, Any]] = [("test images", None, shown[0], shown[0].images)]
    rows = first + [
        (style.shorten(view.name, 24), view.record.scores.get(metric.name), view, view.reconstructions)
        for view in shown
    ]
    count = max(len(view.images) for view in shown if view.images is not None)
    height = len(rows) * (_TILE + _GAP) + 2 * _GAP
    figure = style.new_figure(_LABEL + count * _TILE + _GAP, height)
    look: dict[str, Any] = {"ha": "right", "va": "center"}
    for index, (name, error, view, pictures) in enumerate(rows):
        # The test images stand a little apart from what is made of them.
        bottom = height - (index + 1) * (_TILE + _GAP) - (_GAP if index else 0)
        draw_pictures(style.add_axes(figure, _LABEL, bottom, count * _TILE, _TILE), view, [pictures])
        middle, shift = bottom + _TILE / 2, 0.0 if error is None else 0.08
        style.add_text(figure, _LABEL - 0.12, middle + shift, name, fontsize=style.SMALL + 0.5,
                       fontweight="normal" if index else "bold", **look)  # fmt: skip
        if error is not None:
            style.add_text(figure, _LABEL - 0.12, middle - shift, f"{metric.title} {error:#.3g}",
                           fontsize=style.SMALL - 0.5, color=style.GREY, **look)  # fmt: skip
    return figure


def draw_pictures(axes: Axes, view: View, rows: Sequence[NDArray[Any] | None]) -> None:
    """Draw rows of pictures as one mosaic, in the grey range of the view's test images."""
    assert view.images is not None
    assert view.image_shape is not None
    shape, low, high = view.image_shape, float(view.images.min()), float(view.images.max())
    pictures = np.stack([row for row in rows if row is not None])
    scaled = np.clip((np.nan_to_num(pictures) - low) / (high - low if high > low else 1.0), 0, 1)
    # Dark ink on white: in a colour picture white is 1, in the reversed grey scale it is 0.
    draw_mosaic(axes, scaled, shape, background=1.0 if len(shape) == 3 else 0.0, cmap="gray_r")


def draw_mosaic(
    axes: Axes, pictures: NDArray[Any], shape: tuple[int, ...], *, background: float, cmap: str
) -> None:
    """Draw pictures (rows, n, n_features), scaled to 0..1, with a margin of background around each."""
    pad = max(1, round(shape[1] * 0.05))
    border = [(0, 0), (0, 0), (pad, pad), (pad, pad)] + [(0, 0)] * (len(shape) - 2)
    tiles = np.pad(pictures.reshape(*pictures.shape[:2], *shape), border, constant_values=background)
    mosaic = np.vstack([np.hstack(row) for row in tiles])
    axes.imshow(mosaic, cmap=cmap, vmin=0, vmax=1, interpolation="nearest")
    axes.set_anchor("W")
    axes.set_axis_off()


@style.figure_style()
def losses_figure(views: Sequence[View]) -> Figure | None:
    """Draw one panel a reducer that trains by epochs, each with its own loss axis; None without any."""
    shown = [view for view in views if view.losses]
    if not shown:
        return None
    rows = ceil(len(shown) / 4)
    columns = ceil(len(shown) / rows)
    figure = style.new_figure(2.75 * columns + 0.1, 2.15 * rows + 0.1)
    figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
    for index, view in enumerate(shown):
        axes = figure.add_subplot(rows, columns, index + 1)
        draw_losses(axes, view)
        axes.set_title(style.shorten(view.name, 24), loc="left", fontweight="bold")
        axes.set(xlabel="epoch" if index + columns >= len(shown) else "")
        axes.set(ylabel="" if index % columns else "loss")
    return figure


def draw_losses(axes: Axes, view: View) -> None:
    """Draw the loss of a view epoch by epoch; stages of pretraining stand apart, each named on top."""
    from matplotlib.ticker import MaxNLocator

    start, values = 1, np.concatenate([losses for _, losses in view.losses])
    several = len(view.losses) > 1
    for index, (name, losses) in enumerate(view.losses):
        epochs = np.arange(start, start + len(losses))
        axes.plot(epochs, losses, color=style.PETROFF_10[0], linewidth=1.6, solid_capstyle="round",
                  marker="o" if len(losses) <= 30 else None, markersize=3)  # fmt: skip
        if index:
            axes.axvline(start - 0.5, color=style.RULE, linewidth=1.2, zorder=0)
        if several:
            _name_stage(axes, epochs, name or f"stage {index + 1}", len(losses) / len(values))
        start += len(losses)
    finite = values[np.isfinite(values)]
    low, high = finite.min(), finite.max()
    if low > 0 and high > _LOG_RATIO * low:
        axes.set_yscale("log")
        ticks = ticks_within(DECADES, low, high)
        set_ticks(axes.yaxis, ticks[:: ceil(len(ticks) / _MOST_TICKS)], "{:.4g}".format)
    else:
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.4g}")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_xlim(0.5, max(len(values), 1) + 0.5)
    axes.margins(y=0.16 if several else 0.08)
    axes.grid(True, axis="y")


def _name_stage(axes: Axes, epochs: NDArray[np.int_], name: str, share: float) -> None:
    """Name a stage on top, along it, or down where it is too narrow for its name."""
    rotation = 90 if len(name) > share * 34 else 0
    style.halo(axes.text(
        epochs.mean(), 0.985, style.shorten(name, 16), transform=axes.get_xaxis_transform(), ha="center",
        va="top", fontsize=style.SMALL - 1.5, color=style.GREY, rotation=rotation,
    ))  # fmt: skip


@style.figure_style()
def card_figure(view: View) -> Figure | None:
    """Draw what there is of one reducer, with no room kept for what there is not; None for nothing."""
    left, right = view.codes is not None, view.has_reconstructions or bool(view.losses)
    if not left and not right:
        return None
    tall = left or (view.has_reconstructions and view.losses)
    body = _SIDE if tall else _PICTURES + 0.3 if view.has_reconstructions else _LOSS + 0.85
    width = _MARGIN * 2 + _SIDE * left + _GUTTER * (left and right) + _RIGHT * right
    height = body + _HEAD + _MARGIN
    figure = style.new_figure(width, height)
    name = style.shorten(view.name, 60 if width > 5 else 30)
    style.add_text(
        figure, _MARGIN, height - 0.14, name, va="top", fontsize=style.LARGE + 1, fontweight="bold"
    )
    _note(figure, _MARGIN, height - 0.38, quote_scores(view))
    if left:
        draw_codes(style.add_axes(figure, _MARGIN, _MARGIN, _SIDE, _SIDE), view, inches=_SIDE)
    if right:
        _right_side(figure, view, width - _MARGIN - _RIGHT, body)
    return figure


def _right_side(figure: Figure, view: View, left: float, body: float) -> None:
    """Fill the right column from the top: pictures, then the loss; either alone is centred."""
    pictures, loss = view.has_reconstructions, bool(view.losses)
    if pictures:
        top = _MARGIN + (body if loss else (body + _PICTURES + 0.25) / 2)
        _note(figure, left, top, "test images, and their reconstructions below")
        axes = style.add_axes(figure, left, top - 0.25 - _PICTURES, _RIGHT, _PICTURES)
        draw_pictures(axes, view, [view.images, view.reconstructions])
    if loss:
        height = _LOSS if pictures else min(body - 0.85, 2.3)
        floor = _MARGIN + (0.42 if pictures else (body - height) / 2)
        _note(figure, left, floor + height + 0.28, "training loss by epoch")
        axes = style.add_axes(figure, left + 0.5, floor, _RIGHT - 0.5, height)
        draw_losses(axes, view)
        axes.set_xlabel("epoch")


def _note(figure: Figure, left: float, top: float, text: str) -> None:
    style.add_text(figure, left, top, text, va="top", fontsize=style.SMALL + 0.5, color=style.GREY)
