"""Fitted exponents as a reader sees them: in a table, and beside the curves of a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmark.analysis.scaling import COSTS, CURVE, SWEEPS
from benchmark.reporting.names import escape
from benchmark.reporting.text import NOT_MEASURED, missing, table

if TYPE_CHECKING:
    import pandas as pd

SYMBOLS = {"samples": "n", "features": "d", "components": "k"}


class CurveLabels:
    """What stands beside a curve: its reducer, what else tells it apart, and its exponent."""

    def __init__(self, exponents: pd.DataFrame) -> None:
        self._told = told_apart(exponents)
        self._rows = {_known(row, CURVE): row for row in exponents.to_dict("records")}

    def __call__(self, sweep: str, column: str, curve: Sequence[object]) -> str:
        key = dict(zip(CURVE, (sweep, *curve), strict=True))
        row = self._rows[_known(key, CURVE)]
        cost = next(cost for cost, measured in COSTS.items() if measured == column)
        words = [str(row["reducer"]), *(setting(name, row[name]) for name in self._told)]
        value = row[f"{cost}_exponent"]
        return " ".join(words) + ("" if missing(value) else f"  {SYMBOLS[sweep]}^{_hundredths(value)}")


def told_apart(rows: pd.DataFrame) -> list[str]:
    """Return the columns besides the reducer that tell curves of a sweep from one another."""
    beside = CURVE[2:]
    # A precision is a reducer's own choice: it tells curves apart only where one reducer has several.
    return [name for name in beside if (rows.groupby("reducer")[name].nunique(dropna=False) > 1).any()]


def _known(row: dict[Any, Any], names: Sequence[str]) -> tuple[object, ...]:
    return tuple(None if missing(row[name]) else row[name] for name in names)


def setting(name: str, value: object) -> str:
    """Return what a column of `CURVE` says of a curve, in words."""
    return f"{value} threads" if name == "threads" else "" if missing(value) else str(value)


def exponent_lines(exponents: pd.DataFrame) -> list[str]:
    """Return the table of `exponent_rows` in Markdown."""
    header, rows = exponent_rows(exponents)
    first = len(told_apart(exponents)) + 1
    return table(
        header, [[*map(escape, row[:first]), *row[first:]] for row in rows], range(first, len(header))
    )


def exponent_rows(exponents: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return header and rows, one a curve: how the seconds of a fit, and its memory, grow with each size."""
    told = told_apart(exponents)
    header = ["reducer", *(name.replace("asked_", "") for name in told)]
    costs = [("fit", sweep) for sweep in SWEEPS] + [("memory", "samples"), ("memory", "features")]
    header += [f"{'time' if cost == 'fit' else cost} by {sweep}" for cost, sweep in costs]
    rows = []
    for _, curve in exponents.groupby(list(CURVE[1:]), dropna=False, sort=False):
        by_sweep = {row["sweep"]: row for row in curve.to_dict("records")}
        first = curve.iloc[0]
        cells = [str(first["reducer"]), *(setting(name, first[name]) for name in told)]
        rows.append(cells + [power(by_sweep.get(sweep), cost, SYMBOLS[sweep]) for cost, sweep in costs])
    return header, rows


def power(row: dict[Any, Any] | None, cost: str, symbol: str) -> str:
    """Return an exponent with its standard error, as ``n^1.02 ± 0.03``."""
    if row is None or missing(row[f"{cost}_exponent"]):
        return NOT_MEASURED
    return f"{symbol}^{_hundredths(row[f'{cost}_exponent'])} ± {_hundredths(row[f'{cost}_error'])}"


def _hundredths(value: float) -> str:
    """Return a number with two decimals, and no sign before a zero."""
    return f"{round(value, 2) + 0.0:.2f}"
