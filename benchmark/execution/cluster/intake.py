"""What comes back from a worker: a record and its arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import metadata
from typing import Any

from benchmark.execution.observers.log import LOG, append
from benchmark.measure.environment import DISTRIBUTION
from benchmark.plan.job import Job
from benchmark.results import Record, Store

# Where worker and client differ in one of these, what one of them says may not hold for the other.
_TOLD_VERSIONS = (DISTRIBUTION, "torch", "scikit-learn", "numpy")


def take_in(outcome: Mapping[str, Any], job: Job, store: Store, timing: str) -> Record:
    """Store the arrays and the output that came with the record of a job, and return the record.

    Parameters
    ----------
    outcome : mapping
        What `benchmark.execution.cluster.worker.run_task` returned.
    job : Job
    store : Store
    timing : {'exclusive', 'shared'}
        Whether other jobs may have run on the worker's host meanwhile.

    Raises
    ------
    ValueError
        The worker has a version whose records this one does not read.
    RunError
        The disk does not take the arrays.
    """
    record = Record.from_json(outcome["record"])
    if outcome["printed"]:
        append(store.path / LOG, outcome["printed"])
    for kind in ("embeddings", "views"):
        if outcome[kind]:
            store.save_arrays(kind, job.key, outcome[kind])
    return replace(record, key=job.key, timing=timing)


def other_versions(environment: Mapping[str, Any]) -> str:
    """Return in words which versions of an environment are not the client's; empty where none is."""
    there = environment.get("versions") or {}
    own = {name: _version(name) for name in _TOLD_VERSIONS}
    return ", ".join(
        f"{name} {there[name]} (here {own[name]})" for name in own if there.get(name, own[name]) != own[name]
    )


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"
