"""Jobs to the workers of a cluster, and their records as they come back."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from distributed import CancelledError, Client, Future, KilledWorker

from benchmark.errors import InputError
from benchmark.execution.cluster.connect import GPU, LOOK_SECONDS, RETRIES, Workers, offers_gpu
from benchmark.execution.cluster.worker_plugin import with_absolute_paths
from benchmark.execution.observers.log import LOG, append
from benchmark.measure.environment import DISTRIBUTION, installed_version
from benchmark.measure.measurement import describe
from benchmark.measure.outcome import Outcome, make_record
from benchmark.plan.job import Job
from benchmark.results import Record, Store
from benchmark.results.artifacts import ARTIFACTS

ANSWER_SECONDS = 180.0
# How long jobs wait for a worker that can run them, where there is none any more.
PATIENCE = 300.0
DISCONNECTED = "the connection to the scheduler was lost"
LOST = f"the worker that ran it was lost, {1 + RETRIES} times on end"
# Where worker and client differ in one of these, what one of them says may not hold for the other.
_COMPARED = (DISTRIBUTION, "torch", "scikit-learn", "numpy")


@dataclass(eq=False)
class _Task:
    """A job that the scheduler has, how often a worker began it, and how often the scheduler gave it up."""

    job: Job
    timeout: float | None
    begun: int = 0
    given_up: int = 0
    future: Future[Any] = field(init=False)


class ClusterPool(ExitStack):
    """Runs jobs on the workers of a Dask cluster, which queues them and hands on those of lost workers.

    `environment` and `devices` are those of one worker, one with a GPU if there is any, which stands for the
    cluster in ``run.json``; a record carries the environment of the worker that ran it. `threads` are those
    that a job may use on the smallest worker. `connection` yields the client, and is closed with the pool;
    `note` is called with what the user should know. That there is no connection, or that the workers cannot
    run jobs, is an `InputError`.
    """

    def __init__(self, connection: AbstractContextManager[Client], note: Callable[[str], None]) -> None:
        super().__init__()
        self._note, self._versions_noted = note, False
        self._tasks: dict[Any, _Task] = {}
        # The futures that ended, and the keys of those that begin.
        self._events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        # What reconnects finds nothing of ours there any more.
        self._connected = True
        try:
            self._meet_workers(self.enter_context(connection))
        except BaseException:
            self.close()
            raise

    def _meet_workers(self, client: Client) -> None:
        try:
            self._workers = Workers(client, self._events.put)
            self.callback(self._workers.close)
            self.threads = self._workers.threads()
            has_gpu = offers_gpu(self._workers.there())
            facts = self._workers.call("facts", needs_gpu=has_gpu).result(timeout=ANSWER_SECONDS)
        # What another environment on the workers raises is as good as anything.
        except Exception as error:
            raise InputError(
                "The scheduler and the workers of --cluster must have this package, and what it needs, in "
                f"the versions of the client: {describe(error).rstrip('.')}."
            ) from error
        self.environment: dict[str, Any] = dict(facts["environment"])
        self.devices: tuple[str, ...] = tuple(facts["devices"]) if has_gpu else ("cpu",)

    def run_all(
        self, jobs: Sequence[Job], store: Store, started: Callable[[Job], None], timeout: float | None
    ) -> Iterator[Record]:
        """Run jobs; yield their records as they end, their arrays stored before."""
        for job in jobs:
            if self._connected:
                self._submit(_Task(job, timeout))
            else:
                yield self._record(job, "killed", DISCONNECTED)
        while self._tasks:
            self._workers.look()
            for task, record in self._without_worker() or self._next_event(store, started):
                yield record
                # Not before: a job whose record is not kept yet is at hand.
                self._forget(task)

    def kill(self) -> None:
        """Take every job back, and end what runs for them on the workers."""
        for task in list(self._tasks.values()):
            self._forget(task)
        self.close()

    def native_precision(self, device: str, threads: int) -> str:
        """Return the arithmetic that ``precision="auto"`` means on a device of a worker, "fp32" or "bf16"."""
        answer = self._workers.call("native_precision", device, threads, needs_gpu=device != "cpu")
        return str(answer.result(timeout=ANSWER_SECONDS))

    def _submit(self, task: _Task) -> None:
        job = asdict(with_absolute_paths(task.job))
        task.future = self._workers.call("run", job, task.timeout, needs_gpu=task.job.device != "cpu")
        self._tasks[task.future.key] = task
        task.future.add_done_callback(self._events.put)

    def _forget(self, task: _Task) -> None:
        """Let the scheduler forget a task; what still runs for it is ended."""
        del self._tasks[task.future.key]
        task.future.release()

    def _without_worker(self) -> list[tuple[_Task, Record]]:
        """Return the jobs that have waited too long for a worker that can run them, with their records."""
        ended = []
        for gpu in (False, True):
            if self._workers.absent_for(needs_gpu=gpu) >= PATIENCE:
                status, reason = "killed", f"no worker was there for {PATIENCE:g} s"
                if gpu:
                    status, reason = "unavailable", f"no worker of the cluster offers {GPU}=1"
                tasks = [task for task in self._tasks.values() if (task.job.device != "cpu") == gpu]
                ended += [(task, self._record(task.job, status, reason)) for task in tasks]
        return ended

    def _next_event(self, store: Store, started: Callable[[Job], None]) -> list[tuple[_Task, Record]]:
        """Wait for a task to begin or to end; return it with its record, once it has one."""
        try:
            event = self._events.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            return []
        begins = isinstance(event, str)
        task, record = self._tasks.get(event if begins else event.key), None
        if task is None:
            return []
        if not begins:
            record = self._collect(task, store)
        else:
            task.begun += 1
            if task.begun == 1:
                started(task.job)
            # The scheduler does not count workers that were closed.
            elif task.begun > 1 + RETRIES:
                record = self._record(task.job, "killed", LOST)
        return [(task, record)] if record else []

    def _collect(self, task: _Task, store: Store) -> Record | None:
        """Return the record of a task that ended; None where it begins again, or its result is late."""
        try:
            result = task.future.result(timeout=ANSWER_SECONDS)
        except CancelledError:
            self._connected = False
            return self._record(task.job, "killed", DISCONNECTED)
        except KilledWorker:
            # The scheduler counts lost workers on which a job only waited, too.
            task.given_up += 1
            if max(task.begun, task.given_up) > RETRIES:
                return self._record(task.job, "killed", LOST)
            del self._tasks[task.future.key]
            self._submit(task)
            return None
        except Exception as error:
            # The worker that holds the result may be gone: then it is computed again elsewhere.
            if isinstance(error, TimeoutError) and task.future.status != "error":
                task.future.add_done_callback(self._events.put)
                return None
            return self._record(task.job, "failed", f"the worker could not run it: {describe(error)}")
        try:
            return self._keep(result, task.job, store)
        except ValueError as error:
            return self._record(task.job, "failed", f"what its worker sent cannot be read: {describe(error)}")

    def _record(self, job: Job, status: str, reason: str) -> Record:
        """Return the record of a job that no worker gave one."""
        return make_record(job, Outcome(status, reason), self.environment)

    def _keep(self, result: Mapping[str, Any], job: Job, store: Store) -> Record:
        """Store the arrays and the output that came with a record, and return the record."""
        record = Record.from_json(result["record"])
        if result["printed"]:
            append(store.path / LOG, result["printed"])
        for kind in ARTIFACTS:
            if result["artifacts"][kind]:
                store.save_arrays(kind, job.key, result["artifacts"][kind])
        if not self._versions_noted:
            self._compare_versions(record.environment.get("versions") or {})
        timing = "shared" if result["host"] in self._workers.crowded else record.timing
        return replace(record, key=job.key, timing=timing)

    def _compare_versions(self, there: Mapping[str, str]) -> None:
        """Say once that a worker has other versions than the client."""
        here = {name: installed_version(name) for name in _COMPARED}
        other = [name for name in here if there.get(name, here[name]) != here[name]]
        if other:
            self._versions_noted = True
            listed = ", ".join(f"{name} {there[name]} (here {here[name]})" for name in other)
            self._note(f"A worker of the cluster has other versions: {listed}; every record tells its own.")
