"""The board: a table that sorts and filters, its intervals drawn as whiskers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import inf, log

from bokeh.models import CDSView, ColumnDataSource, CustomJS, CustomJSFilter, DataTable, TextInput
from bokeh.models.widgets.tables import HTMLTemplateFormatter, TableColumn

from benchmark.reporting.document import Span, Strong, Table, Text
from benchmark.reporting.page import INPUT, LINE, Widget, plain

_ROW, _MOST_ROWS_HIGH = 34, 18
_WHISKER = 64  # pixels
_SHORTEST = 1e-4  # seconds
_LOOK = """
.bk-data-table, .slick-viewport, .slick-pane { background: transparent !important; }
:host { color: var(--ink); font: 14px system-ui, sans-serif; }
.slick-header-column { background: var(--card) !important; color: var(--ink) !important; }
.slick-header-column { border-color: var(--rule) !important; }
.slick-row, .slick-cell { background: var(--paper) !important; color: var(--ink) !important; }
.slick-cell { border-color: var(--rule) !important; line-height: 26px; }
.slick-row.even .slick-cell { background: var(--card) !important; }
"""


def board_widget(table: Table) -> Widget:
    """Return a table that sorts by the numbers behind its cells, and filters by what its rows say."""
    words = [" ".join(map(plain, row)).lower() for row in table.rows]
    made = [_column(table, place) for place in range(len(table.header))]
    source = ColumnDataSource({"words": words, **{k: v for _, data in made for k, v in data.items()}})
    query = TextInput(title="Show rows that contain", placeholder="umap", width=220, stylesheets=[INPUT])
    rows = CustomJSFilter(args={"query": query}, code="""
        const words = query.value_input.toLowerCase().split(/\\s+/)
        return source.data["words"].map(row => words.every(word => row.includes(word)))
    """)  # fmt: skip
    query.js_on_change("value_input", CustomJS(args={"source": source}, code="source.change.emit()"))
    shown = DataTable(
        source=source, view=CDSView(filter=rows), columns=[column for column, _ in made], index_position=None,
        row_height=_ROW, height=_ROW * (min(len(table.rows), _MOST_ROWS_HIGH) + 2), frozen_columns=1,
        sizing_mode="stretch_width", autosize_mode="none", selectable=False, stylesheets=[_LOOK],
    )  # fmt: skip
    return Widget([shown], [query])


def _column(table: Table, place: int) -> tuple[TableColumn, dict[str, list[object]]]:
    """Return a column with what it is sorted by, and what is shown."""
    header, about = plain(table.header[place]), table.about[place] if table.about else ""
    cells = [row[place] for row in table.rows]
    spans = [row[place] for row in table.spans] or [None] * len(cells)
    whiskers = _whiskers(spans, time=place in table.times)
    width = max((len(_first(cell)) for cell in cells), default=0)
    values: list[object] = [plain(cell).lower() for cell in cells]
    if place in table.numeric:
        values = [-inf if span is None else span.value for span in spans]
    shown: list[object] = [_cell(cell) for cell in cells]
    if whiskers:
        shown = [_cell(cell, whisker, width + 1) for cell, whisker in zip(cells, whiskers, strict=True)]
    column = TableColumn(
        field=f"value{place}", title=f'<span title="{escape(about)}">{escape(header)}</span>',
        formatter=HTMLTemplateFormatter(template=f"<%= cell{place} %>"),
        width=min(8 * max(len(header), width, 4) + 28, 320) + (_WHISKER if whiskers else 0),
    )  # fmt: skip
    return column, {f"value{place}": values, f"cell{place}": shown}


def _whiskers(spans: Sequence[Span | None], *, time: bool) -> list[str]:
    """Draw an interval for every cell, times on a logarithmic scale; none where they have no extent."""
    ends = [end for span in spans if span and span.low is not None for end in span if end is not None]
    if not ends or min(ends) == max(ends):
        return []
    low, high = min(ends), max(ends)
    least = max(low, _SHORTEST)

    def place(value: float) -> float:
        share = (value - low) / (high - low)
        if time and high > _SHORTEST:
            share = log(max(value, least) / least) / max(log(high / least), 1e-9)
        return 3 + (_WHISKER - 10) * share

    def draw(span: Span | None) -> str:
        if span is None or span.low is None or span.high is None:
            return ""
        left, middle, right = map(place, (span.low, span.value, span.high))
        return (
            f'<svg width="{_WHISKER - 4}" height="10" aria-hidden="true">'
            f'<line x1="{left:.1f}" x2="{right:.1f}" y1="5" y2="5" stroke="{LINE}" stroke-width="2"/>'
            f'<circle cx="{middle:.1f}" cy="5" r="2.6" fill="#3f90da"/></svg>'
        )

    return list(map(draw, spans))


def _first(cell: Text) -> str:
    """Return what a cell says first: a number, of which the rest says how sure it is."""
    return plain(cell if isinstance(cell, str) else cell[:1])


def _cell(cell: Text, whisker: str = "", width: int = 0) -> str:
    """Return what is shown of a cell; a number before a whisker has room for `width` characters."""
    strong = not isinstance(cell, str) and bool(cell) and isinstance(cell[0], Strong)
    text = escape(_first(cell))
    shown = f"<b>{text}</b>" if strong else text
    room = f'<span style="display:inline-block;width:{width}ch">{shown}</span>' if width else shown
    return f'<span title="{escape(plain(cell))}">{room}{whisker}</span>'
