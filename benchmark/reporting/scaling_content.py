"""What the report of a scaling run says: exponents, a table and a panel a sweep, and how to read them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.analysis.columns import CURVE, varying
from benchmark.analysis.scaling import SCORES, SWEEPS, centre_of
from benchmark.reporting.document import (
    Block,
    Code,
    Column,
    Heading,
    Items,
    Paragraph,
    Picture,
    Table,
    bullets,
    prose,
    table,
)
from benchmark.reporting.figures.cost_curves import hundredths, power, scaling_figure
from benchmark.reporting.number_text import NOT_MEASURED, count, memory, missing, seconds
from benchmark.reporting.page import Widget
from benchmark.reporting.report_data import ReportData
from benchmark.reporting.run_setup import run_setup
from benchmark.reporting.table_columns import key_columns, key_label, label, score_column, value_column

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_FIGURE = Picture("scaling.png", "Cost against samples, features and components")
_COSTS = [("fit", sweep) for sweep in SWEEPS] + [("memory", "samples"), ("memory", "features")]
_MEASURED = {
    "transform_seconds": value_column("transform (s)", "transform_seconds", seconds),
    "transform_seconds_per_1000": value_column("per 1,000 (s)", "transform_seconds_per_1000", seconds),
    "peak_memory_mb": value_column("memory (MiB)", "peak_memory_mb", memory),
    **{name: score_column(name) for name in SCORES},
}
_INTRODUCTION = (
    "Three sweeps vary one number each and keep the others at {samples} (n), {features} (d) and {components} "
    "of the code (k). The exponents say how the seconds of a fit, and its memory, grow with each."
)
_LAW = """\
A cost that follows a power law is a straight line in the figure. Its slope is the exponent c of
`cost = b · size^c`: ten times the size cost 10^c times as much. `n^1.00` is proportional (2 times the
samples, 2 times the time), `n^2.00` is quadratic (2 times the samples, 4 times the time), `n^0.00` does not
depend on the size. The dotted lines in the figure have the slope 1.
"""
_READING = """\
- **Fitted how.** Least squares of logarithms over the upper half of a sweep's points, at least three; ± is
  the standard error of the slope. Small sizes are left out because fixed costs hide the growth there, so an
  exponent says how cost grows towards the largest sizes measured, and not beyond them.
- **{missing}** stands where fewer than three points were measured. An error that is large beside the
  exponent means that the cost does not follow one power law here: see the figure.
- **One thing at a time.** Each sweep varies one number and keeps the two others at the centre. Where costs
  multiply, as those of matrix products do, so do the powers.
- **Passes are fixed** for methods that train by epochs ({epochs}), so that a
  fit's cost is that of so many passes over the samples. Training that lasts until it is good takes more, so
  the scores here are no measure of a method.
- **Disturbed.** Other programs ran while such a point was timed: neither exponents nor figure show its times.
- **Stopped.** A point that was predicted to take more than {budget} s in all, by a power law through the
  points before it, was not measured, nor were larger ones.
"""
_METHOD = """\
- **Data** are {data}. They are written to a file first; a file of 1 GiB or more stays there and is read a
  block at a time by methods that can (all that train with torch), others get an array in memory.
- **Every point is an ordinary job**: a process of its own, alone on the machine; a warm-up that is not
  counted; the clock stands around `fit`, and around `transform` of {n_test} test samples.
- **Memory** is the peak of resident memory in fit and transform above what was in use before (MiB). Data that
  are held in memory stand beside it: 4 bytes a sample and feature.
- **Scores** need no labels: error of reconstruction, and trustworthiness and continuity of 5-neighbourhoods.
- Times compare within one machine, device and number of threads only. Exponents travel better, as long as
  the same resource is the bottleneck.
