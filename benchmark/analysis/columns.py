"""The columns of ``results.csv``: their names, their order, their types, and which of them are measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SCORES = (
    "kmeans_nmi", "kmeans_ari", "kmeans_accuracy", "knn_accuracy", "forest_accuracy", "linear_accuracy",
    "reconstruction_mse", "trustworthiness", "continuity",
)  # fmt: skip
TIMES = (
    "warmup_seconds", "fit_seconds", "fit_spread_seconds", "transform_seconds", "transform_spread_seconds",
    "score_seconds",
)  # fmt: skip
MEMORY = ("peak_memory_mb", "peak_device_memory_mb")
COLUMNS = (
    "run", "dataset", "reducer", "device", "precision", "threads", "timing", "machine", "seed", "status",
    "n_train", "n_test", "n_features", "n_components", "n_parameters", *TIMES, *MEMORY, *SCORES, "params",
    "error", "started_at", "key",
)  # fmt: skip
_INTEGERS = {"threads", "seed", "n_train", "n_test", "n_features", "n_components", "n_parameters"}
_NUMBERS = {*TIMES, *MEMORY, *SCORES}
DTYPES = {
    name: "Int64" if name in _INTEGERS else "Float64" if name in _NUMBERS else "string" for name in COLUMNS
}
# Rows that agree in all of these differ by seed only, so they may be averaged.
GROUP = (
    "dataset", "n_train", "n_test", "reducer", "device", "precision", "threads", "timing", "machine",
    "n_components",
)  # fmt: skip


def dtype_of(column: str) -> str:
    """Return the type of a column; one that is not known here is a plugin's score."""
    return DTYPES.get(column, "Float64")


def measured_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns that hold a score or a time or a memory, plugins' scores among them."""
    return [name for name in frame.columns if dtype_of(name) == "Float64"]


def score_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns that hold a score, plugins' scores last."""
    return [name for name in measured_columns(frame) if name not in TIMES + MEMORY]
