"""What is timed of a job: its warm-up, and every fit and transform."""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.measure.clock import Measurement, measured
from benchmark.plan.job import Job

if TYPE_CHECKING:
    from benchmark.scoring.blocks import Samples
    from reducers.base import Reducer


def warm_up(reducer: Reducer, train: Samples, device: str, facts: dict[str, Any]) -> None:
    """Compile, allocate and start libraries on a slice, so that none of it is charged to the fit."""
    from sklearn.base import clone

    rows = train[: max(reducer.warmup_samples, 2 * reducer.n_components)]
    trial = clone(reducer).set_params(**reducer.warmup_params)
    # The stopwatch starts a GPU before it reads the clock; that is part of the warm-up too.
    start = perf_counter()
    with measured(device):
        trial.fit(rows)
        codes = trial.transform(rows[:256])
        if trial.supports_inverse:
            trial.inverse_transform(codes)
    facts["warmup_seconds"] = perf_counter() - start


def fit_and_transform(
    reducer: Reducer, train: Samples, test: Samples, job: Job, facts: dict[str, Any]
) -> tuple[Reducer, np.ndarray]:
    """Fit and transform once a repeat, each on the clock; return the last fitted clone and its codes.

    What was measured goes into `facts` as it comes, so that it outlives an error later on: the time
    of every repeat, the median times, the greatest peaks of memory, and the precision.
    """
    from sklearn.base import clone

    for _ in range(job.repeats):
        # The state of the repeat before is freed first; the seed is a parameter, so it stays.
        reducer = clone(reducer)
        with measured(job.device) as fit:
            reducer.fit(train)
        _add(facts, "fit", fit)
        facts["precision"] = reducer.precision_
        with measured(job.device) as transform:
            Z_test = reducer.transform(test)
        _add(facts, "transform", transform)
    return reducer, Z_test


def _add(facts: dict[str, Any], step: str, cost: Measurement) -> None:
    """Take one more measurement of a step into the facts: the median time, the greatest peaks."""
    times = [*facts.get(f"{step}_times", []), cost.seconds]
    facts |= {f"{step}_times": times, f"{step}_seconds": median(times)}
    for name in ("peak_memory_mb", "peak_device_memory_mb"):
        facts[name] = _greater(facts.get(name), getattr(cost, name))


def _greater(a: float | None, b: float | None) -> float | None:
    known = [value for value in (a, b) if value is not None]
    return max(known) if known else None
