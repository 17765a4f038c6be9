"""What the figures of several studies share: losses, scores, curves, codes in the plane, rows of images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.reporting import style
from benchmark.reporting.figures.embeddings import draw_codes, quote_scores
from benchmark.reporting.figures.readable_axes import DECADES, log_axis
from benchmark.reporting.views import View, view_of
from benchmark.studies.declaration import Evidence

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Draw = Callable[[Evidence], "Figure | None"]
# The case and the metric of every point of a curve, by where it lies.
Places = Mapping[int, tuple[str, str]] | Mapping[float, tuple[str, str]]
_BAR, _PANEL, _TILE = 0.34, 2.35, 0.5
_MOST_PANELS = 3  # side by side
_FEW = 8  # places on an axis, each of which has a tick
_MOST_WITHIN = 3  # lines whose legend covers none of them
_LEGEND = 2.1  # inches of a legend that stands beside


@style.figure_style()
def loss_figure(evidence: Evidence, published: Sequence[float] = ()) -> Figure | None:
    """Draw the training loss by epoch, every seed a thin line, and published losses as crosses."""
    curves = {case: losses for case in evidence.records if (losses := evidence.losses(case)).size}
    if not curves:
        return None
    figure, axes = _axes("epoch", "training loss")
    for (case, losses), color in zip(curves.items(), style.PETROFF_10, strict=False):
        epochs = np.arange(1, losses.shape[1] + 1)
        axes.plot(epochs, losses.T, color=color, linewidth=0.6, alpha=0.6)
        axes.plot(epochs, losses.mean(axis=0), color=color, linewidth=1.8, label=case)
    if published:
        axes.plot(np.arange(1, len(published) + 1), published, "x", color=style.INK, label="published")
    axes.set(ylim=(0, None))
    _scale(axes.xaxis, np.arange(1, max(losses.shape[1] for losses in curves.values()) + 1))
    axes.legend()
    return figure


def score_figure(metric: str, label: str) -> Draw:
    """Return what draws a score of each case as a bar."""
    return lambda evidence: _bars({case: evidence.scores(case, metric) for case in evidence.records}, label)


def scores_figure(case: str, metrics: Mapping[str, str], label: str) -> Draw:
    """Return what draws scores of one case as bars; `metrics` are their names by what the figure says."""
    return lambda evidence: _bars({name: evidence.scores(case, m) for name, m in metrics.items()}, label)


@style.figure_style()
def _bars(values: Mapping[str, np.ndarray], label: str) -> Figure | None:
    """Draw the mean of each as a bar from 0, and every seed as a point."""
    from matplotlib.ticker import MaxNLocator

    known = {name: found for name, found in values.items() if np.isfinite(found).any()}
    if not known:
        return None
    figure = style.new_figure(5.4, _BAR * len(known) + 0.9)
    axes = style.add_axes(figure, 2.1, 0.5, 3.1, _BAR * len(known) + 0.2)
    for place, found in enumerate(known.values()):
        mean = np.nanmean(found)
        axes.barh(place, mean, height=0.6, color=style.mix(style.PETROFF_10[0], 0.55))
        axes.plot(found, np.full(len(found), place), "o", color=style.PETROFF_10[0], markersize=3.5)
        axes.text(max(np.nanmax(found), mean), place, f"  {_short(mean)}", va="center", fontsize=style.SMALL)
    axes.set_yticks(range(len(known)), [style.shorten(name, 32) for name in known])
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter("{x:,.10g}")
    axes.margins(x=0.15)
    return figure


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:#.3g}".rstrip(".")


def curves_figure(curves: Mapping[str, Places], xlabel: str, ylabel: str, log: str = "") -> Draw:
    """Return what draws scores over a number: of every curve, the case and the metric by that number.

    `log` names the axes that are logarithmic: ``x``, ``y``, ``xy``.
    """

    def draw(evidence: Evidence) -> Figure | None:
        found = {}
        for name, places in curves.items():
            values = {x: evidence.scores(*place) for x, place in places.items()}
            found[name] = {x: y for x, y in values.items() if np.isfinite(y).any()}
        lines = {name: (list(ys), [np.nanmean(y) for y in ys.values()]) for name, ys in found.items()}
        figure = lines_figure(lines, xlabel, ylabel, log, marker="o")
        if figure is not None:
            for known, color in zip(found.values(), style.PETROFF_10, strict=False):
                for x, y in known.items():
                    figure.axes[0].plot(np.full(len(y), x), y, "o", color=color, markersize=2.5, alpha=0.6)
        return figure

    return draw


@style.figure_style()
def lines_figure(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    xlabel: str,
    ylabel: str,
    log: str = "",
    marker: str = "",
) -> Figure | None:
    """Draw lines, each x and y by its name."""
    if not any(len(x) for x, _ in lines.values()):
        return None
    beside = len(lines) > _MOST_WITHIN
    figure, axes = _axes(xlabel, ylabel, beside=_LEGEND if beside else 0.0)
    for (name, (x, y)), color in zip(lines.items(), style.PETROFF_10, strict=False):
        axes.plot(x, y, marker=marker, color=color, linewidth=1.8, markersize=4.5, label=name)
    places, heights = (np.concatenate([line[part] for line in lines.values()]) for part in (0, 1))
    _scale(axes.xaxis, places, np.unique(places).tolist() if "x" in log else ())
    _scale(axes.yaxis, heights, DECADES if "y" in log else ())
    axes.legend(**{"loc": "upper left", "bbox_to_anchor": (1.02, 1)} if beside else {})
    return figure


def _scale(axis: Any, values: np.ndarray, log_ticks: Sequence[float] = ()) -> None:
    """Make an axis logarithmic where it has ticks for that; where all is whole numbers, tick no others."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    if len(log_ticks):
        margin = max(values.max() / values.min(), 2.0) ** 0.05
        log_axis(axis, values.min() / margin, values.max() * margin, log_ticks, "{:,.10g}".format)
    elif np.equal(values, values.round()).all():
        few = np.unique(values)
        axis.set_major_locator(
            FixedLocator(few.tolist()) if len(few) <= _FEW else MaxNLocator(7, integer=True)
        )


