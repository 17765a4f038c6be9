"""How cost grows with samples, features and components: the tables and the power laws of a scaling run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmark.analysis.columns import CURVE, DTYPES, EXPONENTS, TIMES
from benchmark.analysis.columns import SWEEPS as SWEEPS
from benchmark.analysis.tables import save_frame, typed_frame
from benchmark.results import Record, Store, latest
from benchmark.scoring import BUILT_IN_METRICS

KIND = "scaling"
# The costs that get an exponent.
COSTS = {"fit": "fit_seconds", "transform": "transform_seconds", "memory": "peak_memory_mb"}
# A line through two points fits them whatever they are: it has no error to tell.
FEWEST = 3
# The data of sweeps have no classes.
SCORES = tuple(name for name, m in BUILT_IN_METRICS.items() if "labels" not in m.needs and not m.clustering)
POINT_COLUMNS = (
    "sweep", "size", "reducer", "device", "threads", "asked_precision", "precision", "status", "timing",
    "n_train", "n_test", "n_features", "n_components", "n_parameters", "warmup_seconds", "fit_seconds",
    "transform_seconds", "transform_seconds_per_1000", "score_seconds", "peak_memory_mb",
    "peak_device_memory_mb", *SCORES, "params", "reason", "started_at", "key",
)  # fmt: skip
_DTYPES = {
    **DTYPES,
    **dict.fromkeys(("sweep", "asked_precision", "reason"), "string"),
    **dict.fromkeys(("size", "ok", "fitted", "from_size", "to_size"), "Int64"),
}


@dataclass(frozen=True)
class Point:
    """What is measured at once: so many training samples, of so many features, to so many components."""

    samples: int
    features: int
    components: int

    def at(self, sweep: str, size: int) -> Point:
        """Return the point of a sweep through this one: `size` samples, features or components."""
        return replace(self, **{sweep: size})

    def sweeps(self, centre: Point) -> list[str]:
        """Return the sweeps through `centre` that this point lies on."""
        return [sweep for sweep in SWEEPS if self.at(sweep, getattr(centre, sweep)) == centre]


def centre_of(facts: Mapping[str, Any]) -> Point:
    """Return the point that the sweeps of a run have in common, from its ``run.json``.

    Raises
    ------
    KeyError
        The run is no scaling run.
    """
    return Point(**{sweep: facts["centre"][sweep] for sweep in SWEEPS})


def scaling_table(store: Store) -> pd.DataFrame:
    """Return one row a point of a sweep, in the order of `POINT_COLUMNS`; what was not measured is NA.

    A point that lies on several sweeps has a row in each. Where a sweep ended before its largest
    size, the first size that was left out is a row with the status ``stopped`` and the reason.
    """
    facts = store.facts()
    centre = centre_of(facts)
    rows = [row for record in latest(store.records()) for row in _rows(record, centre)]
    rows += [{**stop, "status": "stopped"} for stop in facts.get("stopped", [])]
    rows.sort(key=lambda row: (SWEEPS.index(row["sweep"]), *(row[name] or "" for name in CURVE), row["size"]))
    return typed_frame(rows, POINT_COLUMNS, _DTYPES)


def _rows(record: Record, centre: Point) -> list[dict[str, Any]]:
    """Return the rows of a record, one a sweep through its point; none for one of something else."""
    width = record.params.get("n_components")
    if record.n_train is None or record.n_features is None or not isinstance(width, int):
        return []
    point = Point(record.n_train, record.n_features, width)
    row = {name: getattr(record, name) for name in POINT_COLUMNS if hasattr(record, name)}
    row |= {name: record.scores.get(name) for name in SCORES}
    row |= {"asked_precision": record.params.get("precision"), "n_components": point.components}
    row |= {"params": json.dumps(record.params, sort_keys=True), "reason": record.error}
    if record.transform_seconds is not None and record.n_test:
        row["transform_seconds_per_1000"] = 1000 * record.transform_seconds / record.n_test
    return [{**row, "sweep": sweep, "size": getattr(point, sweep)} for sweep in point.sweeps(centre)]


def undisturbed(points: pd.DataFrame) -> pd.DataFrame:
    """Return the points that ended well, without the times that other programs disturbed."""
    ok = points[points["status"] == "ok"].copy()
    ok.loc[ok["timing"] == "disturbed", [name for name in points if name in TIMES]] = None
    return ok


def exponents_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a curve of a `scaling_table`: the exponents of its costs, each with its error.

    ``<cost>_exponent`` and ``<cost>_error`` for every cost of `COSTS`, NA with fewer than three
    points; times that other programs disturbed do not enter. ``ok`` counts the points that ended well,
    ``fitted`` those that the exponent of the fit was fitted to, from ``from_size`` to ``to_size``.
    """
    curves = table.groupby(["sweep", *CURVE], dropna=False, sort=False)
    rows = [_exponents(points) for _, points in curves]
    figures = (f"{cost}_{figure}" for cost in COSTS for figure in ("exponent", "error"))
    columns = ("sweep", *CURVE, "ok", "fitted", "from_size", "to_size", *figures)
    return typed_frame(rows, columns, _DTYPES)


