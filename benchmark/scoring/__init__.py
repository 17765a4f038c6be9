"""Scores of an embedding: `score` computes them, `METRICS` declares them.

A metric is a function of an `Embedding` with a declared range and direction. To add one to the suite,
declare it with `metric` in a module here; one of your own goes into a plugin (see CONTRIBUTING.md), or
straight to `score`, as ``{**METRICS, my_metric.name: my_metric}``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import nullcontext

import numpy as np

from benchmark.scoring.clusterings import DEFAULT, Clustering
from benchmark.scoring.declared import (
    BUILT_IN_METRICS,
    CLUSTERINGS,
    METRICS,
    find_clusterings,
    find_metrics,
    metrics_of,
)
from benchmark.scoring.embedding import Embedding
from benchmark.scoring.metrics import Metric, metric
from benchmark.scoring.row_statistics import Array

__all__ = [
    "BUILT_IN_METRICS", "CLUSTERINGS", "DEFAULT", "METRICS", "Clustering", "Embedding", "Metric",
    "find_clusterings", "find_metrics", "metric", "metrics_of", "score", "score_rows",
]  # fmt: skip

_ROUNDING = 1e-6


def score(embedding: Embedding, metrics: Mapping[str, Metric] | None = None) -> dict[str, float]:
    """Return the scores of `embedding` by name; a metric that does not apply to it is absent.

    By default all are computed but those of other clusterings than k-means.

    Raises
    ------
    ValueError
        A metric returned NaN, an infinite value, or one outside of its range.
    """
    return score_rows(embedding, metrics)[0]


def score_rows(
    embedding: Embedding, metrics: Mapping[str, Metric] | None = None
) -> tuple[dict[str, float], dict[str, Array]]:
    """Return the scores, see `score`, and what they are made of: by `Metric.column` a value a test row.

    Labels are among these as ``labels``. All are of small types.
    """
    from threadpoolctl import threadpool_limits

    chosen = metrics_of([DEFAULT]) if metrics is None else metrics
    limits = nullcontext() if embedding.n_jobs == -1 else threadpool_limits(embedding.n_jobs)
    with limits:
        measured = {name: metric.measure(embedding) for name, metric in chosen.items()}
    scores = {name: float(value) for name, (value, _) in measured.items() if value is not None}
    for name, value in scores.items():
        low, high = chosen[name].low, chosen[name].high
        if not math.isfinite(value) or not low - _ROUNDING <= value <= high + _ROUNDING:
            raise ValueError(
                f"The metric '{name}' must return a finite number from {low:g} to {high:g}, or "
                f"None; got {value}."
            )
    rows = {chosen[name].column: values for name, (_, values) in measured.items() if values is not None}
    if embedding.y_test is not None:
        rows["labels"] = embedding.y_test
    return scores, {name: _small(values) for name, values in rows.items()}


def _small(values: Array) -> Array:
    """Return values in as few bytes as hold them: whole numbers as they are, others in single precision."""
    if values.dtype.kind not in "iu":
        return values.astype(np.float32)
    kinds = [np.min_scalar_type(end) for end in (values.min(), values.max())]
    return values.astype(np.result_type(*kinds))
