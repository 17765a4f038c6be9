"""What a figure shows of one fitted reducer, read from the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.results import Record, Store

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
    def has_pictures(self) -> bool:
        """Whether the inputs are images that can be drawn."""
        return self.images is not None and self.image_shape is not None

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
    codes = _as_plane(arrays.get("codes"))
    labels = _as_labels(arrays.get("labels"))
    images = _as_rows(arrays.get("images"))
    reconstructions = _as_rows(arrays.get("reconstructions"))
    shape = _as_shape(arrays.get("image_shape"))
    drawable = (
        images is not None
        and shape is not None
        and len(shape) in (2, 3)
        and np.prod(shape) == images.shape[1]
    )
    return View(
        record=record,
        codes=codes,
        labels=labels if labels is not None and codes is not None and len(labels) == len(codes) else None,
        images=images,
        reconstructions=(
            reconstructions
            if images is not None and reconstructions is not None and reconstructions.shape == images.shape
            else None
        ),
        image_shape=shape if drawable else None,
        class_names=_as_names(arrays.get("class_names")),
    )


def first_views(store: Store, records: Iterable[Record], components: int | None = None) -> list[View]:
    """Return one view a reducer, by name: its first ok seed, on the CPU and at `components` if it can be."""
    chosen: dict[str, tuple[tuple[Any, ...], Record]] = {}
    for record in records:
        if record.status != "ok":
            continue
        rank = (
            record.n_components != components,
            record.device != "cpu",
            record.device,
            record.n_components or 0,
            record.seed,
            record.key,
        )
        if record.reducer not in chosen or rank < chosen[record.reducer][0]:
            chosen[record.reducer] = (rank, record)
    return [load_view(store, chosen[name][1]) for name in sorted(chosen)]


def _as_labels(labels: Array | None) -> Array | None:
    return labels if labels is not None and labels.ndim == 1 and labels.dtype.kind in "iu" else None


def _as_shape(shape: Array | None) -> tuple[int, ...] | None:
    if shape is None or shape.ndim != 1 or shape.dtype.kind not in "iu" or not (shape >= 1).all():
        return None
    return tuple(int(side) for side in shape)


def _as_names(names: Array | None) -> tuple[str, ...]:
    if names is None or names.ndim != 1:
        return ()
    return tuple(str(name).encode("utf-8", "replace").decode() for name in names)


def _as_plane(codes: Array | None) -> Array | None:
    if codes is None or codes.ndim != 2 or codes.dtype.kind not in "biuf" or 0 in codes.shape:
        return None
    plane = codes[:, :2].astype(np.float64)
    return np.hstack([plane, np.zeros_like(plane)])[:, :2] if plane.shape[1] == 1 else plane


def _as_rows(pictures: Array | None) -> Array | None:
    if pictures is None or pictures.ndim != 2 or pictures.dtype.kind not in "biuf" or not len(pictures):
        return None
    return pictures.astype(np.float32)


def _stages(history: list[dict[str, float]]) -> list[tuple[str, Array]]:
    """Split a history at every change of its ``stage``."""
    stages: list[tuple[str, list[float]]] = []
    last: object = None
    for epoch in history:
        loss = epoch.get("loss", epoch.get("pseudo_likelihood"))
        stage = epoch.get("stage")
        if not stages or stage != last:
            name = "" if stage is None else stage if isinstance(stage, str) else f"stage {stage:g}"
            stages.append((name, []))
        stages[-1][1].append(float("nan") if loss is None else float(loss))
        last = stage
    return [(name, np.array(values)) for name, values in stages if np.isfinite(values).any()]
