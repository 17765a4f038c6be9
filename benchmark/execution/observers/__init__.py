"""Who is told what a run does: its log, the terminal, whoever else implements `Observer`."""

from __future__ import annotations

from benchmark.plan import Plan
from benchmark.plan.job import Job
from benchmark.results import Record
from reducers.training.epochs import Epoch


class Observer:
    """What a run reports while it runs; whoever cares for some of it only leaves the rest as it is."""

    def note(self, text: str) -> None:
        """Something the user should know."""

    def planned(self, plan: Plan, to_do: int | None) -> None:
        """The plan stands; `to_do` of its jobs are not done yet, None where nobody can know."""

    def started(self, job: Job) -> None:
        """A job begins."""

    def trained(self, job: Job, epoch: Epoch) -> None:
        """An epoch of a job ended; not every one is told, and none of a cluster's."""

    def finished(self, record: Record) -> None:
        """A job ended, well or not."""
