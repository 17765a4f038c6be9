"""What it costs to score an embedding."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmark.reporting.style import format_seconds
from sections import Row
from targets import SCORING

TITLE = "Scoring"
HOW = (
    "Every metric in turn on one embedding, on all cores; what several metrics share is charged to the "
    "first. The 10-D codes are principal components."
)


def measure(quick: bool) -> dict[str, Any]:
    """Return seconds by embedding and metric."""
    from images import mnist, synthetic_images

    n_train, n_test = (2_000, 500) if quick else (60_000, 10_000)
    dataset = mnist()
    if dataset is None:
        X, X_test = np.split(synthetic_images(n_train + n_test), [n_train])
        y, y_test = (np.arange(n) % 10 for n in (n_train, n_test))
    else:
        X, X_test = (np.asarray(part) for part in dataset.scaled())
        X, X_test = X[:n_train], X_test[:n_test]
        y, y_test = (np.asarray(labels) for labels in (dataset.y_train, dataset.y_test))
        y, y_test = y[:n_train], y_test[:n_test]
    timed = {
        "10": _seconds(*_codes(X, X_test), y, y_test, X_test),
        "784": _seconds(X, X_test, y, y_test, X_test),
    }
    return {"n_train": n_train, "n_test": n_test, "seconds": timed}


def _codes(X: Any, X_test: Any) -> tuple[Any, Any]:
    from reducers import make_reducer

    reducer = make_reducer("pca", n_components=10, device="cpu").fit(X)
    return reducer.transform(X), reducer.transform(X_test)


def _seconds(Z: Any, Z_test: Any, y: Any, y_test: Any, X_test: Any) -> dict[str, float]:
    import torch

    from benchmark.scoring import METRICS, Embedding
    from race import stopwatch

    embedding = Embedding(Z, Z_test, y, y_test, X_test, n_jobs=torch.get_num_threads())
    return {
        name: stopwatch(partial(metric, embedding))
        for name, metric in METRICS.items()
        if all(embedding.has(part) for part in metric.needs)
    }


def rows(figures: dict[str, Any]) -> list[Row]:
    """Return a row an embedding: the sum, and the metrics that cost the most."""
    sizes = f"{figures['n_train']:,} + {figures['n_test']:,} images"
    found = []
    for width, seconds in figures["seconds"].items():
        dearest = sorted(seconds, key=seconds.__getitem__, reverse=True)[:4]
        parts = ", ".join(f"{name} {format_seconds(seconds[name])}" for name in dearest)
        total = sum(seconds.values())
        # The targets are for all of MNIST.
        target = SCORING[width] if figures["n_train"] == 60_000 else None
        found.append(Row(f"{width}-D, {sizes}", format_seconds(total), f"of it {parts}", target, total))
    return found
