"""Test images above what each reducer makes of their codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.reporting.style import GREY, SMALL, add_axes, add_text, figure_style, new_figure, shorten
from benchmark.reporting.views import View
from benchmark.scoring import METRICS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TILE, _GAP, _LABEL = 0.62, 0.10, 1.85


@figure_style()
def reconstructions_figure(views: Sequence[View]) -> Figure | None:
    """Draw the test images in the first row and one row of reconstructions a reducer with an inverse.

    None where the data are no images or no reducer has an inverse.
    """
    shown = [view for view in views if view.has_reconstructions]
    if not shown:
        return None
    rows = [("test images", "", shown[0], shown[0].images)]
    rows += [(shorten(view.name, 24), _error(view), view, view.reconstructions) for view in shown]
    count = max(len(view.images) for view in shown if view.images is not None)
    height = len(rows) * (_TILE + _GAP) + 2 * _GAP
    figure = new_figure(_LABEL + count * _TILE + _GAP, height)
    for index, (name, note, view, pictures) in enumerate(rows):
        # The test images stand a little apart from what is made of them.
        bottom = height - (index + 1) * (_TILE + _GAP) - (_GAP if index else 0)
        draw_pictures(add_axes(figure, _LABEL, bottom, count * _TILE, _TILE), view, [pictures])
        middle, shift = bottom + _TILE / 2, 0.08 if note else 0.0
        add_text(figure, _LABEL - 0.12, middle + shift, name, ha="right", va="center",
                 fontweight="normal" if index else "bold", fontsize=SMALL + 0.5)  # fmt: skip
        add_text(figure, _LABEL - 0.12, middle - shift, note, ha="right", va="center",
                 fontsize=SMALL - 0.5, color=GREY)  # fmt: skip
    return figure


def _error(view: View) -> str:
    metric = METRICS["reconstruction_mse"]
    mse = view.record.scores.get(metric.name)
    return "" if mse is None else f"{metric.title} {mse:#.3g}"


def draw_pictures(axes: Axes, view: View, rows: Sequence[NDArray[Any] | None]) -> None:
    """Draw rows of pictures as one mosaic, in the grey range of the view's test images."""
    assert view.images is not None
    assert view.image_shape is not None
    low, high = float(view.images.min()), float(view.images.max())
    high = high if high > low else low + 1.0
    shown = [pictures for pictures in rows if pictures is not None]
    mosaic = np.vstack([picture_strip(pictures, view.image_shape, low, high) for pictures in shown])
    axes.imshow(mosaic, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    axes.set_anchor("W")
    axes.set_axis_off()


def picture_strip(
    pictures: NDArray[Any], shape: tuple[int, ...], low: float, high: float, background: float | None = None
) -> NDArray[np.float32]:
    """Lay pictures side by side, scaled to 0..1, with a margin of a background pixel around each."""
    # Dark ink on white: in a colour picture white is 1, in the reversed grey scale it is 0.
    if background is None:
        background = 1.0 if len(shape) == 3 else 0.0
    scaled = np.clip((np.nan_to_num(pictures) - low) / (high - low), 0, 1).reshape(-1, *shape)
    pad = max(1, round(shape[1] * 0.05))
    border = [(0, 0), (pad, pad), (pad, pad)] + [(0, 0)] * (len(shape) - 2)
    padded = np.pad(scaled, border, constant_values=background)
    return np.asarray(np.concatenate(list(padded), axis=1), dtype=np.float32)
