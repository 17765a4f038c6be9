"""What runs on a worker of the cluster: each job in a process of its own, ended when nobody waits for it."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Thread, Timer
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker
from distributed.utils import sync

from benchmark.datasets import find_datasets
from benchmark.execution.local import LocalWorker
from benchmark.execution.observers.log import LOG
from benchmark.measure.outcome import Outcome, make_record
from benchmark.plan.job import Job
from benchmark.results import Record, RunError, Store
from benchmark.results.artifacts import ARTIFACTS

# The process that starts the jobs holds torch in memory: it goes when a run has nothing for it to do.
IDLE_SECONDS = 60.0


def jobs_by_host(workers: Mapping[str, Mapping[str, Any]]) -> Counter[str]:
    """Return how many jobs can run at once on each host, from the scheduler's facts of its workers."""
    jobs: Counter[str] = Counter()
    for worker in workers.values():
        jobs[worker["host"]] += worker["nthreads"]
    return jobs


def with_absolute_paths(job: Job) -> Job:
    """Return `job` with paths that mean the same in every directory."""

    def absolute(path: str) -> str:
        return os.path.abspath(os.path.expanduser(path))

    return replace(
        job,
        source=job.source if job.source in find_datasets(job.plugins) else absolute(job.source),
        data_dir=None if job.data_dir is None else absolute(job.data_dir),
        plugins=tuple(map(absolute, job.plugins)),
    )


def call_plugin(plugin: str, method: str, *arguments: Any) -> Any:
    """Call, as a task of the cluster, a method of the plugin that the worker has under this name."""
    worker = get_worker()
    return getattr(worker.plugins[plugin], method)(worker.get_current_task(), *arguments)


class JobPlugin(WorkerPlugin):
    """The processes that one run has on one worker; they live as long as a task has use for them.

    `name` is also the topic under which it tells the client which task begins.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def setup(self, worker: Worker) -> None:
        """Begin on `worker`: a process that starts jobs imports what they need before the first comes."""
        self._worker = worker
        self._closed = False
        self._busy: dict[Any, LocalWorker] = {}
        self._idle: dict[LocalWorker, Timer] = {}
        self._put_back(LocalWorker())

    async def teardown(self, worker: Worker) -> None:
        """End every process of the run on `worker`: the run is over, or the worker goes."""
        self._closed = True
        processes = [*self._busy.values(), *self._idle]
        await asyncio.gather(*(asyncio.to_thread(local.kill) for local in processes))

    def transition(self, key: Any, start: str, finish: str, **kwargs: Any) -> None:
        """End the process of a task that nobody waits for any more, its client gone, say; Dask cannot."""
        local = self._busy.get(key) if (start, finish) == ("executing", "released") else None
        if local is not None:
            # The worker must go on answering its scheduler meanwhile.
            Thread(target=local.kill, daemon=True).start()

    def facts(self, key: Any) -> dict[str, Any]:
        """Return the environment and the devices of the machine the worker is on."""
        with self._borrow(key) as local:
            return {"environment": local.environment, "devices": local.devices}

    def native_precision(self, key: Any, device: str, threads: int) -> str:
        """Return the precision, "fp32" or "bf16", that is native to a device of this machine."""
        with self._borrow(key) as local:
            return str(local.native_precision(device, threads))

    def run(self, key: Any, job: Mapping[str, Any], timeout: float | None) -> dict[str, Any]:
        """Run a job for the task `key`; return its record as JSON, its arrays, and what it printed.

        One that came to no end here, which another worker may bring it to, is a `RunError`.
        """
        self._worker.log_event(self.name, key)
        # In the worker's own directory, which Dask empties where a worker was killed.
        scratch = tempfile.TemporaryDirectory(dir=self._worker.local_directory)
        with scratch as place, self._borrow(key) as local:
            host, alone = self._find_host()
            store = Store(place, job["run"])
            record = _measure(local, Job.from_dict(job), store, timeout, alone=alone)
            log = store.path / LOG
            return {
                "record": record.to_json(),
                "artifacts": {kind: store.load_arrays(kind, record.key) for kind in ARTIFACTS},
                "printed": log.read_bytes() if log.is_file() else b"",
                "host": host,
            }

    def _find_host(self) -> tuple[str, bool]:
        """Return the worker's host, and whether one job at a time can run there."""
        workers = sync(self._worker.loop, self._worker.scheduler.identity, n_workers=-1)["workers"]
        host: str = workers[self._worker.address]["host"]
        return host, jobs_by_host(workers)[host] == 1

    @contextmanager
    def _borrow(self, key: Any) -> Iterator[LocalWorker]:
        """Lend the task `key` a process that starts jobs; what comes of a closed worker's is no result."""
        self._busy[key] = local = self._take()
        try:
            self._check_open()
            yield local
            self._check_open()
        finally:
            del self._busy[key]
            self._put_back(local)

    def _check_open(self) -> None:
        if self._closed:
            raise RunError("the worker was closed")

    def _take(self) -> LocalWorker:
        with suppress(KeyError):
            local, timer = self._idle.popitem()
            timer.cancel()
            return local
        return LocalWorker()

    def _put_back(self, local: LocalWorker) -> None:
        """Have a process at hand for the next task, for a while."""
        if self._closed:
            local.kill()
            return
        self._idle[local] = timer = Timer(IDLE_SECONDS, self._close_idle, [local])
        timer.daemon = True
        timer.start()

    def _close_idle(self, local: LocalWorker) -> None:
        # Whoever takes it out has it: a task may have done so just now.
        if self._idle.pop(local, None):
            local.kill()


def _measure(local: LocalWorker, job: Job, store: Store, timeout: float | None, *, alone: bool) -> Record:
    """Run a job; where it has its host to itself, no other run of this user has one there meanwhile."""
    # See `with_absolute_paths`: what is no path is the name of a dataset.
    if os.path.isabs(job.source) and not os.access(job.source, os.R_OK):
        error = (
            f"the file {job.source} cannot be read on the worker that had the job; your own data must lie "
            "under the same path on every machine of the cluster"
        )
        return make_record(job, Outcome("failed", error), local.environment)
    if job.data_dir is not None and not os.path.isdir(job.data_dir):
        job = replace(job, data_dir=None)
    if not alone:
        return replace(local.run(job, store, timeout), timing="shared")
    (record,) = local.run_all([job], store, lambda job: None, timeout)
    return record
