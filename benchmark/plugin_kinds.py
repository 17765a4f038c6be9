"""The kinds of things that plugins add to."""

from __future__ import annotations

from typing import Any

from benchmark.datasets.catalog.declarations import DATASET_KIND
from benchmark.scoring.declared import CLUSTERING_KIND, METRIC_KIND
from reducers.plugins import Kind
from reducers.registry import REDUCERS

KINDS: dict[str, Kind[Any]] = {
    kind.word: kind for kind in (REDUCERS, DATASET_KIND, METRIC_KIND, CLUSTERING_KIND)
}


def broken_plugins() -> dict[str, str]:
    """Return what is wrong with each installed plugin that cannot be had, by the name of its entry point."""
    return {name: reason for kind in KINDS.values() for name, reason in kind.broken().items()}
