"""What the report of a scaling run says: exponents, a table and a panel a sweep, and how to read them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.analysis.columns import CURVE, varying
from benchmark.analysis.scaling import SCORES, SWEEPS, Point, centre_of
from benchmark.reporting.document import (
    Block,
    Code,
    Column,
    Heading,
    Inline,
    Items,
    Paragraph,
    Picture,
    bullets,
    prose,
    table,
)  # fmt: skip
from benchmark.reporting.exponent_table import exponent_table
from benchmark.reporting.figures.cost_curves import scaling_figure
from benchmark.reporting.number_text import NOT_MEASURED, count, memory, missing, seconds
from benchmark.reporting.report_data import ReportData
from benchmark.reporting.run_setup import run_setup
from benchmark.reporting.table_columns import (
    key_columns,
    key_label,
    label,
    score_text,
    score_title,
    value_column,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from benchmark.reporting.page import Widget

_FIGURE = Picture("scaling.png", "Cost against samples, features and components")
_MEASURED = (
    ("transform (s)", "transform_seconds", seconds),
    ("per 1,000 (s)", "transform_seconds_per_1000", seconds),
    ("memory (MiB)", "peak_memory_mb", memory),
    *((score_title(name), name, score_text(name)) for name in SCORES),
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
        blocks: list[Block] = [Heading("How cost grows with samples, features and components", level=1)]
        blocks += [_introduction(centre), Heading("Exponents"), exponent_table(self.exponents)]
        blocks += [_FIGURE] if _FIGURE.file in drawn else []
        blocks += [Heading("How to read this"), Paragraph(prose(_LAW)), _reading(facts)]
        for sweep in SWEEPS:
            blocks += [Heading(f"By {sweep}"), Paragraph(_kept(sweep, centre)), *_points(self.points, sweep)]
        blocks += [Heading("What was run"), *run_setup(self.data)]
        made_of = facts.get("dataset_summary") or "unknown"
        method = bullets(_METHOD, data=made_of, n_test=f"{facts.get('n_test') or 0:,}")
        return [*blocks, Heading("How each figure was measured"), method]


def _introduction(centre: Point) -> Paragraph:
    return Paragraph(
        f"Three sweeps vary one number each and keep the others at {centre.samples:,} training samples (n), "
        f"{centre.features:,} features (d) and {centre.components} components of the code (k). The exponents "
        "say how the seconds of a fit, and its memory, grow with each."
    )


def _reading(facts: Mapping[str, Any]) -> Items:
    epochs: list[Inline] = []
    for name, number in (facts.get("fixed_epochs") or {}).items():
        epochs += [", "] * bool(epochs) + [Code(name), f" {number}"]
    budget = f"{facts.get('budget_seconds') or 0:g}"
    return bullets(_READING, missing=NOT_MEASURED, epochs=epochs, budget=budget)


def _kept(sweep: str, centre: Point) -> str:
    kept = {
        "samples": f"{centre.samples:,} training samples",
        "features": f"{centre.features:,} features",
        "components": f"{centre.components} components",
    }
    return f"At {' and '.join(text for name, text in kept.items() if name != sweep)}."


def _points(points: pd.DataFrame, sweep: str) -> list[Block]:
    rows = points[points["sweep"] == sweep]
    if rows.empty:
        return [Paragraph("Nothing was measured.")]
    names = varying(rows, CURVE, within_reducer=True)
    columns = [
        *key_columns(names, key_label),
        value_column(sweep, "size", count),
        Column("fit (s)", _fit),
        *(value_column(*column) for column in _MEASURED),
    ]
    failed = rows["status"] != "ok"
    known = rows.copy()
    # Where a point did not end well, its status stands in place of all that was measured.
    known.loc[failed, [name for _, name, _ in _MEASURED]] = None
    stops = [_stop(row, names) for row in rows[failed].to_dict("records")]
    return [table(known.to_dict("records"), columns), Items(stops)]


def _fit(row: Mapping[Any, Any]) -> str:
    if row["status"] != "ok":
        return str(row["status"])
    return seconds(row["fit_seconds"]) + (" (disturbed)" if row["timing"] == "disturbed" else "")


def _stop(row: Mapping[Any, Any], names: Sequence[str]) -> str:
    reason = "no reason is known" if missing(row["reason"]) else str(row["reason"]).strip().rstrip(".")
    return f"{label(row, names)} at {row['size']:,}: {row['status']}, {reason}."
