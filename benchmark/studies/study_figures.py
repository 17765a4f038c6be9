"""What the figures of several studies share: losses by epoch, images in rows, and bars of a score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmark.reporting import style
from benchmark.studies.declaration import Evidence

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Draw = Callable[[Evidence], "Figure | None"]


@style.figure_style()
def loss_figure(evidence: Evidence, cases: Sequence[str], published: Sequence[float] = ()) -> Figure | None:
    """Draw the training loss by epoch of cases, every seed a thin line, and published losses as crosses."""
    curves = {case: losses for case in cases if (losses := evidence.losses(case)).size}
    if not curves:
        return None
    figure = style.new_figure(5.4, 3.2)
    axes = style.add_axes(figure, 0.7, 0.55, 4.5, 2.4)
    for (case, losses), color in zip(curves.items(), style.PETROFF_10, strict=False):
        epochs = np.arange(1, losses.shape[1] + 1)
        axes.plot(epochs, losses.T, color=color, linewidth=0.6, alpha=0.6)
        axes.plot(epochs, losses.mean(axis=0), color=color, linewidth=1.8, label=case)
    if published:
        axes.plot(np.arange(1, len(published) + 1), published, "x", color=style.INK, label="published")
    axes.set(xlabel="epoch", ylabel="training loss", ylim=(0, None))
    axes.grid(True)
    axes.legend()
    return figure


@style.figure_style()
def score_figure(evidence: Evidence, cases: Sequence[str], metric: str, label: str) -> Figure | None:
    """Draw a score of each case: every seed a point, the mean a bar from the bottom of the axis."""
    known = {c: v for c in cases if len(v := evidence.scores(c, metric)) and np.isfinite(v).any()}
    if not known:
        return None
    figure = style.new_figure(5.4, 0.34 * len(known) + 0.9)
    axes = style.add_axes(figure, 2.1, 0.5, 3.1, 0.34 * len(known) + 0.2)
    for place, values in enumerate(known.values()):
        axes.barh(place, np.nanmean(values), height=0.6, color=style.mix(style.PETROFF_10[0], 0.55))
        axes.plot(values, np.full(len(values), place), "o", color=style.PETROFF_10[0], markersize=3.5)
        axes.text(np.nanmean(values), place, f" {np.nanmean(values):.3f}", va="center", fontsize=style.SMALL)
    axes.set_yticks(range(len(known)), [style.shorten(case, 32) for case in known])
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.margins(x=0.15)
    return figure


@style.figure_style()
def image_rows(rows: dict[str, np.ndarray]) -> Figure | None:
    """Draw rows of images, each (n, height, width) in [0, 1], under its name."""
    if not rows:
        return None
    most = max(len(images) for images in rows.values())
    figure = style.new_figure(0.5 * most + 1.7, 0.52 * len(rows) + 0.1)
    for place, (name, images) in enumerate(rows.items()):
        bottom = 0.52 * (len(rows) - place - 1) + 0.05
        style.add_text(figure, 0.05, bottom + 0.2, style.shorten(name, 24), fontsize=style.SMALL)
        for column, image in enumerate(images):
            axes = style.add_axes(figure, 1.65 + 0.5 * column, bottom, 0.47, 0.47)
            axes.imshow(image, cmap="gray_r", vmin=0, vmax=1)
            axes.axis("off")
    return figure
