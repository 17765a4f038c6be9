"""Where jobs run: what a pool is, and the pool that is this machine, one isolated process a job."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from types import TracebackType
from typing import Any, Protocol, Self

from benchmark.execution.local.client import Client
from benchmark.execution.local.machine_lock import MachineLock
from benchmark.execution.observers.log import LOG
from benchmark.measure.clock import available_threads
from benchmark.plan.job import Job
from benchmark.results import Record, RunError, Store

_FACTS_SECONDS = 120.0


class Pool(Protocol):
    """Where the jobs of a run are measured: processes of this machine, or the workers of a cluster."""

    @property
    def environment(self) -> dict[str, Any]:
        """Facts of the machine, as ``run.json`` carries them."""

    @property
    def devices(self) -> tuple[str, ...]:
        """Devices found."""

    @property
    def threads(self) -> int:
        """Threads a job may use, where the user does not say."""

    def run_all(
        self, jobs: Sequence[Job], store: Store, started: Callable[[Job], None], timeout: float | None
    ) -> Iterator[Record]:
        """Run jobs, each for `timeout` seconds at most; yield their records as they end.

        A job's arrays are in the store before its record is yielded; to store that is for the caller.
        """

    def running(self) -> Sequence[Job]:
        """Return the jobs at hand, which would be lost if the run ended now."""

    def kill(self) -> None:
        """End the jobs at hand, and everything they started, at once."""

    def __enter__(self) -> Self:
        """Return the pool."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pool."""


class LocalWorker:
    """Runs one job at a time on this machine, each in a process of its own.

    The process that starts the jobs begins at once to import what they need; whoever first asks for
    `environment` or `devices` waits for it.

    Attributes
    ----------
    note : callable
        Told what the user should know; says nothing by itself.
    """

    def __init__(self) -> None:
        self.note: Callable[[str], None] = lambda text: None
        self._client = Client()
        self._machine = MachineLock()
        self._running: tuple[Job, ...] = ()
        self._client.ask({"timeout": _FACTS_SECONDS})

    @property
    def environment(self) -> dict[str, Any]:
        """Facts of this machine, as every record carries them."""
        facts: dict[str, Any] = self._facts["environment"]
        return facts

    @property
    def devices(self) -> tuple[str, ...]:
        """Devices found on this machine."""
        return tuple(self._facts["devices"])

    @cached_property
    def threads(self) -> int:
        """Cores that this process may use."""
        return available_threads()

    @cached_property
    def _facts(self) -> dict[str, Any]:
        outcome = self._client.outcome()
        if not outcome["reply"]:
            words = self._client.last_words()
            words += "" if outcome["code"] is None else f"; {_how_it_ended(outcome)}"
            raise RunError(f"The process that starts the jobs failed ({words}); nothing was measured.")
        facts: dict[str, Any] = json.loads(outcome["reply"])
        return facts

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run_all(
        self, jobs: Sequence[Job], store: Store, started: Callable[[Job], None], timeout: float | None
    ) -> Iterator[Record]:
        """Run jobs one after the other, each while no other run of this user has one on this machine.

        The time that a job waits for the machine is no part of its own times, nor of its limit.
        """
        for job in jobs:
            self._running = (job,)
            with self._machine.held(self.note):
                started(job)
                record = self.run(job, store, timeout)
            yield record
        self._running = ()

    def running(self) -> Sequence[Job]:
        """Return the job at hand."""
        return self._running

    def run(self, job: Job, store: Store, timeout: float | None = None) -> Record:
        """Run a job to its end, or to `timeout` seconds; return its record, whatever happened to it.

        The limit counts from the start of the job's process. What the job prints, tracebacks
        included, is appended to ``run.log`` of the run.

        Raises
        ------
        RunError
            The disk did not take what the job leaves.
        """
        request = {
            "job": asdict(job),
            "environment": self.environment,
            "results_dir": str(store.path.parent),
            "log": str(store.path / LOG),
            "timeout": timeout,
        }
        started_at = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            self._client.ask(request)
            outcome = self._client.outcome()
        except BaseException:
            self.kill()
            raise
        if not outcome["reply"]:
            store.tidy()
        return _record(job, outcome, timeout, environment=self.environment, started_at=started_at)

    def kill(self) -> None:
        """End the job at hand, and everything it started, at once."""
        self._client.end()

    def close(self) -> None:
        """End the process that starts the jobs; the next job starts a new one."""
        self._client.end()


def _record(job: Job, outcome: Mapping[str, Any], timeout: float | None, **facts: Any) -> Record:
    from benchmark.measure.measurement import make_record

    reply = json.loads(outcome["reply"] or "{}")
    if "problem" in reply:
        raise RunError(reply["problem"])
    if "record" in reply:
        return Record.from_json(reply["record"])
    if outcome["timed_out"]:
        return make_record(job, "timeout", error=f"stopped at the limit of {timeout:g} s", **facts)
    return make_record(job, "killed", error=_how_it_ended(outcome), **facts)


def _how_it_ended(outcome: Mapping[str, Any]) -> str:
    code, seconds, peak = outcome["code"], outcome["seconds"], outcome["peak_memory_mb"]
    when = "" if seconds is None else f" after {seconds:.1f} s"
    where = when + ("" if peak is None else f", at {peak:,.0f} MiB")
    if code is None:
        reason = f" ({outcome['words']})" if "Error" in outcome["words"] else ""
        return f"the process that starts the jobs was ended, and the job with it{reason}"
    if code == 0:
        return f"the process ended without a result{where}"
    if code < 0:
        with suppress(ValueError):
            return f"the process was ended by {signal.Signals(-code).name}{where}"
    return f"the process exited with code {code}{where}"
