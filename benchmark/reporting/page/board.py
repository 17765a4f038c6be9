"""The board: a table that sorts and filters, its intervals drawn as whiskers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import inf, log

from bokeh.models import (
    CDSView,
    ColumnDataSource,
    CustomJS,
    CustomJSFilter,
    DataTable,
    HTMLTemplateFormatter,
    TableColumn,
    TextInput,
)  # fmt: skip

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
    source = ColumnDataSource(_columns(table))
    query = TextInput(title="Show rows that contain", placeholder="umap", width=220, stylesheets=[INPUT])
    rows = CustomJSFilter(args={"query": query}, code="""
        const words = query.value_input.toLowerCase().split(/\\s+/)
        return source.data["words"].map(row => words.every(word => row.includes(word)))
    """)  # fmt: skip
    query.js_on_change("value_input", CustomJS(args={"source": source}, code="source.change.emit()"))
    columns = [_column(table, place) for place in range(len(table.header))]
    shown = DataTable(
        source=source, view=CDSView(filter=rows), columns=columns, index_position=None, row_height=_ROW,
        height=_ROW * (min(len(table.rows), _MOST_ROWS_HIGH) + 2), sizing_mode="stretch_width",
        autosize_mode="none", frozen_columns=1, selectable=False, stylesheets=[_LOOK],
    )  # fmt: skip
    return Widget([shown], [query])


def _columns(table: Table) -> dict[str, list[object]]:
    """Return what is sorted by, what is shown, and the words of every row."""
    found: dict[str, list[object]] = {
        "words": [" ".join(plain(cell) for cell in row).lower() for row in table.rows]
    }
    for place in range(len(table.header)):
        spans = [row[place] for row in table.spans] or [None] * len(table.rows)
        cells = [row[place] for row in table.rows]
        numbers = place in table.numeric
        found[f"value{place}"] = [
            (-inf if span is None else span.value) if numbers else plain(cell).lower()
            for span, cell in zip(spans, cells, strict=True)
        ]
        extent, width = _extent(spans), max((len(_first(cell)) for cell in cells), default=0) + 1
        time = place in table.times
        found[f"cell{place}"] = [
            _cell(cell, _whisker(span, extent, time=time), width if extent else None)
            for cell, span in zip(cells, spans, strict=True)
        ]
    return found


def _column(table: Table, place: int) -> TableColumn:
    header = plain(table.header[place])
    about = table.about[place] if table.about else ""
    whiskers = _extent([row[place] for row in table.spans]) is not None
    width = 8 * max(len(header), *(len(_first(row[place])) for row in table.rows), 4) + 28
    return TableColumn(
        field=f"value{place}", title=f'<span title="{escape(about)}">{escape(header)}</span>',
        formatter=HTMLTemplateFormatter(template=f"<%= cell{place} %>"),
        width=min(width, 320) + (_WHISKER if whiskers else 0),
    )  # fmt: skip


def _extent(spans: Sequence[Span | None]) -> tuple[float, float] | None:
    """Return the least and the greatest end of the intervals; None where there are none, or all are one."""
    known = [span for span in spans if span is not None and span.low is not None and span.high is not None]
    ends = [end for span in known for end in (span.low, span.high, span.value) if end is not None]
    return (min(ends), max(ends)) if ends and max(ends) > min(ends) else None


def _place(value: float, extent: tuple[float, float], *, time: bool) -> float:
    """Return where a value lies between two others, 0 to 1; times on a logarithmic scale."""
    low, high = extent
    if time and high > _SHORTEST:
        least = max(low, _SHORTEST)
        return log(max(value, least) / least) / max(log(high / least), 1e-9)
    return (value - low) / (high - low)


def _first(cell: Text) -> str:
    """Return what a cell says first: a number, of which the rest says how sure it is."""
    return cell if isinstance(cell, str) else plain(cell[:1]) if cell else ""


def _cell(cell: Text, whisker: str, width: int | None) -> str:
    """Return what is shown of a cell; a number before a whisker has room for `width` characters."""
    strong = not isinstance(cell, str) and bool(cell) and isinstance(cell[0], Strong)
    text = escape(_first(cell))
    shown = f"<b>{text}</b>" if strong else text
    room = f'<span style="display:inline-block;width:{width}ch">{shown}</span>' if width else shown
    return f'<span title="{escape(plain(cell))}">{room}{whisker}</span>'


def _whisker(span: Span | None, extent: tuple[float, float] | None, *, time: bool) -> str:
    if span is None or extent is None or span.low is None or span.high is None:
        return ""
    ends = (3 + (_WHISKER - 10) * _place(v, extent, time=time) for v in (span.low, span.value, span.high))
    low, middle, high = ends
    return (
        f'<svg width="{_WHISKER - 4}" height="10" aria-hidden="true">'
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="5" y2="5" stroke="{LINE}" stroke-width="2"/>'
        f'<circle cx="{middle:.1f}" cy="5" r="2.6" fill="#3f90da"/></svg>'
    )
