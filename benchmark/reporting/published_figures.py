"""What was published, beside what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmark.analysis.columns import GROUP, varying
from benchmark.analysis.published import published_for
from benchmark.reporting.document import Block, Column, Paragraph, table
from benchmark.reporting.number_text import interval
from benchmark.reporting.report_data import ReportData
from benchmark.reporting.table_columns import key_columns, score_text, score_title

_NOTE = (
    "Figures of others, for the same data and width of the code. Where test and training sets, networks or "
    "neighbours differ the last column says so, and a difference is none of the methods' alone."
)


def published_figures(data: ReportData) -> list[Block]:
    """Return a row for every published figure of what was measured; nothing where there is none."""
    rows = [row | {"figure": f} for row in data.board.to_dict("records") for f in published_for(row)]
    if not rows:
        return []
    keys = [name for name in varying(data.board, GROUP) if name in ("setting", "n_components", "scored_on")]
    columns = [
        *key_columns(keys),
        Column("score", lambda row: score_title(row["figure"].metric), numeric=False),
        Column("published", lambda row: score_text(row["figure"].metric)(row["figure"].value)),
        Column("measured (95 % interval)", _measured),
        Column("source", lambda row: row["figure"].source, numeric=False),
        Column("published under", lambda row: row["figure"].conditions, numeric=False),
    ]
    return [table(rows, columns), Paragraph(_NOTE)]


def _measured(row: Mapping[Any, Any]) -> str:
    name = row["figure"].metric
    form = score_text(name)
    about = interval(row.get(f"{name}_ci_low"), row.get(f"{name}_ci_high"), row[name], form)
    return form(row[name]) + (f" ({about})" if about else "")