def _axes(xlabel: str, ylabel: str, beside: float = 0.0) -> tuple[Figure, Axes]:
    figure = style.new_figure(5.4 + beside, 3.2)
    axes = style.add_axes(figure, 0.8, 0.55, 4.4, 2.4)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.grid(True)
    return figure, axes


@style.figure_style()
def codes_figure(evidence: Evidence) -> Figure | None:
    """Draw the test codes of each case in the plane, coloured by class."""
    shown = [(case, view) for case, view in _views(evidence) if view.codes is not None]
    if not shown:
        return None
    rows, columns = -(-len(shown) // _MOST_PANELS), min(len(shown), _MOST_PANELS)
    across, up = _PANEL + 0.15, _PANEL + 0.5
    figure = style.new_figure(columns * across + 0.15, rows * up + 0.1)
    for place, (case, view) in enumerate(shown):
        left, bottom = 0.15 + place % columns * across, (rows - 1 - place // columns) * up + 0.1
        draw_codes(style.add_axes(figure, left, bottom, _PANEL, _PANEL), view, inches=_PANEL)
        top, scores = bottom + _PANEL, quote_scores(view)
        style.add_text(figure, left, top + 0.22, style.shorten(case, 34), fontweight="bold")
        style.add_text(figure, left, top + 0.06, scores, fontsize=style.SMALL, color=style.GREY)
    return figure


def pictures_figure(evidence: Evidence) -> Figure | None:
    """Draw test images, and what each case gives back of them."""
    rows: dict[str, np.ndarray] = {}
    for case, view in _views(evidence):
        if view.image_shape and view.images is not None and view.reconstructions is not None:
            rows.setdefault("test images", view.images.reshape(-1, *view.image_shape))
            rows[case] = view.reconstructions.reshape(-1, *view.image_shape)
    return image_rows(rows)


def _views(evidence: Evidence) -> Iterator[tuple[str, View]]:
    for case, records in evidence.records.items():
        arrays = evidence.arrays(case, "views") or evidence.arrays(case)
        if arrays:
            yield case, view_of(records[0], arrays)


def evidence_images(case: str) -> Draw:
    """Return what draws the arrays of a task that are images: those whose name is a row's."""
    return lambda evidence: image_rows({
        name: images for name, images in evidence.arrays(case).items() if images.ndim == 3
    })  # fmt: skip


@style.figure_style()
def image_rows(rows: Mapping[str, np.ndarray]) -> Figure | None:
    """Draw rows of images, each (n, height, width) in [0, 1], under its name."""
    most = max((len(images) for images in rows.values()), default=0)
    if not most:
        return None
    step = _TILE + 0.02
    figure = style.new_figure(_TILE * most + 1.9, step * len(rows) + 0.1)
    for place, (name, images) in enumerate(rows.items()):
        bottom = step * (len(rows) - place - 1) + 0.05
        style.add_text(figure, 0.05, bottom + 0.2, style.shorten(name, 28), fontsize=style.SMALL)
        for column, image in enumerate(images):
            axes = style.add_axes(figure, 1.85 + _TILE * column, bottom, _TILE - 0.03, _TILE - 0.03)
            axes.imshow(image, cmap="gray_r", vmin=0, vmax=1)
            axes.axis("off")
    return figure
