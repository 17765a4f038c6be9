"""What a figure shows of one fitted reducer, read from the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.results import Record, Store

if TYPE_CHECKING:
    from benchmark.results.artifacts import Arrays

Array = NDArray[Any]


@dataclass(frozen=True)
class View:
    """One ok job and the arrays kept of it; what was not kept is None.

    Attributes
    ----------
    record : Record
        The job.
    codes : array, shape (m, 2)
        Test codes, on their first two principal components where they are wider.
    labels : array of int, shape (m,)
    images, reconstructions : array, shape (10, n_features)
    image_shape : tuple of int, (height, width) or (height, width, channels)
    class_names : tuple of str
    """

    record: Record
    codes: Array | None = None
    labels: Array | None = None
    images: Array | None = None
    reconstructions: Array | None = None
    image_shape: tuple[int, ...] | None = None
    class_names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The reducer's name."""
        return self.record.reducer

    @property
    def has_reconstructions(self) -> bool:
        """Whether there are reconstructions of images that can be drawn."""
        return self.image_shape is not None and self.reconstructions is not None

    @cached_property
    def losses(self) -> list[tuple[str, Array]]:
        """The training loss of every stage, as ``(name, values by epoch)``; empty without a history."""
        return _stages(self.record.history)


def load_view(store: Store, record: Record) -> View:
    """Return the view of a job; where its arrays are damaged or missing, a view of its history alone."""
    try:
        arrays = store.load_arrays("views", record.key)
    except Exception:  # a damaged file makes parsers raise anything
        arrays = {}
    return view_of(record, arrays)


def view_of(record: Record, arrays: Arrays) -> View:
    """Return the view of a job of the arrays that it kept; those that are none of a view are left out."""
    codes = _plane(_valid(arrays.get("codes"), 2, "biuf"))
    labels = _valid(arrays.get("labels"), 1, "iu")
    images = _valid(arrays.get("images"), 2, "biuf")
    made = _valid(arrays.get("reconstructions"), 2, "biuf")
    return View(
        record=record,
        codes=codes,
        labels=None if labels is None or codes is None or len(labels) != len(codes) else labels,
        images=None if images is None else images.astype(np.float32),
        reconstructions=None if images is None or made is None or made.shape != images.shape
        else made.astype(np.float32),
        image_shape=_image_shape(_valid(arrays.get("image_shape"), 1, "iu"), images),
        class_names=_names(_valid(arrays.get("class_names"), 1)),
    )  # fmt: skip


def first_views(store: Store, records: Iterable[Record], components: int | None = None) -> list[View]:
    """Return one view a reducer, by name: its first ok seed, on the CPU and at `components` if it can be."""

    def rank(record: Record) -> tuple[Any, ...]:
        place = (record.device != "cpu", record.device, record.n_components or 0, record.seed, record.key)
        return record.setting != "", record.setting, record.n_components != components, *place

    ok = [record for record in records if record.status == "ok"]
    first = {record.reducer: record for record in sorted(ok, key=rank, reverse=True)}
    return [load_view(store, first[name]) for name in sorted(first)]


def _valid(array: Array | None, ndim: int, kinds: str | None = None) -> Array | None:
    """Return the array if it has so many dimensions, values, and one of the kinds of type; else None."""
    if array is None or array.ndim != ndim or not array.size:
        return None
    return array if kinds is None or array.dtype.kind in kinds else None


def _plane(codes: Array | None) -> Array | None:
    if codes is None:
        return None
    plane = codes[:, :2].astype(np.float64)
    return np.hstack([plane, np.zeros_like(plane)])[:, :2]


def _image_shape(sides: Array | None, images: Array | None) -> tuple[int, ...] | None:
    if sides is None or images is None or len(sides) not in (2, 3) or (sides < 1).any():
        return None
    return tuple(map(int, sides)) if np.prod(sides) == images.shape[1] else None


def _names(names: Array | None) -> tuple[str, ...]:
    return () if names is None else tuple(str(name).encode("utf-8", "replace").decode() for name in names)


def _stages(history: list[dict[str, float]]) -> list[tuple[str, Array]]:
    """Split a history at every change of its ``stage``."""
    stages = []
    for stage, epochs in groupby(history, key=lambda epoch: epoch.get("stage")):
        losses = [epoch.get("loss", epoch.get("pseudo_likelihood")) for epoch in epochs]
        name = "" if stage is None else stage if isinstance(stage, str) else f"stage {stage:g}"
        stages.append((name, np.array(losses, dtype=np.float64)))
    return [(name, losses) for name, losses in stages if np.isfinite(losses).any()]