"""


@dataclass(frozen=True)
class ScalingContent:
    """The report of sweeps: the run, a `scaling_table`, and the `exponents_table` of it.

    Raises
    ------
    KeyError
        The run is no scaling run.
    """

    data: ReportData
    points: pd.DataFrame
    exponents: pd.DataFrame

    def drawings(self) -> Iterator[tuple[str, Figure | None]]:
        """Yield the file name of the figure with the figure, or None where no point ended well."""
        yield _FIGURE.file, scaling_figure(self.points, self.exponents)

    def widgets(self, blocks: Iterable[Block]) -> dict[str, Widget]:
        """Return what moves in the document: nothing."""
        return {}

    def blocks(self, drawn: Container[str]) -> list[Block]:
        """Return the document, which shows the figure if it is named in `drawn`."""
        facts, centre = self.data.facts, centre_of(self.data.facts)
        kept = {
            "samples": f"{centre.samples:,} training samples",
            "features": f"{centre.features:,} features",
            "components": f"{centre.components} components",
        }
        blocks: list[Block] = [
            Heading("How cost grows with samples, features and components", level=1),
            Paragraph(_INTRODUCTION.format(**kept)),
            Heading("Exponents"),
            exponent_table(self.exponents),
        ]
        blocks += [_FIGURE] if _FIGURE.file in drawn else []
        blocks += [Heading("How to read this"), Paragraph(prose(_LAW)), _reading(facts)]
        for sweep in SWEEPS:
            others = " and ".join(text for name, text in kept.items() if name != sweep)
            blocks += [Heading(f"By {sweep}"), Paragraph(f"At {others}."), *_points(self.points, sweep)]
        made_of = facts.get("dataset_summary") or "unknown"
        method = bullets(_METHOD, data=made_of, n_test=f"{facts.get('n_test') or 0:,}")
        blocks += [Heading("What was run"), *run_setup(self.data)]
        return [*blocks, Heading("How each figure was measured"), method]


def exponent_table(exponents: pd.DataFrame) -> Table:
    """Return how the seconds of a fit, and its memory, grow with each size: one row a curve."""
    curves = exponents.set_index("sweep", drop=False).groupby(list(CURVE), dropna=False, sort=False)
    # Of each curve: what tells it apart, and the exponents of every sweep.
    rows = [dict(curve.iloc[0]) | curve.to_dict("index") for _, curve in curves]
    names = varying(exponents, CURVE, within_reducer=True)
    return table(rows, [*key_columns(names, key_label), *(_exponent(cost, sweep) for cost, sweep in _COSTS)])


def exponent_rows(exponents: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the `exponent_table` as text."""
    shown = exponent_table(exponents)
    return [str(name) for name in shown.header], [[str(cell) for cell in row] for row in shown.rows]


def _exponent(cost: str, sweep: str) -> Column:
    def cell(row: Mapping[Any, Any]) -> str:
        text = power(row[sweep], cost, sweep) if sweep in row else ""
        return f"{text} ± {hundredths(row[sweep][f'{cost}_error'])}" if text else NOT_MEASURED

    return Column(f"{'time' if cost == 'fit' else cost} by {sweep}", cell)


def _reading(facts: Mapping[str, Any]) -> Items:
    passes = (facts.get("fixed_epochs") or {}).items()
    epochs = [part for name, number in passes for part in (", ", Code(name), f" {number}")][1:]
    budget = f"{facts.get('budget_seconds') or 0:g}"
    return bullets(_READING, missing=NOT_MEASURED, epochs=epochs, budget=budget)


def _points(points: pd.DataFrame, sweep: str) -> list[Block]:
    rows = points[points["sweep"] == sweep]
    if rows.empty:
        return [Paragraph("Nothing was measured.")]
    names = varying(rows, CURVE, within_reducer=True)
    sizes = [value_column(sweep, "size", count), Column("fit (s)", _fit)]
    columns = [*key_columns(names, key_label), *sizes, *_MEASURED.values()]
    failed = rows["status"] != "ok"
    known = rows.copy()
    # Where a point did not end well, its status stands in place of all that was measured.
    known.loc[failed, list(_MEASURED)] = None
    stops = [_stop(row, names) for row in rows[failed].to_dict("records")]
    return [table(known.to_dict("records"), columns), Items(stops)]


def _fit(row: Mapping[Any, Any]) -> str:
    if row["status"] != "ok":
        return str(row["status"])
    return seconds(row["fit_seconds"]) + (" (disturbed)" if row["timing"] == "disturbed" else "")


def _stop(row: Mapping[Any, Any], names: Sequence[str]) -> str:
    reason = "no reason is known" if missing(row["reason"]) else str(row["reason"]).strip().rstrip(".")
    return f"{label(row, names)} at {row['size']:,}: {row['status']}, {reason}."
