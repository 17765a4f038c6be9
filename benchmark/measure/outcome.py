"""What one job measured, typed: the `Outcome`, and the record that is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmark.measure.clock import DISTURBED
from benchmark.plan.job import Job
from benchmark.results.record import Record

if TYPE_CHECKING:
    from benchmark.results.artifacts import Arrays

# What a record takes over from its job; all that an outcome holds, but for the arrays, it takes over too.
_PLANNED = (
    "run", "dataset", "reducer", "device", "threads", "seed", "key", "repeats", "n_train", "n_test",
    "n_features", "setting", "part", "chosen", "code", "scored_on",
)  # fmt: skip


@dataclass
class Outcome:
    """How a job ended, and everything it measured until then; it is filled in as the job goes on.

    What was not measured is None or empty. Seconds are wall time, memory is in MiB; `fit_times` and
    `transform_times` hold one number a repeat, the peaks are the greatest of all repeats. `foreign_cpu` is
    the share of all cores that other processes took from warm-up to transform, or from the first fit to
    there, whichever is larger. `artifacts` maps the name of a kind of arrays (see
    `benchmark.results.artifacts`) to these arrays by name.
    """

    status: str
    error: str | None = None
    started_at: str | None = None
    precision: str | None = None
    n_components: int | None = None
    n_parameters: int | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    warmup_seconds: float | None = None
    fit_times: list[float] = field(default_factory=list)
    transform_times: list[float] = field(default_factory=list)
    score_seconds: float | None = None
    peak_memory_mb: float | None = None
    peak_device_memory_mb: float | None = None
    foreign_cpu: float | None = None
    reproducible: bool | None = None
    scores: dict[str, float] = field(default_factory=dict)
    artifacts: dict[str, Arrays] = field(default_factory=dict)


def make_record(job: Job, outcome: Outcome, environment: Mapping[str, Any]) -> Record:
    """Return the record of a job that ended with `outcome` on a machine of this environment.

    What a record cannot hold, a score that is no number, say, is a `ValueError`.
    """
    values = {name: getattr(job, name) for name in _PLANNED}
    values |= {f.name: getattr(outcome, f.name) for f in fields(outcome) if f.name != "artifacts"}
    if job.part == "validation":
        # Who starts jobs has no library loaded where these stand no fork.
        from benchmark.datasets.split import test_size

        values["n_test"] = test_size(job.n_train)
        values["n_train"] = job.n_train - values["n_test"]
    if job.scored_on == "fitted":
        values["n_test"] = values["n_train"]
    elif job.scored_on == "all":
        values["n_train"] = values["n_test"] = job.n_train + job.n_test
    # A job that ended before its fit is shown with the precision that was asked for.
    values["precision"] = outcome.precision or job.params.get("precision")
    values["started_at"] = outcome.started_at or utc_now()
    return Record(
        **values,
        timing="disturbed" if (outcome.foreign_cpu or 0.0) > DISTURBED else "exclusive",
        fit_seconds=median(outcome.fit_times) if outcome.fit_times else None,
        transform_seconds=median(outcome.transform_times) if outcome.transform_times else None,
        params=dict(job.params),
        environment=dict(environment),
    )


def utc_now() -> str:
    """Return the time in UTC, to the second, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
