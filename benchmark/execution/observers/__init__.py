"""Who is told what a run does: its log, the terminal, whoever else implements `Observer`."""

from __future__ import annotations

from typing import Protocol

from benchmark.plan import Plan
from benchmark.plan.job import Job
from benchmark.results import Record
from reducers.training.epochs import Epoch


class Observer(Protocol):
    """What a run reports while it runs."""

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


class Silent:
    """An observer that does nothing; a base for those that care about some events only."""

    def note(self, text: str) -> None:
        """Do nothing."""

    def planned(self, plan: Plan, to_do: int | None) -> None:
        """Do nothing."""

    def started(self, job: Job) -> None:
        """Do nothing."""

    def trained(self, job: Job, epoch: Epoch) -> None:
        """Do nothing."""

    def finished(self, record: Record) -> None:
        """Do nothing."""
