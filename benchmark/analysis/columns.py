"""The columns of the tables: their names, order and types, and which of them tell rows apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from benchmark.scoring import BUILT_IN_METRICS, DEFAULT, METRICS, Metric

if TYPE_CHECKING:
    import pandas as pd

# Those of another clustering than the default one have a column only where they were measured.
SCORES = tuple(name for name, metric in BUILT_IN_METRICS.items() if metric.clustering in ("", DEFAULT))
TIMES = (
    "warmup_seconds", "fit_seconds", "fit_spread_seconds", "transform_seconds", "transform_spread_seconds",
    "score_seconds",
)  # fmt: skip
MEMORY = ("peak_memory_mb", "peak_device_memory_mb")
LOAD = ("foreign_cpu",)
COLUMNS = (
    "run", "dataset", "reducer", "device", "precision", "threads", "timing", "machine", "seed", "status",
    "n_train", "n_test", "n_features", "n_components", "n_parameters", *TIMES, *MEMORY, *SCORES, "params",
    "error", "started_at", "key", "setting", "chosen", *LOAD, "code", "version", "scored_on",
)  # fmt: skip
_INTEGERS = {"threads", "seed", "n_train", "n_test", "n_features", "n_components", "n_parameters"}
_NUMBERS = {*TIMES, *MEMORY, *SCORES, *LOAD}
DTYPES = {
    name: "Int64" if name in _INTEGERS else "Float64" if name in _NUMBERS else "string" for name in COLUMNS
}
# What a leaderboard is sorted by, best first, and which scores are shown where there is room for few.
RANKING = ("knn_accuracy", "kmeans_nmi", "trustworthiness")
# Codes that no reducer made, between which those of reducers lie; they take no part in any comparison.
CONTROLS = {
    "shuffled": "codes of a random projection permuted among the samples: chance",
    "labels": "the classes as codes: the most that a score of classes can be",
}
# What ran beside the job, by every `timing` that is not exclusive.
TIMED_BESIDE = {"shared": "other jobs", "disturbed": "other programs"}


class Key(NamedTuple):
    """How a column that tells rows apart is headed in a table, and how its value reads within a label."""

    header: str
    label: str = "{}"


KEYS = {
    "dataset": Key("data"),
    "n_train": Key("train", "{} train"),
    "n_test": Key("test", "{} test"),
    "reducer": Key("reducer"),
    "setting": Key("setting", "({})"),
    "device": Key("device"),
    "precision": Key("precision"),
    "asked_precision": Key("precision"),
    "threads": Key("threads", "{} threads"),
    "timing": Key("timing"),
    "machine": Key("machine", "on {}"),
    "n_components": Key("D", "{}-D"),
    "code": Key("code", "code {}"),
    "version": Key("version", "of version {}"),
    "scored_on": Key("scored on", "scored on {} rows"),
}
# Rows that agree in all of these differ by seed only, so they may be averaged.
GROUP = tuple(name for name in KEYS if name != "asked_precision")
# Rows that agree in these were given the same task, so their scores may be compared and ranked. Where
# a row was measured does not matter to a score; to a time it does.
TASK = ("dataset", "n_train", "n_test", "n_components", "version", "scored_on")
# What a scaling run varies, and where it keeps the exponents of its costs.
SWEEPS = ("samples", "features", "components")
EXPONENTS = "exponents.csv"
# Points that agree in all of these lie on one line of a sweep; the precision is the one asked for.
CURVE = ("reducer", "device", "threads", "asked_precision")


def dtype_of(column: str) -> str:
    """Return the type of a column; one that is not known here is a plugin's score."""
    return DTYPES.get(column, "Float64")


def measured_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns that hold a score or a time or a memory, plugins' scores among them."""
    return [name for name in frame.columns if dtype_of(name) == "Float64"]


def score_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns that hold a score, plugins' scores last."""
    return [name for name in measured_columns(frame) if name not in TIMES + MEMORY + LOAD]


def is_control(rows: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows are those of `CONTROLS`."""
    return rows["reducer"].isin(list(CONTROLS))


def leading_metric(board: pd.DataFrame) -> Metric | None:
    """Return the metric that rows are ranked by: the first of `RANKING` that any of them has.

    Without labels that is the last, without held-out rows the second.
    """
    return next((METRICS[name] for name in RANKING if board[name].notna().any()), None)


def leading_metrics(board: pd.DataFrame) -> list[Metric]:
    """Return the metrics of a mean rank: the first two of `RANKING`, or without labels the last."""
    known = [METRICS[name] for name in RANKING if board[name].notna().any()]
    return [metric for metric in known if metric.name in RANKING[:2]] or known


def held_out(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that were scored on held-out samples; all of them where there is none."""
    kept = rows[rows["scored_on"] == "heldout"]
    return rows if kept.empty else kept


def of_one_task(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the task that most of those share that are held out; of several, of the first."""
    rows = held_out(rows)
    tasks = rows.groupby(list(TASK), dropna=False, sort=False).ngroup()
    return rows if rows.empty else rows[tasks == tasks.value_counts(sort=False).idxmax()]


def varying(rows: pd.DataFrame, names: Iterable[str], *, within_reducer: bool = False) -> list[str]:
    """Return which of the columns have several values, or several among the rows of one reducer.

    A setting and the code are of one reducer, whatever those of the others are.
    """

    def several(name: str) -> bool:
        if within_reducer or name in ("setting", "code"):
            return bool((rows.groupby("reducer")[name].nunique(dropna=False) > 1).any())
        return int(rows[name].nunique(dropna=False)) > 1

    return [name for name in names if name != "reducer" and several(name)]