def _exponents(points: pd.DataFrame) -> dict[str, Any]:
    ok = undisturbed(points)
    row: dict[str, Any] = {name: points[name].iloc[0] for name in ("sweep", *CURVE)}
    laws = {cost: exponent(ok["size"].tolist(), ok[c].astype(float).tolist()) for cost, c in COSTS.items()}
    for cost, law in laws.items():
        row |= {f"{cost}_exponent": law.value, f"{cost}_error": law.error}
    sizes = laws["fit"].sizes
    ends = {"from_size": min(sizes, default=None), "to_size": max(sizes, default=None)}
    return row | ends | {"ok": len(ok), "fitted": len(sizes)}


def save_scaling(store: Store) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write ``scaling.csv``, ``scaling.parquet`` and ``exponents.csv`` of a run; return the two tables."""
    table = scaling_table(store)
    exponents = exponents_table(table)
    save_frame(store, table, "scaling.csv", "scaling.parquet")
    save_frame(store, exponents, EXPONENTS)
    return table, exponents


class Exponent(NamedTuple):
    """The slope of log cost on log size, its standard error, and the sizes it was fitted to.

    Both figures are NaN, and `sizes` is empty, where fewer than `FEWEST` points were measured.
    """

    value: float
    error: float
    sizes: tuple[float, ...]


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> Exponent:
    """Return the exponent c of ``cost = b * size**c`` by least squares of logarithms.

    Only the upper half of the points enters, at least `FEWEST`: at small sizes a fixed cost hides
    the growth.

    Parameters
    ----------
    sizes, costs : sequence of float, of the same length
        A point whose cost is not a positive number is left out.
    """
    kept = _measured(sizes, costs)
    upper = kept[-max(FEWEST, math.ceil(len(kept) / 2)) :]
    if len(upper) < FEWEST:
        return Exponent(math.nan, math.nan, ())
    x, y = np.log(np.array(upper)).T
    (slope, _), covariance = np.polyfit(x, y, 1, cov=True)
    return Exponent(float(slope), math.sqrt(covariance[0, 0]), tuple(size for size, _ in upper))


def predict(sizes: Sequence[float], costs: Sequence[float], size: float) -> float | None:
    """Return what `size` will cost by a power law through the last three points; None without points.

    Through one point, the cost is taken to be proportional to the size; it is never taken to fall.
    """
    kept = _measured(sizes, costs)[-FEWEST:]
    if not kept:
        return None
    x, y = np.log(np.array(kept)).T
    slope = np.polyfit(x, y, 1)[0] if len(kept) > 1 else 1.0
    last_size, last_cost = kept[-1]
    return float(last_cost * (size / last_size) ** max(slope, 0.0))


def _measured(sizes: Sequence[float], costs: Sequence[float]) -> list[tuple[float, float]]:
    pairs = ((float(size), float(cost)) for size, cost in zip(sizes, costs, strict=True))
    return sorted((size, cost) for size, cost in pairs if math.isfinite(cost) and cost > 0)
