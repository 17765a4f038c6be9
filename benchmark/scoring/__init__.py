"""Scores of an embedding: `score` computes them, `METRICS` declares them.

A metric is a function of an `Embedding` with a declared range and direction. To add one to the suite,
declare it with `metric` in a module here; to use one of your own, pass
``{**METRICS, my_metric.name: my_metric}`` to `score`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import nullcontext
from types import MappingProxyType

from benchmark.scoring import classification, clustering, fidelity
from benchmark.scoring.embedding import Embedding
from benchmark.scoring.metrics import Metric, metric

__all__ = ["METRICS", "Embedding", "Metric", "metric", "score"]

# Every metric that these modules declare, in the order in which tables show them.
METRICS: Mapping[str, Metric] = MappingProxyType({
    found.name: found
    for module in (clustering, classification, fidelity)
    for found in vars(module).values()
    if isinstance(found, Metric)
})  # fmt: skip


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
