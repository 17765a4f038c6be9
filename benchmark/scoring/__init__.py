"""Scores of an embedding: `score` computes them, `METRICS` declares them.

A metric is a function of an `Embedding` with a declared range and direction. To add one, declare it
with `metric` and pass ``{**METRICS, my_metric.name: my_metric}`` to `score`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import nullcontext
from types import MappingProxyType

from benchmark.scoring.classification import forest_accuracy, knn_accuracy, linear_accuracy
from benchmark.scoring.clustering import kmeans_accuracy, kmeans_ari, kmeans_nmi
from benchmark.scoring.embedding import Embedding
from benchmark.scoring.metrics import Metric, metric
from benchmark.scoring.reconstruction import reconstruction_mse
from benchmark.scoring.structure import continuity, trustworthiness

__all__ = ["METRICS", "Embedding", "Metric", "metric", "score"]

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        m.name: m
        for m in (
            kmeans_nmi,
            kmeans_ari,
            kmeans_accuracy,
            knn_accuracy,
            forest_accuracy,
            linear_accuracy,
            reconstruction_mse,
            trustworthiness,
            continuity,
        )
    }
)


def score(embedding: Embedding, metrics: Mapping[str, Metric] = METRICS) -> dict[str, float]:
    """Return the scores of `embedding` by name; a metric that does not apply to it is absent.

    Raises
    ------
    ValueError
        A metric returned NaN or an infinite value.
    """
    from threadpoolctl import threadpool_limits

    limits = nullcontext() if embedding.n_jobs == -1 else threadpool_limits(embedding.n_jobs)
    with limits:
        values = {name: measure(embedding) for name, measure in metrics.items()}
    scores = {name: float(value) for name, value in values.items() if value is not None}
    for name, value in scores.items():
        if not math.isfinite(value):
            raise ValueError(f"The metric '{name}' must return a finite number or None; got {value}.")
    return scores
