"""The report of a scaling run: exponents, a table and a panel a sweep, and how to read them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.analysis.scaling import SWEEPS, Point, centre_of, exponents_table, scaling_table
from benchmark.reporting.exponent_text import CurveLabels, exponent_lines, setting, told_apart
from benchmark.reporting.figures.cost_curves import scaling_figure
from benchmark.reporting.names import escape
from benchmark.reporting.report import gather
from benchmark.reporting.sections import setup_lines
from benchmark.reporting.style import save_figure
from benchmark.reporting.text import NOT_MEASURED, error, memory, missing, score, seconds, table
from benchmark.results import Store
from benchmark.results.atomic import write_atomically

if TYPE_CHECKING:
    import pandas as pd

FIGURE = "scaling.png"

_READING = """\
A cost that follows a power law is a straight line in the figure. Its slope is the exponent c of
`cost = b · size^c`: ten times the size cost 10^c times as much. `n^1.00` is proportional (2 times the
samples, 2 times the time), `n^2.00` is quadratic (2 times the samples, 4 times the time), `n^0.00` does not
depend on the size. The dotted lines in the figure have the slope 1.

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
- **Stopped.** A point that was predicted to take more than {budget:g} s in all, by a power law through the
  points before it, was not measured, nor were larger ones.
"""
_METHOD = """\
- **Data** are {data}. They are written to a file first; a file of 1 GiB or more stays there and is read a
  block at a time by methods that can (all that train with torch), others get an array in memory.
- **Every point is an ordinary job**: a process of its own, alone on the machine; a warm-up that is not
  counted; the clock stands around `fit`, and around `transform` of {n_test:,} test samples.
- **Memory** is the peak of resident memory in fit and transform above what was in use before (MiB). Data that
  are held in memory stand beside it: 4 bytes a sample and feature.
- **Scores** need no labels: error of reconstruction, and trustworthiness and continuity of 5-neighbourhoods.
- Times compare within one machine, device and number of threads only. Exponents travel better, as long as
  the same resource is the bottleneck.
"""


def write_scaling_report(store: Store, reports_dir: str | Path) -> Path:
    """Write the report of a scaling run from its results alone; return the path of its ``report.md``.

    Raises
    ------
    KeyError
        The run is no scaling run.
    """
    points = scaling_table(store)
    exponents = exponents_table(points)
    directory = Path(reports_dir) / store.run
    directory.mkdir(parents=True, exist_ok=True)
    figure = scaling_figure(points, CurveLabels(exponents))
    if figure is None:
        (directory / FIGURE).unlink(missing_ok=True)
    else:
        save_figure(figure, directory / FIGURE)
    path = directory / "report.md"
    text = _render(store, points, exponents, drawn=figure is not None)
    write_atomically(path, lambda file: file.write(text.encode()))
    return path


def _render(store: Store, points: pd.DataFrame, exponents: pd.DataFrame, *, drawn: bool) -> str:
    facts = store.facts()
    centre = centre_of(facts)
    epochs = ", ".join(f"`{name}` {value}" for name, value in (facts.get("fixed_epochs") or {}).items())
    lines = ["# How cost grows with samples, features and components", "", *_answer(centre), ""]
    lines += ["## Exponents", "", *exponent_lines(exponents)]
    lines += [f"![Cost against samples, features and components]({FIGURE})", ""] if drawn else []
    reading = _READING.format(missing=NOT_MEASURED, epochs=epochs, budget=facts.get("budget_seconds") or 0)
    lines += ["## How to read this", "", reading]
    for sweep in SWEEPS:
        lines += [f"## By {sweep}", "", _varied(sweep, centre), "", *_point_lines(points, sweep)]
    lines += ["## What was run", "", *setup_lines(gather(store))]
    data, n_test = escape(facts.get("dataset_summary") or "unknown"), facts.get("n_test") or 0
    lines += ["## How each figure was measured", "", _METHOD.format(data=data, n_test=n_test)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _answer(centre: Point) -> list[str]:
    return [
        f"Three sweeps vary one number each and keep the others at {centre.samples:,} training samples (n), "
        f"{centre.features:,} features (d) and {centre.components} components of the code (k). The exponents "
        "say how the seconds of a fit, and its memory, grow with each."
    ]


def _varied(sweep: str, centre: Point) -> str:
    kept = {
        "samples": f"{centre.samples:,} training samples",
        "features": f"{centre.features:,} features",
        "components": f"{centre.components} components",
    }
    return f"At {' and '.join(text for name, text in kept.items() if name != sweep)}."


def _point_lines(points: pd.DataFrame, sweep: str) -> list[str]:
    rows = points[points["sweep"] == sweep]
    if rows.empty:
        return ["Nothing was measured.", ""]
    told = told_apart(rows)
    header = ["reducer", *(name.replace("asked_", "") for name in told), sweep, "fit (s)", "transform (s)",
              "per 1,000 (s)", "memory (MiB)", "MSE", "trust.", "cont."]  # fmt: skip
    forms = {
        "fit_seconds": seconds, "transform_seconds": seconds, "transform_seconds_per_1000": seconds,
        "peak_memory_mb": memory, "reconstruction_mse": error, "trustworthiness": score, "continuity": score,
    }  # fmt: skip
    body, ends = [], []
    for row in rows.to_dict("records"):
        name = [escape(row["reducer"]), *(escape(setting(told_name, row[told_name])) for told_name in told)]
        if row["status"] == "ok":
            body.append([*name, f"{row['size']:,}", *(form(row[column]) for column, form in forms.items())])
        else:
            body.append(
                [*name, f"{row['size']:,}", escape(row["status"]), *[NOT_MEASURED] * (len(forms) - 1)]
            )
            ends.append(f"- {' '.join(name)} at {row['size']:,}: {escape(row['status'])}, {_reason(row)}.")
    return [*table(header, body, range(len(told) + 1, len(header))), *ends, ""]


def _reason(row: dict[Any, Any]) -> str:
    return "no reason is known" if missing(row["reason"]) else escape(row["reason"]).rstrip(".")
