"""What is shown of a sample under the pointer: its image, out of one picture of all, or its columns."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.reporting.page import image_uri
from benchmark.reporting.style import shorten
from benchmark.scoring.row_statistics import row_slots

if TYPE_CHECKING:
    from benchmark.results.artifacts import Arrays

_ACROSS = 50  # images in a row of the picture
_SIDE = 84  # pixels of an image under the pointer, about
_MOST_COLUMNS = 12


@dataclass(frozen=True)
class Samples:
    """The samples that an explorer shows.

    Attributes
    ----------
    arrays : dict of array
        Of a run: see `benchmark.datasets.samples.shown_samples`; may be empty.
    """

    arrays: Arrays

    @property
    def image_shape(self) -> tuple[int, ...] | None:
        """Height and width of the images; None where the samples are none, or were not kept."""
        shape = self.arrays.get("image_shape")
        return None if shape is None else tuple(map(int, shape))

    def are(self, slots: NDArray[Any] | None) -> bool:
        """Whether these are the samples that a job kept `slots` of: it may have scored others."""
        stored = self.arrays.get("samples")
        return stored is not None and slots is not None and np.array_equal(row_slots(stored), slots)

    @property
    def variables(self) -> dict[str, str]:
        """CSS variables that tooltips use."""
        if self.image_shape is None:
            return {}
        return {"samples": f"url({image_uri(self._picture(), lossless=True)})"}

    def columns(self, n: int) -> dict[str, Any]:
        """Return columns for `n` points: where an image lies in the picture, or the columns of a table."""
        stored = self.arrays.get("samples")
        if stored is None or len(stored) != n:
            return {}
        if self.image_shape is not None:
            zoom, (height, width) = self._zoom, self.image_shape
            down, across = np.divmod(np.arange(n, dtype=np.uint16), np.uint16(_ACROSS))
            return {"u": across * width * zoom, "v": down * height * zoom}
        return {f"f{place}": stored[:, place] for place in range(min(stored.shape[1], _MOST_COLUMNS))}

    def tooltip(self, place: int) -> str:
        """Return what is said of a point of panel `place`, as HTML with its columns as ``@name``."""
        shown = "".join(
            f"<br>{escape(shorten(str(name), 24)).replace('@', '&#64;')}: <b>@f{place}{{0.[000]}}</b>"
            for place, name in enumerate(self.arrays.get("feature_names", ())[:_MOST_COLUMNS])
        )
        if self.image_shape is not None:
            zoom, (height, width) = self._zoom, self.image_shape
            rows = -(-len(self.arrays["samples"]) // _ACROSS)
            shown = (
                f'<div style="width:{width * zoom}px;height:{height * zoom}px;margin-top:3px;'
                "image-rendering:pixelated;background-image:var(--samples);"
                f"background-size:{_ACROSS * width * zoom}px {rows * height * zoom}px;"
                'background-position:-@{u}px -@{v}px"></div>'
            )
        return f'<div style="font:12px system-ui;color:#22252b;padding:2px">class <b>@class</b>{shown}</div>'

    @property
    def _zoom(self) -> int:
        assert self.image_shape is not None
        return max(_SIDE // max(self.image_shape), 1)

    def _picture(self) -> Any:
        """Return all images, rows of `_ACROSS`, dark ink on white."""
        from PIL import Image

        assert self.image_shape is not None
        offset, scale = self.arrays["map"]
        values = (self.arrays["samples"].astype(np.float32) - offset) / scale
        height, width = self.image_shape
        rows = -(-len(values) // _ACROSS)
        tiles = np.zeros((rows * _ACROSS, height, width), dtype=np.float32)
        tiles[: len(values)] = values.reshape(-1, height, width)
        mosaic = tiles.reshape(rows, _ACROSS, height, width).swapaxes(1, 2).reshape(rows * height, -1)
        return Image.fromarray((255 * (1 - np.clip(mosaic, 0, 1))).astype(np.uint8))
