"""What to measure next: jobs, suites, sweeps.

A `Plan` looks at the records so far and answers with the jobs that come next. A suite answers once;
a sweep answers again after every size. `benchmark.execution.runner` runs them all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.plan.job import Job
from benchmark.results import Record

if TYPE_CHECKING:
    from benchmark.plan.estimate import Cost
    from benchmark.results.artifacts import Arrays


class Plan:
    """An experiment that the runner can carry out.

    Attributes
    ----------
    kind : str or None
        ``kind`` of ``run.json``: what the report is about. Runs of different kinds do not mix.
    keeps_arrays : bool
        Whether codes and pictures are kept; of made-up data they say nothing.
    run : str
        Name of the run.
    threads : int
        Threads that a job may use.
    notes : tuple of str
        What the user should know before anything is measured.
    total : int or None
        How many jobs there are; None where that depends on what is measured.
    arithmetic : dict
        What ``precision="auto"`` of a job means, by device: set once, before `next` is called.
    costs : mapping of Cost
        What the jobs to do will take, by key; empty where nobody knows how many these are.
    """

    kind: str | None = None
    keeps_arrays: bool = True
    notes: tuple[str, ...] = ()
    total: int | None = None

    def __init__(self, run: str, threads: int) -> None:
        self.run, self.threads = run, threads
        self.arithmetic: dict[str, str] = {}
        self.costs: Mapping[str, Cost] = {}

    def undecided(self) -> set[str]:
        """Return the devices for which `arithmetic` has to be decided."""
        raise NotImplementedError

    def next(self, records: Mapping[str, Record]) -> Sequence[Job]:
        """Return the jobs to measure now, none that is in `records` (by key); none at the end."""
        raise NotImplementedError

    def describe(self) -> str:
        """Return in one line what is going to be measured."""
        raise NotImplementedError

    def label(self, measured: Job | Record) -> str:
        """Return what tells a job from the others of the run, in a few words."""
        raise NotImplementedError

    def facts(self, earlier: Mapping[str, Any], records: Mapping[str, Record]) -> dict[str, Any]:
        """Return what ``run.json`` says of the plan, joined with the `earlier` facts it continues."""
        raise NotImplementedError

    def difference(self, facts: Mapping[str, Any]) -> str:
        """Return why a run with these facts (of ``run.json``) measured another thing; empty if it did not."""
        return ""

    def samples(self, kept: Collection[str]) -> Mapping[str, Arrays]:
        """Return test samples that the report shows, by their key in the store, but for those kept there."""
        return {}

    def check_room(self, records: Mapping[str, Record]) -> None:
        """Raise `InputError` where the disk has no room for the data of what is not in `records`."""

    def prepare(self, job: Job) -> Job:
        """Return a job of `next` ready to be handed out: with its data in place."""
        return job

    def close(self) -> None:
        """Remove what `prepare` made."""
