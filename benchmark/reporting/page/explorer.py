"""The explorer: the codes of every reducer side by side; what is chosen in one is chosen in all."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from bokeh.models import ColorMapper, ColumnDataSource, CustomJS, Div, HoverTool, LinearColorMapper
from bokeh.models.annotations import Title
from bokeh.models.widgets import Select
from bokeh.palettes import Viridis256
from bokeh.plotting import figure

from benchmark.reporting import style
from benchmark.reporting.figures.embeddings import quote_scores
from benchmark.reporting.page import INPUT, LINE, MUTED, NEUTRAL, Widget
from benchmark.reporting.page.shown_samples import Samples
from benchmark.reporting.views import View, matched_clusters
from benchmark.scoring import METRICS

MOST_PANELS = 16
_SIZE = 280
_WRONG = ["#bd1f01", NEUTRAL]  # of neighbours that say another class, and the right one
_COLOURS = """
const [fields, map] = kinds[kind.value]
for (const [place, shown] of renderers.entries()) {
  const field = fields[place]
  const color = field == null ? {value: neutral} : {field: field, transform: map}
  for (const glyph of [shown.glyph, shown.nonselection_glyph]) {
    glyph.fill_color = color
  }
}
"""
_CHOSEN = """
const chosen = source.selected.indices
const counts = {}
for (const place of chosen) {
  const name = source.data["class"][place]
  counts[name] = (counts[name] ?? 0) + 1
}
const names = Object.entries(counts).sort((a, b) => b[1] - a[1]).slice(0, 12)
const said = names.map(([name, n]) => `${name}: ${n}`).join(", ")
info.text = chosen.length == 0 ? hint : `${chosen.length} chosen. ${said}`
"""
_HINT = "Draw around points with the lasso: they are marked in every panel."
_FEWER = "{shown} of {of} reducers are here: the best ranked, of those that show the same samples."
# What colour can say: of every panel the column, or None, and the colours.
Kind = tuple[list[str | None], ColorMapper]
_TEXT = ":host { color: var(--soft); font: 14px system-ui, sans-serif; }"


def explorer_widget(views: Sequence[View], samples: Samples) -> Widget | None:
    """Return a panel of test codes a reducer, and what their colour says; None where there are no codes.

    Panels show the same samples: views of others are left out, as they are beyond `MOST_PANELS`.
    """
    shown = _of_the_same_samples(views)[:MOST_PANELS]
    if not shown:
        return None
    samples = samples if samples.are(shown[0].rows.get("slots")) else Samples({})
    found = [_found(view) for view in shown]
    source = ColumnDataSource(_columns(shown, samples, found))
    kinds = _kinds(shown, found)
    panels = [_panel(view, place, source, kinds["class"], samples) for place, view in enumerate(shown)]
    kind = Select(title="Colour by", value="class", options=list(kinds), width=220, stylesheets=[INPUT])
    renderers = [panel.renderers[0] for panel in panels]
    args = {"kinds": kinds, "kind": kind, "renderers": renderers, "neutral": NEUTRAL}
    kind.js_on_change("value", CustomJS(args=args, code=_COLOURS))
    hint = _HINT if len(shown) == len(views) else f"{_HINT} {_FEWER.format(shown=len(shown), of=len(views))}"
    # Names of classes come from data: what is said of them is text, no markup and no formula.
    info = Div(text=hint, render_as_text=True, disable_math=True, stylesheets=[_TEXT])
    chosen = CustomJS(args={"source": source, "info": info, "hint": hint}, code=_CHOSEN)
    source.selected.js_on_change("indices", chosen)
    legend = Div(text=_legend(shown[0]), disable_math=True, stylesheets=[_TEXT])
    return Widget(panels, [kind, legend, info], samples.variables)


def _of_the_same_samples(views: Sequence[View]) -> list[View]:
    known = [view for view in views if view.codes is not None]
    slots = [view.rows.get("slots") for view in known]
    return [
        view
        for view, mine in zip(known, slots, strict=True)
        if len(view.codes) == len(known[0].codes)  # type: ignore[arg-type]
        and (mine is None or slots[0] is None or np.array_equal(mine, slots[0]))
    ]


def _columns(views: Sequence[View], samples: Samples, found: list[dict[str, np.ndarray]]) -> dict[str, Any]:
    codes, first, known = [np.asarray(view.codes, np.float32) for view in views], views[0], views[0].labels
    labels = np.zeros(len(codes[0]), np.int32) if known is None else known.astype(np.int32)
    columns: dict[str, Any] = {
        "label": labels,
        "class": ["–" if k < 0 else first.class_name(k) for k in labels],
        **samples.columns(len(labels)),
    }
    for place, values in enumerate(found):
        columns[f"x{place}"], columns[f"y{place}"] = codes[place].T
        columns |= {f"{name}{place}": column for name, column in values.items()}
    return columns


def _found(view: View) -> dict[str, np.ndarray]:
    """Return of each sample: its cluster, whether its neighbours are right, the rank of its error."""
    found: dict[str, np.ndarray] = {}
    clusters = matched_clusters(view)
    predicted, errors = (view.rows.get(METRICS[n].column) for n in ("knn_accuracy", "reconstruction_mse"))
    if clusters is not None:
        found["cluster"] = clusters.astype(np.int16)
    if predicted is not None and view.labels is not None:
        found["right"] = (predicted == view.labels).astype(np.uint8)
    if errors is not None:
        ranks = np.argsort(np.argsort(errors, kind="stable"), kind="stable")
        # As many steps as there are colours.
        found["error"] = (255 * ranks / max(len(errors) - 1, 1)).astype(np.uint8)
    return found


def _kinds(views: Sequence[View], found: list[dict[str, np.ndarray]]) -> dict[str, Kind]:
    """Return what colour can say, by its name."""
    n = max((int(view.labels.max(initial=0)) + 1 for view in views if view.labels is not None), default=1)
    classes = LinearColorMapper(
        palette=[style.class_color(k) for k in range(n)], low=-0.5, high=n - 0.5, nan_color=style.GREY,
        low_color=style.GREY,
    )  # fmt: skip
    kinds: dict[str, Kind] = {"class": (["label"] * len(views), classes)}
    for title, name, mapper in (
        ("cluster of k-means", "cluster", classes),
        ("what neighbours say: right, or wrong (red)", "right",
         LinearColorMapper(palette=_WRONG, low=-0.5, high=1.5)),
        ("rank of the error", "error", LinearColorMapper(palette=Viridis256, low=0, high=255)),
    ):  # fmt: skip
        columns = [f"{name}{place}" if name in known else None for place, known in enumerate(found)]
        if any(columns):
            kinds[title] = (columns, mapper)
    return kinds


def _panel(view: View, place: int, source: ColumnDataSource, kind: Kind, samples: Samples) -> Any:
    panel = figure(
        title=view.name, width=_SIZE, height=_SIZE + 40, sizing_mode="stretch_width",
        match_aspect=True, tools="pan,wheel_zoom,box_zoom,lasso_select,reset", active_drag="lasso_select",
        output_backend="webgl", toolbar_location="below", background_fill_alpha=0, border_fill_alpha=0,
        outline_line_color=f"{LINE}66",
    )  # fmt: skip
    color = {"field": kind[0][place], "transform": kind[1]}
    shown = panel.scatter(
        f"x{place}", f"y{place}", source=source, size=4, line_color=None, fill_alpha=0.75,
        nonselection_fill_alpha=0.06, fill_color=color, nonselection_fill_color=color,
    )  # fmt: skip
    panel.add_tools(HoverTool(renderers=[shown], tooltips=samples.tooltip(place), limit=1))
    panel.axis.visible, panel.grid.visible = False, False
    panel.toolbar.logo, panel.toolbar.autohide = None, True
    panel.title.text_color, panel.title.text_font_size = MUTED, "14px"
    for text, side in ((quote_scores(view), "above"), (_caption(view), "below")):
        small = Title(text=text, text_color=MUTED, text_font_size="11px", text_font_style="normal")
        panel.add_layout(small, side)
    return panel


def _caption(view: View) -> str:
    width, share = view.record.n_components, view.variance_shown
    if width == 2:
        return "its own two dimensions"
    known = "" if share is None else f", {share:.0%} of the variance"
    return f"first two principal components of {width}{known}"


def _legend(view: View) -> str:
    if view.labels is None or not view.class_names:
        return ""
    present = [int(k) for k in np.unique(view.labels) if 0 <= k < len(view.class_names)]
    return " ".join(
        f'<span style="white-space:nowrap"><span style="color:{style.class_color(k)}">●</span> '
        f"{escape(style.shorten(view.class_names[k], 20))}</span>"
        for k in present[:26]
    )
