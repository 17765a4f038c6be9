"""Jobs measured in the process of the test, where a process of their own is not what the test is about."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import pytest
from test_runner import FakePool

from benchmark.execution import runner
from benchmark.measure.environment import environment
from benchmark.measure.measurement import measure
from benchmark.measure.outcome import make_record
from benchmark.plan.job import Job
from benchmark.results import Record, Store


class HerePool(FakePool):
    """Measures here: what a job is, what is kept of it and what its record says are as in a process."""

    def __init__(self) -> None:
        super().__init__()
        self.environment = environment()

    def run_all(
        self, jobs: Sequence[Job], store: Store, started: Callable[[Job], None], timeout: float | None
    ) -> Iterator[Record]:
        for job in jobs:
            started(job)
            # As in the process that jobs are forked from: clocks do not look through what is there.
            gc.freeze()
            outcome = measure(Job.from_dict(asdict(job)))
            for kind, arrays in outcome.artifacts.items():
                store.save_arrays(kind, job.key, arrays)
            yield Record.from_json(make_record(job, outcome, self.environment).to_json())


@contextmanager
def measured_here() -> Iterator[None]:
    """Measure the jobs of every run that begins in the body in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "open_pool", lambda request, observer: HerePool())
        yield
