"""The jobs that a scheduler has: given to it, begun by a worker, ended, tried again, taken back."""

from __future__ import annotations

import os
import queue
import uuid
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from benchmark.execution.cluster.census import GPU, kind_of
from benchmark.execution.cluster.worker import TOPIC, JobPlugin, ask_facts, run_task
from benchmark.plan.job import Job

if TYPE_CHECKING:
    from distributed import Client, Future

# A job whose worker was lost is begun again on another, so often at most.
TRIES_AGAIN = 3
FACTS_SECONDS = 180.0


@dataclass(eq=False)
class Task:
    """A job that the scheduler has.

    Attributes
    ----------
    job : Job
    given : tuple
        Its limit in seconds, and the hosts on which it need not be alone.
    key, future : str, distributed.Future
        Of what `run_task` returns, as the scheduler knows it.
    begun : int
        How often a worker took it up.
    lost : int
        How many workers could not run it to its end; the scheduler itself hands it on to the next, up to
        a number of its own.
    """

    job: Job
    given: tuple[float | None, list[str]]
    key: str
    future: Future[dict[str, Any]]
    begun: int = 0
    lost: int = 0


class Tasks:
    """The tasks of one run, by the keys the scheduler knows them under.

    Parameters
    ----------
    client : distributed.Client
    ending : ExitStack
        Where it is noted what is to be done when the run ends.
    """

    def __init__(self, client: Client, ending: ExitStack) -> None:
        self._client = client
        self._plugin = f"benchmark-{uuid.uuid4().hex[:12]}"
        # Workers that join later get it, too.
        client.register_plugin(JobPlugin(self._plugin), name=self._plugin)
        ending.callback(self._unregister)
        self._tasks: dict[str, Task] = {}
        self._events: queue.SimpleQueue[str | Future[dict[str, Any]]] = queue.SimpleQueue()
        client.subscribe_topic(TOPIC, lambda event: self._events.put(str(event[1])))

    def __len__(self) -> int:
        return len(self._tasks)

    def facts(self) -> dict[str, Any]:
        """Return the facts of one of the workers; raise what went wrong there."""
        future = self._client.submit(ask_facts, self._plugin, pure=False)
        facts: dict[str, Any] = future.result(timeout=FACTS_SECONDS)
        return facts

    def count(self, kind: str) -> int:
        """Return how many tasks of a kind the scheduler has."""
        return sum(kind_of(task.job) == kind for task in self._tasks.values())

    def begun(self) -> list[Job]:
        """Return the jobs that a worker took up."""
        return [task.job for task in self._tasks.values() if task.begun]

    def submit(self, job: Job, timeout: float | None, crowded: Iterable[str]) -> None:
        """Give a job to the scheduler; `crowded` are the hosts that jobs need not have to themselves."""
        given = (timeout, sorted(crowded))
        key, future = self._send(job, given)
        self._tasks[key] = Task(job, given, key, future)

    def again(self, task: Task, lost: int) -> bool:
        """Give a task that `lost` workers did not end to the scheduler again; False where that was enough.

        A worker that dies at once may not have told that it began: what the scheduler counted holds, too.
        """
        task.lost += lost
        task.begun = max(task.begun, task.lost)
        if task.begun > TRIES_AGAIN:
            return False
        del self._tasks[task.key]
        task.key, task.future = self._send(task.job, task.given)
        self._tasks[task.key] = task
        return True

    def next_event(self, seconds: float) -> tuple[Task, bool] | None:
        """Wait for a task to begin or to end; return it and whether it ended, or None when time is up."""
        with suppress(queue.Empty):
            event = self._events.get(timeout=seconds)
            if isinstance(event, str):
                return self._began(event)
            task = self._tasks.get(str(event.key))
            return None if task is None else (task, True)
        return None

    def done(self, task: Task) -> None:
        """Forget a task whose record is kept."""
        self._tasks.pop(task.key, None)

    def wait_on(self, task: Task) -> None:
        """Wait once more for a task that ended, its result out of reach for now."""
        task.future.add_done_callback(self._events.put)

    def withdraw(self, kind: str | None = None) -> list[Job]:
        """Take the tasks of a kind back, all without a kind; return their jobs."""
        taken = [task for task in self._tasks.values() if kind in (None, kind_of(task.job))]
        self.take_back(*taken)
        return [task.job for task in taken]

    def take_back(self, *tasks: Task) -> None:
        """Let the scheduler forget tasks; what runs for them is ended."""
        for task in tasks:
            del self._tasks[task.key]
        # Where the scheduler is gone there is nothing to take back.
        with suppress(Exception):
            self._client.cancel([task.future for task in tasks], force=True)

    def _began(self, key: str) -> tuple[Task, bool] | None:
        task = self._tasks.get(key)
        if task is None:
            return None
        task.begun += 1
        return task, False

    def _unregister(self) -> None:
        # Where the scheduler is gone, so are its workers and all that they ran.
        if self._client.status == "running":
            with suppress(Exception):
                self._client.unregister_worker_plugin(self._plugin)

    def _send(self, job: Job, given: tuple[float | None, list[str]]) -> tuple[str, Future[dict[str, Any]]]:
        key = f"{job.key}-{uuid.uuid4().hex[:8]}"
        future: Future[dict[str, Any]] = self._client.submit(
            run_task,
            self._plugin,
            key,
            asdict(_portable(job)),
            *given,
            key=key,
            resources={GPU: 1} if kind_of(job) == GPU else None,
            pure=False,
        )
        future.add_done_callback(self._events.put)
        return key, future


def _portable(job: Job) -> Job:
    """Return `job` with paths that mean the same in every directory."""
    from benchmark.datasets import DATASETS

    return replace(
        job,
        source=job.source if job.source in DATASETS else _absolute(job.source),
        data_dir=None if job.data_dir is None else _absolute(job.data_dir),
        plugins=tuple(_absolute(path) for path in job.plugins),
    )


def _absolute(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))
