"""Seconds of one fit, ours and other libraries', as bars."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.reporting.style import (
    INK,
    LARGE,
    PETROFF_10,
    SMALL,
    figure_style,
    format_seconds,
    mix,
    new_figure,
    save_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OURS, THEIRS = PETROFF_10[0], mix(PETROFF_10[3], 0.35)
# Inches: the figure, a bar with its gap, a title above its panel, the gap between two panels.
WIDTH, BAR, TITLE, GAP = 8.0, 0.27, 0.3, 0.18
LEFT, RIGHT = 2.25, 0.3

Seconds = dict[str, float]


def save_chart(entries: Mapping[str, Any], path: Path) -> bool:
    """Draw what the sections that race found, a panel each; return whether there was anything."""
    panels = _panels(entries)
    if not panels:
        path.unlink(missing_ok=True)
        return False
    heights = [BAR * len(bars) for bars in panels.values()]
    height = sum(heights) + (TITLE + GAP) * len(panels)
    with figure_style():
        figure = new_figure(WIDTH, height)
        top = height
        for (title, bars), own in zip(panels.items(), heights, strict=True):
            top -= TITLE + own
            box = (LEFT / WIDTH, top / height, 1 - (LEFT + RIGHT) / WIDTH, own / height)
            _draw(figure.add_axes(box), title, bars)
            top -= GAP
    save_figure(figure, path)
    return True


def _panels(entries: Mapping[str, Any]) -> dict[str, Seconds]:
    raced = {
        "One epoch of 784-500-500-2000-10 and back, {n:,} images": ("peers", "networks", "dense"),
        "One epoch of the convolutional autoencoder, {n:,} images": ("peers", "networks", "convolutional"),
        "RBM, 256 hidden units, {epochs} epochs, {n:,} images": ("rbm",),
        "PCA, ten components, {n:,} images": ("pca",),
    }
    found = {}
    for title, (section, *keys) in raced.items():
        figures = entries.get(section, {}).get("figures", {})
        for key in keys:
            figures = figures.get(key, {})
        if "results" in figures:
            bars = {one: min(result["seconds"]) for one, result in figures["results"].items()}
            found[title.format(**{"epochs": 0, **figures})] = dict(sorted(bars.items(), key=lambda b: b[1]))
    return found


def _draw(axes: Axes, title: str, bars: Seconds) -> None:
    names = list(bars)
    colors = [OURS if name.startswith("ours") else THEIRS for name in names]
    axes.barh(range(len(names)), list(bars.values()), height=0.72, color=colors)
    for place, (name, seconds) in enumerate(bars.items()):
        axes.annotate(format_seconds(seconds), (seconds, place), xytext=(4, 0), textcoords="offset points",
                      va="center", fontsize=SMALL, color=INK,
                      fontweight="bold" if name.startswith("ours") else "normal")  # fmt: skip
    axes.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5), xticks=[])
    axes.set_xlim(0, 1.12 * max(bars.values()))
    axes.tick_params(axis="y", length=0, labelsize=SMALL + 0.5)
    axes.spines["bottom"].set_visible(False)
    axes.set_title(title, loc="left", fontsize=LARGE, x=0)
