"""What a figure shows of one fitted reducer, read from the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.analysis.columns import RANKING
from benchmark.analysis.ranking import load_rows
from benchmark.datasets.samples import shown_rows
from benchmark.results import Record, Store
from benchmark.scoring import METRICS

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
    effects, walks, neighbours : array, shape (k, n_features), (2, 8, n_features) and (4, 6, n_features)
        See `benchmark.measure.insight`; ``column_errors``, (n_features,), in `benchmark.measure.view`.
    class_names : tuple of str
    variance_shown : float or None
        Share of the variance of the codes that the plane shows.
    n_seeds : int
        Of how many seeds this one is shown.
    rows : dict of array
        What was found of each sample shown, (m,): its predicted class, its cluster, its error, and under
        "slots" a number that tells samples apart; see `benchmark.scoring.row_statistics.row_slots`.
    """

    record: Record
    codes: Array | None = None
    labels: Array | None = None
    images: Array | None = None
    reconstructions: Array | None = None
    image_shape: tuple[int, ...] | None = None
    effects: Array | None = None
    walks: Array | None = None
    neighbours: Array | None = None
    column_errors: Array | None = None
    class_names: tuple[str, ...] = ()
    variance_shown: float | None = None
    n_seeds: int = 1
    rows: Mapping[str, Array] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The reducer's name."""
        return self.record.reducer

    def class_name(self, label: int) -> str:
        """Return what a class is called, at least by its number."""
        return self.class_names[label] if 0 <= label < len(self.class_names) else str(label)

    @property
    def has_reconstructions(self) -> bool:
        """Whether there are reconstructions of images that can be drawn."""
        return self.image_shape is not None and self.reconstructions is not None

    @cached_property
    def losses(self) -> list[tuple[str, Array]]:
        """The training loss of every stage, as ``(name, values by epoch)``; empty without a history."""
        stages = []
        for stage, epochs in groupby(self.record.history, key=lambda epoch: epoch.get("stage")):
            values = [epoch.get("loss", epoch.get("pseudo_likelihood")) for epoch in epochs]
            name = "" if stage is None else stage if isinstance(stage, str) else f"stage {stage:g}"
            stages.append((name, np.array(values, dtype=np.float64)))
        return [(name, losses) for name, losses in stages if np.isfinite(losses).any()]


def load_arrays(store: Store, kind: str, key: str) -> Arrays:
    """Return arrays of a run; nothing where they are damaged or missing."""
    try:
        return store.load_arrays(kind, key)
    except Exception:  # a damaged file makes parsers raise anything
        return {}


def _as_wide(pictures: Array | None, images: Array | None) -> Array | None:
    """Return pictures that have as many values as the images; else None."""
    fits = pictures is not None and images is not None and pictures.shape[-1] == images.shape[-1]
    return pictures.astype(np.float32) if pictures is not None and fits else None


def view_of(record: Record, arrays: Arrays) -> View:
    """Return the view of a job of the arrays that it kept; those that are none of a view are left out."""

    def valid(name: str, ndim: int, kinds: str = "") -> Array | None:
        """Return an array that has so many dimensions, values, and one of the kinds of type; else None."""
        array = arrays.get(name)
        if array is None or array.ndim != ndim or not array.size:
            return None
        return array if not kinds or array.dtype.kind in kinds else None

    codes, labels, images = valid("codes", 2, "biuf"), valid("labels", 1, "iu"), valid("images", 2, "biuf")
    made, sides = valid("reconstructions", 2, "biuf"), valid("image_shape", 1, "iu")
    names, share = valid("class_names", 1), valid("variance_shown", 1, "f")
    if images is None or sides is None or len(sides) not in (2, 3) or np.prod(sides) != images.shape[1]:
        sides = None
    return View(
        record=record,
        codes=None if codes is None else np.pad(codes[:, :2], ((0, 0), (0, 1)))[:, :2].astype(np.float64),
        labels=None if labels is None or codes is None or len(labels) != len(codes) else labels,
        images=None if images is None else images.astype(np.float32),
        reconstructions=None if images is None or made is None or made.shape != images.shape
        else made.astype(np.float32),
        image_shape=None if sides is None or (sides < 1).any() else tuple(map(int, sides)),
        effects=valid("effects", 2, "f"),
        walks=_as_wide(valid("walks", 3, "f"), images),
        neighbours=_as_wide(valid("neighbours", 3, "f"), images),
        column_errors=valid("column_errors", 1, "f"),
        # Without halves of surrogate pairs, which no file takes.
        class_names=() if names is None
        else tuple(str(name).encode("utf-8", "replace").decode() for name in names),
        variance_shown=None if share is None else float(share[0]),
    )  # fmt: skip


def matched_clusters(view: View) -> Array | None:
    """Return the cluster of k-means of every sample shown, under the number of the class that it fits best.

    Shape (m,), -1 for none; None where there are no clusters or no classes.
    """
    from scipy.optimize import linear_sum_assignment

    clusters, labels = view.rows.get(METRICS["kmeans_nmi"].column), view.labels
    if clusters is None or labels is None:
        return None
    n = int(max(clusters.max(initial=0), labels.max(initial=0))) + 1
    counts = np.zeros((n, n))
    known = (clusters >= 0) & (labels >= 0)
    np.add.at(counts, (clusters[known].astype(int), labels[known].astype(int)), 1)
    renamed = linear_sum_assignment(counts, maximize=True)[1]
    return np.where(clusters >= 0, renamed[np.maximum(clusters, 0).astype(int)], -1).astype(np.int32)


def shown_views(
    store: Store, records: Iterable[Record], names: Iterable[str], components: int | None = None
) -> list[View]:
    """Return one view a reducer of `names`, on the CPU and at `components` if it can be: its median seed.

    Where seeds have test rows of their own, and pictures of them would show other samples, it is the first.
    """

    def rank(record: Record) -> tuple[Any, ...]:
        place = record.device != "cpu", record.device, record.n_components or 0
        return record.setting != "", record.setting, record.n_components != components, *place

    ok = sorted((r for r in records if r.status == "ok"), key=lambda r: (rank(r), r.seed, r.key))
    found, same_rows = [], None
    for name in names:
        mine = [record for record in ok if record.reducer == name]
        seeds = [record for record in mine if rank(record) == rank(mine[0])]
        if same_rows is None and len(seeds) > 1:
            slots = [load_rows(store, record.key).get("slots") for record in seeds[:2]]
            same_rows = slots[0] is not None and np.array_equal(slots[0], slots[1])  # type: ignore[arg-type]
        shown = sorted(seeds, key=_leading)[(len(seeds) - 1) // 2] if same_rows else seeds[0]
        found.append(replace(_load_view(store, shown), n_seeds=len(seeds)))
    return found


def _load_view(store: Store, record: Record) -> View:
    """Return the view of a job; where its arrays are damaged or missing, a view of its history alone."""
    view = view_of(record, load_arrays(store, "views", record.key))
    shown = shown_rows(record.n_test or 0)
    if view.codes is None or len(shown) != len(view.codes):
        return view
    known = load_rows(store, record.key)
    rows = {name: values[shown] for name, values in known.items() if len(values) == record.n_test}
    return replace(view, rows=rows)


def _leading(record: Record) -> tuple[float, int]:
    """Return what orders the seeds of a reducer: the first score that a board is sorted by."""
    scores = (record.scores.get(name) for name in RANKING)
    return next((score for score in scores if score is not None), 0.0), record.seed
