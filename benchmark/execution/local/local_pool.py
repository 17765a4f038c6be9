"""The pool that is this machine: one job at a time, each in a process of its own."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, Timeout

from benchmark.execution.local.client import Client
from benchmark.execution.local.supervise import ProcessEnd
from benchmark.execution.observers import Observer
from benchmark.execution.observers.log import LOG
from benchmark.measure.outcome import Outcome, make_record, utc_now
from benchmark.measure.threads import available_threads
from benchmark.plan.job import Job
from benchmark.results import Record, RunError, Store
from reducers.training.epochs import Epoch

# What a question to this machine may take, where libraries are slow to import.
_QUESTION_SECONDS = 120.0
_POLL_SECONDS = 0.1
_WAITING = "Another run has a job on this machine: the runs take turns, so that each job is timed alone."


class MachineLock:
    """What a job holds while it is timed, so that no other run of this user has one beside it.

    It dies with the process that holds it. Runs take turns: a second lock, for the next in turn, keeps a run
    from taking the machine again at once when it has just given it up and another one waits. Both lie in
    `directory`, by default the one for temporary files.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._path = (directory or Path(tempfile.gettempdir())) / f"benchmark-{os.getuid()}"
        self._noted = False

    @contextmanager
    def held(self, note: Callable[[str], None]) -> Iterator[None]:
        """Hold the machine for the body; `note` is told once where another run has to be waited for."""
        turn, machine = (FileLock(self._path.with_suffix(suffix)) for suffix in (".turn", ".lock"))
        with self._acquire(turn, note):
            held = self._acquire(machine, note)
        with held:
            yield

    def _acquire(self, lock: BaseFileLock, note: Callable[[str], None]) -> AbstractContextManager[object]:
        try:
            with suppress(Timeout):
                return lock.acquire(blocking=False)
            if not self._noted:
                self._noted = True
                note(_WAITING)
            return lock.acquire(poll_interval=_POLL_SECONDS)
        except OSError as error:
            reason = error.strerror or str(error)
            raise RunError(
                f"The lock of this machine, {lock.lock_file}, cannot be taken: {reason}."
            ) from None


class LocalWorker(AbstractContextManager["LocalWorker"]):
    """Runs one job at a time on this machine, each in a process of its own.

    The process that starts the jobs begins at once to import what they need; whoever first asks for
    `environment` or `devices` waits for it. `threads` are the cores that this process may use. `observer` is
    told what the user should know, and of a job's epochs.
    """

    def __init__(self, observer: Observer | None = None) -> None:
        self._observer = observer or Observer()
        self._client = Client()
        self._machine = MachineLock()
        self.threads = available_threads()
        self._client.ask("facts", _QUESTION_SECONDS)

    @property
    def environment(self) -> dict[str, Any]:
        """Facts of this machine, as every record carries them."""
        return dict(self._facts["environment"])

    @property
    def devices(self) -> tuple[str, ...]:
        """Devices found on this machine."""
        return tuple(self._facts["devices"])

    @cached_property
    def _facts(self) -> dict[str, Any]:
        end, reply = self._client.wait()
        if not reply:
            reason = self._client.last_message()
            reason += "" if end.code is None else f"; {self._describe(end)}"
            raise RunError(f"The process that starts the jobs failed ({reason}); nothing was measured.")
        return reply

    def native_precision(self, device: str, threads: int) -> str:
        """Return the arithmetic that ``precision="auto"`` means on `device`, "fp32" or "bf16".

        A process measures it; where that fails, it is a `RunError`.
        """
        end, reply = self._ask("precision", timeout=_QUESTION_SECONDS, device=device, threads=threads)
        if not reply:
            reason = f"{self._client.last_message()}; {self._describe(end)}"
            raise RunError(f"The arithmetic of the device {device!r} could not be measured ({reason}).")
        return str(reply["precision"])

    def __exit__(self, *error: object) -> None:
        self.kill()

    def run_all(
        self, jobs: Sequence[Job], store: Store, started: Callable[[Job], None], timeout: float | None
    ) -> Iterator[Record]:
        """Run jobs one after the other, each while no other run of this user has one on this machine.

        The time that a job waits for the machine is no part of its own times, nor of its limit.
        """
        for job in jobs:
            with self._machine.held(self._observer.note):
                started(job)
                record = self.run(job, store, timeout)
            yield record

    def run(self, job: Job, store: Store, timeout: float | None = None) -> Record:
        """Run a job to its end, or to `timeout` seconds; return its record, whatever happened to it.

        The limit counts from the start of the job's process. What the job prints, tracebacks included, is
        appended to ``run.log`` of the run. A disk that does not take what the job leaves is a `RunError`.
        """
        started_at = utc_now()
        end, reply = self._ask(
            "job", partial(self._observer.trained, job), timeout=timeout, log=store.path / LOG,
            job=asdict(job), environment=self.environment, results_dir=str(store.path.parent),
        )  # fmt: skip
        if "problem" in reply:
            raise RunError(reply["problem"])
        if "record" in reply:
            return Record.from_json(reply["record"])
        store.tidy()
        status, reason = "killed", self._describe(end)
        if end.timed_out:
            status, reason = "timeout", f"stopped at the limit of {timeout:g} s"
        return make_record(job, Outcome(status, reason, started_at), self.environment)

    def kill(self) -> None:
        """End the job at hand, and everything it started, at once; the next job finds a new starter."""
        self._client.terminate()

    def _ask(
        self, task: str, trained: Callable[[Epoch], None] | None = None, **details: Any
    ) -> tuple[ProcessEnd, dict[str, Any]]:
        # What was asked first is answered first.
        assert self._facts
        try:
            self._client.ask(task, **details)
            return self._client.wait(trained)
        except BaseException:
            self.kill()
            raise

    def _describe(self, end: ProcessEnd) -> str:
        """Return in words how a process ended that left no reply."""
        if end.code is None:
            message = self._client.last_message()
            reason = f" ({message})" if "Error" in message else ""
            return f"the process that starts the jobs was ended, and the job with it{reason}"
        peak = "" if end.peak_memory_mb is None else f", at {end.peak_memory_mb:,.0f} MiB"
        where = f" after {end.seconds:.1f} s{peak}"
        if end.code == 0:
            return f"the process ended without a result{where}"
        if end.code < 0:
            with suppress(ValueError):
                return f"the process was ended by {signal.Signals(-end.code).name}{where}"
        return f"the process exited with code {end.code}{where}"
