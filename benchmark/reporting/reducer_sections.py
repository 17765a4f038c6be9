"""A short section a reducer, and the jobs that did not end well."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Any

from benchmark.analysis.columns import GROUP, is_control, varying
from benchmark.analysis.tables import failures
from benchmark.reporting.document import Block, Heading, Paragraph, Picture, table
from benchmark.reporting.number_text import NOT_MEASURED, count, memory, missing, seconds, spread
from benchmark.reporting.report_data import ReportData
from benchmark.reporting.run_setup import plain
from benchmark.reporting.table_columns import key_columns, left_out, value_column

if TYPE_CHECKING:
    import pandas as pd

_MOST_FAILURES = 200
# Rows of a table that each reducer has.
_MOST_COSTS = 50


def reducers(data: ReportData, drawn: Container[str]) -> list[Block]:
    """Return a section a reducer that ended well: its card, parameters, times and memory."""
    blocks: list[Block] = []
    params = {view.name: view.record.params for view in data.views}
    settings = {view.name: view.record.setting for view in data.views}
    differs = {view.name for view in data.views if view.record.reproducible is False}
    for name, rows in data.board[~is_control(data.board)].groupby("reducer", sort=False):
        reducer = str(name)
        keys = varying(rows, GROUP)
        blocks.append(Heading(reducer, level=3))
        if data.cards[reducer] in drawn:
            blocks.append(Picture(data.cards[reducer], f"Card of {reducer}"))
        if params.get(reducer):
            values = (f"{key} = {_value(value)}" for key, value in sorted(params[reducer].items()))
            # Of several settings the card shows one; the table says what differs in the others.
            several = f" of the setting {settings[reducer] or 'by default'}" if "setting" in keys else ""
            blocks.append(Paragraph(f"Parameters{several}: {', '.join(values)}."))
        if reducer in differs:
            blocks.append(Paragraph("The same seed gives other codes each time, on the same machine too."))
        blocks += _costs(rows)
    return blocks


def _value(value: Any) -> str:
    return f"({plain(value)})" if isinstance(value, list) else str(value)


def _costs(rows: pd.DataFrame) -> list[Block]:
    costs = (
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
    keys = dict.fromkeys(["device", "n_components", *varying(rows, GROUP)])
    measured = [value_column(*cost) for cost in costs if cost[1] in rows and rows[cost[1]].notna().any()]
    shown = table(rows[:_MOST_COSTS].to_dict("records"), [*key_columns(keys)[1:], *measured])
    return [shown, *left_out(len(rows), _MOST_COSTS)]


def failed_jobs(data: ReportData) -> list[Block]:
    """Return every job that did not end well with its reason; seeds that share it share a row."""
    failed = failures(data.frame)
    if failed.empty:
        return [Paragraph("Every job ended well.")]
    own = varying(failed, ["dataset", "setting"])
    keys = ["reducer", *own, "device", "n_components", "status", "error"]
    grouped = failed.groupby(keys, dropna=False, sort=True)["seed"]
    rows = grouped.agg(lambda seeds: ", ".join(map(str, seeds))).reset_index().to_dict("records")
    columns = [
        *key_columns([*own, "device", "n_components"]),
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
