"""Where the jobs of a run are measured: what a pool can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from benchmark.plan.job import Job
from benchmark.plan.job_maker import Machine
from benchmark.results import Record, Store


class Pool(Machine, AbstractContextManager["Pool"], Protocol):
    """Where the jobs of a run are measured: processes of this machine, or the workers of a cluster."""

    @property
    def environment(self) -> dict[str, Any]:
        """Facts of the machine, as ``run.json`` carries them."""

    def native_precision(self, device: str, threads: int) -> str:
        """Return the arithmetic that ``precision="auto"`` means on a device: "fp32" or "bf16"."""

    def run_all(
        self, jobs: Sequence[Job], store: Store, started: Callable[[Job], None], timeout: float | None
    ) -> Iterator[Record]:
        """Run jobs, each for `timeout` seconds at most; yield their records as they end.

        A job's arrays are in the store before its record is yielded; to store that is for the caller.
        """

    def kill(self) -> None:
        """End the jobs at hand, and everything they started, at once."""
