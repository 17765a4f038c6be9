"""A short section a reducer, and the jobs that did not end well."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.analysis.columns import GROUP, is_control, varying
from benchmark.analysis.tables import failures
from benchmark.reporting.document import Block, Heading, Items, Paragraph, Picture, Table, Text, table
from benchmark.reporting.number_text import NOT_MEASURED, count, error, memory, missing, seconds, spread
from benchmark.reporting.report_data import ReportData
from benchmark.reporting.run_setup import plain
from benchmark.reporting.style import shorten
from benchmark.reporting.table_columns import key_columns, left_out, value_column
from benchmark.reporting.views import View
from benchmark.results import Record
from benchmark.scoring import METRICS
from reducers.registry import describe_reducer

if TYPE_CHECKING:
    import pandas as pd

_MOST_FAILURES, _MOST_CLASSES = 200, 20
_MOST_NUMBERS, _MOST_COLUMNS = 3, 5
# Rows of a table that each reducer has.
_MOST_COSTS = 50
_COSTS = (
    ("seeds", "seeds", count),
    ("warm-up (s)", "warmup_seconds", seconds),
    ("fit (s)", "fit_seconds", seconds),
    ("spread of fit (s)", "fit_spread_seconds", spread),
    ("transform (s)", "transform_seconds", seconds),
    ("spread of transform (s)", "transform_spread_seconds", spread),
    ("parameters", "n_parameters", count),
    ("peak memory (MiB)", "peak_memory_mb", memory),
    ("peak device memory (MiB)", "peak_device_memory_mb", memory),
)


def reducers(data: ReportData, drawn: Container[str]) -> list[Block]:
    """Return a section a reducer that ended well: its card, what it is, parameters, times and memory."""
    blocks: list[Block] = []
    views = {view.name: view for view in data.views}
    for name, rows in data.board[~is_control(data.board)].groupby("reducer", sort=False):
        reducer = str(name)
        blocks.append(Heading(reducer, level=3))
        if data.cards[reducer] in drawn:
            blocks.append(Picture(data.cards[reducer], f"Card of {reducer}"))
        about, reference = describe_reducer(reducer)
        if about:
            blocks.append(Paragraph(f"{about} {reference}."))
        if data.inside(reducer) in drawn:
            blocks.append(Picture(data.inside(reducer), f"What {reducer} has learned"))
        if reducer in views:
            blocks += _columns_of(views[reducer], data.samples.get("feature_names"))
            blocks += _particulars(views[reducer].record, several="setting" in varying(rows, GROUP))
        blocks += _costs(rows)
    return blocks


def _particulars(record: Record, *, several: bool) -> list[Block]:
    """Return parameters of the job that a card shows; of several settings the table says what differs."""
    blocks: list[Block] = []
    if record.params:
        of = f" of the setting {record.setting or 'by default'}" if several else ""
        known = {k: f"({plain(v)})" if isinstance(v, list) else str(v) for k, v in record.params.items()}
        values = (f"{name} = {value}" for name, value in sorted(known.items()))
        blocks.append(Paragraph(f"Parameters{of}: {', '.join(values)}."))
    if record.reproducible is False:
        blocks.append(Paragraph("The same seed gives other codes each time, on the same machine too."))
    return blocks


def _columns_of(view: View, names: Any) -> list[Block]:
    """Return what the code of a table has to do with its columns: which it moves, and which it loses."""
    said: list[Text] = []
    if view.images is None and view.effects is not None:
        for number, moved in enumerate(view.effects[:_MOST_NUMBERS], start=1):
            order = np.argsort(-np.abs(moved), kind="stable")[:_MOST_COLUMNS]
            columns = ", ".join(f"{_column(names, k)} {moved[k]:+.2g}" for k in order if moved[k])
            said.append(f"A standard deviation of number {number} of the code moves {columns or 'nothing'}.")
    if (lost := view.column_errors) is not None:
        worst = [k for k in np.argsort(-lost, kind="stable")[:_MOST_COLUMNS] if np.isfinite(lost[k])]
        columns = ", ".join(f"{_column(names, k)} {lost[k]:.0%}" for k in worst)
        said.append(f"Of the variance of a column the reconstruction loses most of {columns}.")
    return [Items(said)] if said else []


def _column(names: Any, place: int) -> str:
    known = names is not None and place < len(names)
    return shorten(str(names[place]), 30) if known else f"column {place + 1}"


def _costs(rows: pd.DataFrame) -> list[Block]:
    keys = dict.fromkeys(["device", "n_components", *varying(rows, GROUP)])
    measured = [value_column(*cost) for cost in _COSTS if cost[1] in rows and rows[cost[1]].notna().any()]
    shown = table(rows[:_MOST_COSTS].to_dict("records"), [*key_columns(keys)[1:], *measured])
    return [shown, *left_out(len(rows), _MOST_COSTS)]


def errors_by_class(views: Sequence[View]) -> list[Block]:
    """Return the mean error of reconstruction of each class, a row a reducer; nothing without classes."""
    rows: list[tuple[str, dict[int, float]]] = []
    for view in views:
        errors, labels = view.rows.get(METRICS["reconstruction_mse"].column), view.labels
        if errors is not None and labels is not None and len(view.class_names) <= _MOST_CLASSES:
            means = {int(k): float(errors[labels == k].mean()) for k in np.unique(labels) if k >= 0}
            rows.append((view.name, means))
    if not rows:
        return []
    classes = sorted({k for _, means in rows for k in means})
    named = max(views, key=lambda view: len(view.class_names))
    header = ["MSE by class", *map(named.class_name, classes)]
    cells = [[name, *(error(means.get(k)) for k in classes)] for name, means in rows]
    shown = Table(header, cells, frozenset(range(1, len(header))))
    return [shown, Paragraph("Of the samples shown, at most 2,000, of one seed.")]


def failed_jobs(data: ReportData) -> list[Block]:
    """Return every job that did not end well with its reason; seeds that share it share a row."""
    failed = failures(data.frame)
    if failed.empty:
        return [Paragraph("Every job ended well.")]
    keys = [*varying(failed, ["dataset", "setting"]), "device", "n_components"]
    grouped = failed.groupby(["reducer", *keys, "status", "error"], dropna=False, sort=True)["seed"]
    rows = grouped.agg(lambda seeds: ", ".join(map(str, seeds))).reset_index().to_dict("records")
    columns = [
        *key_columns(keys),
        value_column("seeds", "seed", lambda seeds: seeds[:80], numeric=False),
        value_column("status", "status", str, numeric=False),
        value_column("reason", "error", _reason, numeric=False),
    ]
    blocks: list[Block] = [table(rows[:_MOST_FAILURES], columns)]
    if len(rows) > _MOST_FAILURES:
        blocks.append(Paragraph(f"{len(rows) - _MOST_FAILURES:,} more stand in results.csv."))
    return blocks


def _reason(error: Any) -> str:
    text = NOT_MEASURED if missing(error) else str(error)
    return text if len(text) <= 400 else text[:399] + "…"
