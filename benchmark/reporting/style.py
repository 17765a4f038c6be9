"""How every figure looks: colours, markers, sizes, and a canvas that keeps no global state."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.results.atomic import write_atomically
from reducers.registry import find_reducers

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

# Petroff (2021), "Accessible color sequences for data visualization", arXiv:2107.02270, ten colours.
PETROFF_10 = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581",
    "#92dadd",
)  # fmt: skip
# Of classes alone: ten hues at ten lightnesses (CIELAB L* 27 to 86), so that they are told apart in grey too.
CLASS_COLORS = (
    "#0a6dba", "#faa326", "#bb021f", "#03987f", "#571c97", "#dbdf40", "#f96839", "#43d6fe", "#035b22",
    "#fe78ba",
)  # fmt: skip
# Of families of methods, by their group; others are grey.
FAMILY_COLORS = {
    "classic": "#3f90da", "autoencoders": "#ffa90e", "neighbours": "#832db6", "deep-clustering": "#bd1f01",
}  # fmt: skip
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "<", ">")
INK, GREY, RULE = "#22252b", "#6b7280", "#d5d8de"
SMALL, NORMAL, LARGE = 8.0, 9.0, 11.0
DPI = 150
_RC: dict[str, Any] = {
    "font.family": "DejaVu Sans", "font.size": NORMAL, "text.color": INK,
    # Names come from data and plugins: a dollar sign in one is a dollar sign.
    "text.parse_math": False,
    "axes.titlesize": NORMAL, "axes.labelsize": NORMAL, "axes.labelcolor": INK, "axes.edgecolor": GREY,
    "axes.linewidth": 0.8, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
    "grid.color": RULE, "grid.linewidth": 0.6, "legend.frameon": False, "legend.fontsize": SMALL,
    "xtick.labelsize": SMALL, "xtick.color": GREY, "xtick.labelcolor": INK, "xtick.minor.size": 0,
    "ytick.labelsize": SMALL, "ytick.color": GREY, "ytick.labelcolor": INK, "ytick.minor.size": 0,
    "figure.facecolor": "white", "savefig.facecolor": "white",
}  # fmt: skip


@contextmanager
def figure_style() -> Iterator[None]:
    """Apply the suite's settings to figures made inside the `with` block, and to no others."""
    from matplotlib import rc_context

    with rc_context(_RC):  # type: ignore[arg-type]
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of `width` by `height` inches that pyplot knows nothing of."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG and return its path."""
    with figure_style():
        write_atomically(path, lambda file: figure.savefig(file, format="png", dpi=DPI))
    return path


def add_axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes at a place given in inches from the figure's lower left corner."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def add_text(figure: Figure, left: float, bottom: float, text: str, **look: Any) -> Text:
    """Write text at a place given in inches from the figure's lower left corner."""
    return figure.text(left, bottom, text, transform=figure.dpi_scale_trans, **look)


def floats(column: pd.Series) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where nothing was measured."""
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def class_color(index: int) -> str:
    """Return the colour of a class: one of ten, then lighter and darker ones of them; grey for none, -1."""
    if index < 0:
        return GREY
    turn, place = divmod(index, len(CLASS_COLORS))
    share = 0.45 * (2 / 3) ** ((turn - 1) // 2) if turn else 0.0
    return mix(CLASS_COLORS[place], share, target=float(turn % 2))


def mix(color: str, share: float, target: float = 1.0) -> str:
    """Return `color` mixed with a share of white (`target` 1) or black (`target` 0)."""
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = ((1 - share) * channel + share * target for channel in to_rgb(color))
    return str(to_hex((red, green, blue)))


def device_fill(device: str, color: str) -> str:
    """Return the fill that tells a marker's device: full for the CPU, empty for CUDA, pale for others."""
    if device == "cpu":
        return color
    return "white" if device.startswith("cuda") else mix(color, 0.6)


def reducer_styles(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return a colour and a marker for every reducer name: the colour is that of its family.

    A name's first choice of a marker follows from the name alone, so it keeps its look from run to run; only
    where another of the family (in alphabetical order) took it, the next free one is used.
    """
    known = find_reducers()
    taken: set[tuple[str, str]] = set()
    styles = {}
    for name in sorted(set(names)):
        color = FAMILY_COLORS.get(known[name].group if name in known else "", PETROFF_10[8])
        start = zlib.crc32(name.encode()) % len(MARKERS)
        order = MARKERS[start:] + MARKERS[:start]
        marker = next((m for m in order if (color, m) not in taken), order[0])
        taken.add((color, marker))
        styles[name] = color, marker
    return styles


def shorten(name: str, length: int = 26) -> str:
    """Return `name` on one line of at most `length` characters, cut in the middle: endings tell apart."""
    line = " ".join(str(name).split())
    if len(line) <= length:
        return line
    tail = (length - 1) // 2
    return f"{line[: length - 1 - tail].rstrip()}…{line[len(line) - tail :].lstrip()}"


def format_seconds(seconds: float) -> str:
    """Return a duration as a person says it: ``3 ms``, ``4.2 s``, ``12 min``, ``1.5 h``."""
    value, unit = in_unit(seconds)
    if unit == "h":
        return f"{value:.3g} h"
    return f"{value:.0f} {unit}" if value >= 9.95 or value == round(value) else f"{value:.1f} {unit}"


def in_unit(seconds: float) -> tuple[float, str]:
    """Return a duration in the unit that fits it, and that unit: µs, ms, s, min or h."""
    units = ((0.9995e-3, 1e-6, "µs"), (0.9995, 1e-3, "ms"), (119.5, 1, "s"), (7170, 60, "min"))
    for limit, size, unit in units:
        if seconds < limit:
            return seconds / size, unit
    return seconds / 3600, "h"


def halo(text: Text, width: float = 2.0) -> Text:
    """Give a text a white outline, so that it reads on top of points and lines."""
    from matplotlib.patheffects import withStroke

    text.set_path_effects([withStroke(linewidth=width, foreground="white")])
    return text
