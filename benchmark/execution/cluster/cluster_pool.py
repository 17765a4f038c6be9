"""Run jobs on the workers of a cluster, several at a time, and take in what comes back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from distributed import CancelledError, KilledWorker

from benchmark.execution.cluster.census import GPU, LOOK_SECONDS, Watch, kind_of
from benchmark.execution.cluster.intake import other_versions, take_in
from benchmark.execution.cluster.tasks import TRIES_AGAIN, Task, Tasks
from benchmark.measure.measurement import describe, make_record
from benchmark.plan.job import Job
from benchmark.results import Record, RunError, Store

if TYPE_CHECKING:
    from distributed import Client

# Jobs that the scheduler is given, for every one that can run: enough that no worker waits.
AHEAD = 3
ANSWER_SECONDS = 120.0
# How long jobs wait for a worker that can run them, where there is none any more.
PATIENCE = 300.0
DISCONNECTED = "the connection to the scheduler was lost"

Started = Callable[[Job], None]


class ClusterPool:
    """Runs jobs on the workers of a Dask cluster.

    Parameters
    ----------
    client : distributed.Client
    tasks : Tasks
        None yet; the pool fills it.
    facts : mapping
        ``environment`` and ``devices`` of the machine that stands for the cluster in ``run.json``.
    threads : int
        Threads a job may use on the smallest worker.
    ending : ExitStack
        What is to be done when the pool closes.
    note : callable
        Told what the user should know.
    gpu_jobs : int or None
        Most jobs on GPUs at a time; None where the places that the workers offer are the limit.
    patience : float
        Seconds that jobs wait for a worker that can run them, where there is none any more.

    Attributes
    ----------
    environment, devices
        From `facts`; a record carries the environment of the worker that ran it.
    threads : int
    """

    def __init__(
        self,
        client: Client,
        tasks: Tasks,
        facts: Mapping[str, Any],
        *,
        threads: int,
        ending: ExitStack,
        note: Callable[[str], None],
        gpu_jobs: int | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self.environment: dict[str, Any] = dict(facts["environment"])
        self.devices: tuple[str, ...] = tuple(facts["devices"])
        self.threads = threads
        self._ending, self._note = ending, note
        self._gpu_jobs, self._patience = gpu_jobs, patience
        self._waiting: dict[str, deque[Job]] = {"CPU": deque(), GPU: deque()}
        self._tasks = tasks
        self._watch = Watch(client)
        self._told_of_versions = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.close()

    def run_all(
        self, jobs: Sequence[Job], store: Store, started: Started, timeout: float | None
    ) -> Iterator[Record]:
        """Run jobs; yield their records as they end, their arrays stored before."""
        for job in jobs:
            self._waiting[kind_of(job)].append(job)
        while self._tasks or any(self._waiting.values()):
            self._watch.look()
            yield from self._hopeless()
            self._submit(timeout)
            event = self._tasks.next_event(LOOK_SECONDS)
            record = self._answer(*event, store, started) if event else None
            if event and record:
                yield record
                # Not before: a job whose record is not kept yet is at hand.
                self._tasks.done(event[0])

    def running(self) -> Sequence[Job]:
        """Return the jobs that workers have taken up, and whose records were not yielded yet."""
        return self._tasks.begun()

    def kill(self) -> None:
        """Take every job back, and end what runs for them on the workers."""
        self._tasks.withdraw()
        self._ending.close()

    def _submit(self, timeout: float | None) -> None:
        """Give the scheduler as many jobs as keep the workers busy, and no more."""
        places = self._watch.census.places
        limits = {"CPU": AHEAD * places["CPU"], GPU: AHEAD * places[GPU]}
        if self._gpu_jobs is not None:
            limits[GPU] = min(limits[GPU], self._gpu_jobs)
        for kind, waiting in self._waiting.items():
            while waiting and self._tasks.count(kind) < limits[kind]:
                self._tasks.submit(waiting.popleft(), timeout, self._watch.crowded)

    def _hopeless(self) -> Iterator[Record]:
        """Yield the records of the jobs that no worker will ever run, and forget them."""
        for kind, waiting in self._waiting.items():
            if not self._watch.connected:
                status, reason = "killed", DISCONNECTED
            elif self._watch.absent_for(kind) < self._patience:
                continue
            elif kind == GPU:
                status, reason = "unavailable", f"no worker of the cluster offers {GPU}=1"
            else:
                status, reason = "killed", f"no worker was there for {self._patience:g} s"
            left = [*self._tasks.withdraw(kind), *waiting]
            waiting.clear()
            for job in left:
                yield self._record(job, status, reason)

    def _answer(self, task: Task, ended: bool, store: Store, started: Started) -> Record | None:
        """Return the record of a task that has one now."""
        if task.begun == (0 if ended else 1):
            started(task.job)
            task.begun = 1
        if ended:
            return self._outcome(task, store)
        if task.begun <= 1 + TRIES_AGAIN:
            return None
        self._tasks.take_back(task)
        return self._lost(task)

    def _outcome(self, task: Task, store: Store) -> Record | None:
        """Return the record of a task that ended; None where it is tried again, or its result late."""
        try:
            outcome = task.future.result(timeout=ANSWER_SECONDS)
        except CancelledError:
            self._watch.connected = False
            return self._record(task.job, "killed", DISCONNECTED)
        except KilledWorker as error:
            return None if self._tasks.again(task, error.allowed_failures + 1) else self._lost(task)
        except RunError as error:
            # Nothing that the job did: the worker was closed, or has no room on its disk.
            return None if self._tasks.again(task, 1) else self._failed(task, error)
        except Exception as error:
            # The worker that holds the result may be gone: then it is computed again elsewhere.
            if isinstance(error, TimeoutError) and task.future.status != "error":
                self._tasks.wait_on(task)
                return None
            return self._failed(task, error)
        timing = "shared" if outcome["host"] in self._watch.crowded else "exclusive"
        try:
            record = take_in(outcome, task.job, store, timing)
        except ValueError as error:
            return self._record(task.job, "failed", f"what its worker sent cannot be read: {describe(error)}")
        self._compare_versions(record)
        return record

    def _compare_versions(self, record: Record) -> None:
        other = other_versions(record.environment)
        if other and not self._told_of_versions:
            self._told_of_versions = True
            self._note(f"A worker of the cluster has other versions: {other}; every record tells its own.")

    def _lost(self, task: Task) -> Record:
        reason = f"the worker that ran it was lost, {task.begun} times on end"
        return self._record(task.job, "killed", reason)

    def _failed(self, task: Task, error: Exception) -> Record:
        return self._record(task.job, "failed", f"the worker could not run it: {describe(error)}")

    def _record(self, job: Job, status: str, reason: str) -> Record:
        """Return the record of a job that no worker gave one."""
        return make_record(job, status, self.environment, error=reason)
