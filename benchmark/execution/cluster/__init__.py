"""Jobs on a Dask cluster: many machines measure, one process plans, stores and reports."""

from __future__ import annotations

from benchmark.execution.cluster.opening import open_cluster

__all__ = ["open_cluster"]
