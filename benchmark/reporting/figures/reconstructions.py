"""Test images above what each reducer makes of their codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmark.reporting.style import GREY, SMALL, figure_style, new_figure, shorten
from benchmark.reporting.views import View

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TILE, _GAP, _LABEL = 0.62, 0.10, 1.85


def reconstructions_figure(views: Sequence[View]) -> Figure | None:
    """Draw the test images in the first row and one row of reconstructions a reducer with an inverse.

    None where the data are no images or no reducer has an inverse.
    """
    shown = [view for view in views if view.has_pictures and view.reconstructions is not None]
    if not shown:
        return None
    first = shown[0]
    assert first.images is not None
    rows = [("test images", "", first, first.images)]
    for view in shown:
        mse = view.record.scores.get("reconstruction_mse")
        note = "" if mse is None else f"MSE {mse:#.3g}"
        assert view.reconstructions is not None
        rows.append((shorten(view.name, 24), note, view, view.reconstructions))
    return _draw(rows, len(first.images))


def _draw(rows: Sequence[tuple[str, str, View, NDArray[np.float32]]], count: int) -> Figure:
    width = _LABEL + count * _TILE + _GAP
    height = len(rows) * (_TILE + _GAP) + 2 * _GAP
    with figure_style():
        figure = new_figure(width, height)
        for index, (name, note, view, pictures) in enumerate(rows):
            # The test images stand a little apart from what is made of them.
            bottom = height - (index + 1) * (_TILE + _GAP) - (_GAP if index else 0)
            box = (_LABEL / width, bottom / height, count * _TILE / width, _TILE / height)
            draw_pictures(figure.add_axes(box), view, [pictures])
            middle = bottom + _TILE / 2
            shift = 0.08 if note else 0.0
            figure.text((_LABEL - 0.12) / width, (middle + shift) / height, name, ha="right", va="center",
                        fontweight="normal" if index else "bold", fontsize=SMALL + 0.5)  # fmt: skip
            figure.text((_LABEL - 0.12) / width, (middle - shift) / height, note, ha="right", va="center",
                        fontsize=SMALL - 0.5, color=GREY)  # fmt: skip
    return figure


def draw_pictures(axes: Axes, view: View, rows: Sequence[NDArray[np.float32]]) -> None:
    """Draw rows of pictures as one mosaic, in the grey range of the view's test images."""
    assert view.images is not None
    assert view.image_shape is not None
    low, high = float(view.images.min()), float(view.images.max())
    high = high if high > low else low + 1.0
    mosaic = np.vstack([_strip(pictures, view.image_shape, low, high) for pictures in rows])
    axes.imshow(mosaic, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    axes.set_anchor("W")
    axes.set_axis_off()


def _strip(
    pictures: NDArray[np.float32], shape: tuple[int, ...], low: float, high: float
) -> NDArray[np.float32]:
    """Lay pictures side by side, scaled to 0..1, with a margin of a background pixel around each."""
    # Dark ink on white: in a colour picture white is 1, in the reversed grey scale it is 0.
    background = 1.0 if len(shape) == 3 else 0.0
    scaled = np.clip((np.nan_to_num(pictures) - low) / (high - low), 0, 1).reshape(-1, *shape)
    pad = max(1, round(shape[1] * 0.05))
    border = [(0, 0), (pad, pad), (pad, pad)] + [(0, 0)] * (len(shape) - 2)
    padded = np.pad(scaled, border, constant_values=background)
    return np.asarray(np.concatenate(list(padded), axis=1), dtype=np.float32)
