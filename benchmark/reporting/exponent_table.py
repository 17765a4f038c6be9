"""Fitted exponents as a reader sees them: in a table, and beside the curves of a figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmark.analysis.columns import CURVE, varying
from benchmark.analysis.scaling import SWEEPS
from benchmark.reporting.document import Column, Table, table
from benchmark.reporting.number_text import NOT_MEASURED, missing
from benchmark.reporting.table_columns import key_columns, key_label

if TYPE_CHECKING:
    import pandas as pd

SYMBOLS = {"samples": "n", "features": "d", "components": "k"}
_SHOWN = [("fit", sweep) for sweep in SWEEPS] + [("memory", "samples"), ("memory", "features")]


def exponent_table(exponents: pd.DataFrame) -> Table:
    """Return how the seconds of a fit, and its memory, grow with each size: one row a curve."""
    curves = exponents.groupby(list(CURVE), dropna=False, sort=False)
    # Of each curve: what tells it apart, and the exponents of every sweep.
    rows = [
        {**dict(curve.iloc[0]), **{row["sweep"]: row for row in curve.to_dict("records")}}
        for _, curve in curves
    ]
    names = varying(exponents, CURVE, within_reducer=True)
    return table(rows, [*key_columns(names, key_label), *(_column(cost, sweep) for cost, sweep in _SHOWN)])


def exponent_rows(exponents: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the `exponent_table` as text."""
    shown = exponent_table(exponents)
    return [str(name) for name in shown.header], [[str(cell) for cell in row] for row in shown.rows]


def _column(cost: str, sweep: str) -> Column:
    def cell(row: Mapping[Any, Any]) -> str:
        text = power(row[sweep], cost, sweep) if sweep in row else ""
        return f"{text} ± {_hundredths(row[sweep][f'{cost}_error'])}" if text else NOT_MEASURED

    return Column(f"{'time' if cost == 'fit' else cost} by {sweep}", cell)


def power(row: Mapping[Any, Any], cost: str, sweep: str) -> str:
    """Return the exponent of a cost as ``n^1.02``; nothing where none was fitted."""
    value = row[f"{cost}_exponent"]
    return "" if missing(value) else f"{SYMBOLS[sweep]}^{_hundredths(value)}"


def _hundredths(value: float) -> str:
    """Return a number with two decimals, and no sign before a zero."""
    return f"{round(value, 2) + 0.0:.2f}"
