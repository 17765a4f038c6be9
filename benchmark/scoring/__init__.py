"""Scores of an embedding: `score` computes them, `METRICS` declares them.

A metric is a function of an `Embedding` with a declared range and direction. To add one to the suite,
declare it with `metric` in a module here; to use one of your own, pass
``{**METRICS, my_metric.name: my_metric}`` to `score`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from types import MappingProxyType

from benchmark.scoring import classification, clustering, fidelity
from benchmark.scoring.clusterings import CLUSTERINGS, DEFAULT
from benchmark.scoring.embedding import Embedding
from benchmark.scoring.metrics import Metric, metric

__all__ = ["CLUSTERINGS", "DEFAULT", "METRICS", "Embedding", "Metric", "metric", "metrics_of", "score"]

# Every metric that these modules declare, in the order in which tables show them.
_DECLARED = [
    *(metric for metric in clustering.AGREEMENT if metric.clustering == DEFAULT),
    *(found for module in (classification, fidelity, clustering) for found in vars(module).values()),
    *(metric for metric in clustering.AGREEMENT if metric.clustering != DEFAULT),
]
METRICS: Mapping[str, Metric] = MappingProxyType(
    {found.name: found for found in _DECLARED if isinstance(found, Metric)}
)


def metrics_of(clusterings: Iterable[str]) -> Mapping[str, Metric]:
    """Return the metrics that judge these clusterings, and those that judge none."""
    wanted = {"", *clusterings}
    return {name: found for name, found in METRICS.items() if found.clustering in wanted}


def score(embedding: Embedding, metrics: Mapping[str, Metric] | None = None) -> dict[str, float]:
    """Return the scores of `embedding` by name; a metric that does not apply to it is absent.

    By default all are computed but those of other clusterings than k-means.

    Raises
    ------
    ValueError
        A metric returned NaN or an infinite value.
    """
    from threadpoolctl import threadpool_limits

    chosen = metrics_of([DEFAULT]) if metrics is None else metrics
    limits = nullcontext() if embedding.n_jobs == -1 else threadpool_limits(embedding.n_jobs)
    with limits:
        values = {name: measure(embedding) for name, measure in chosen.items()}
    scores = {name: float(value) for name, value in values.items() if value is not None}
    for name, value in scores.items():
        if not math.isfinite(value):
            raise ValueError(f"The metric '{name}' must return a finite number or None; got {value}.")
    return scores
