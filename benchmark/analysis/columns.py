"""The columns of the tables: their names, order and types, and which of them tell rows apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from benchmark.scoring import DEFAULT, METRICS

if TYPE_CHECKING:
    import pandas as pd

# Those of another clustering than the default one have a column only where they were measured.
SCORES = tuple(name for name, metric in METRICS.items() if metric.clustering in ("", DEFAULT))
TIMES = (
    "warmup_seconds", "fit_seconds", "fit_spread_seconds", "transform_seconds", "transform_spread_seconds",
    "score_seconds",
)  # fmt: skip
MEMORY = ("peak_memory_mb", "peak_device_memory_mb")
LOAD = ("foreign_cpu",)
COLUMNS = (
    "run", "dataset", "reducer", "device", "precision", "threads", "timing", "machine", "seed", "status",
    "n_train", "n_test", "n_features", "n_components", "n_parameters", *TIMES, *MEMORY, *SCORES, "params",
    "error", "started_at", "key", "setting", "chosen", *LOAD,
)  # fmt: skip
_INTEGERS = {"threads", "seed", "n_train", "n_test", "n_features", "n_components", "n_parameters"}
_NUMBERS = {*TIMES, *MEMORY, *SCORES, *LOAD}
DTYPES = {
    name: "Int64" if name in _INTEGERS else "Float64" if name in _NUMBERS else "string" for name in COLUMNS
}
# What a leaderboard is sorted by, best first, and which scores are shown where there is room for few.
RANKING = ("knn_accuracy", "kmeans_nmi", "trustworthiness")
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
}
# Rows that agree in all of these differ by seed only, so they may be averaged.
GROUP = tuple(name for name in KEYS if name != "asked_precision")
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


def varying(rows: pd.DataFrame, names: Iterable[str], *, within_reducer: bool = False) -> list[str]:
    """Return which of the columns have several values, or several among the rows of one reducer.

    A setting is of one reducer, whatever those of the others are.
    """

    def count(name: str) -> int:
        if within_reducer or name == "setting":
            return int(rows.groupby("reducer")[name].nunique(dropna=False).max()) if len(rows) else 0
        return int(rows[name].nunique(dropna=False))

    return [name for name in names if name != "reducer" and count(name) > 1]
