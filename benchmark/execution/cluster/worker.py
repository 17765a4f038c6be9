"""What runs on a worker of the cluster: each job in a process of its own, ended when nobody waits for it."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from distributed import WorkerPlugin, get_worker

from benchmark.execution.local.pool import LocalWorker
from benchmark.execution.observers.log import LOG
from benchmark.plan.job import Job
from benchmark.results import Record, RunError, Store

if TYPE_CHECKING:
    from distributed import Worker

# The process that starts the jobs holds torch in memory: it goes when a run has nothing for it to do.
IDLE_SECONDS = 60.0
# Where workers tell which task begins, each by its key.
TOPIC = "dimensionality-reduction-benchmark"


class JobPlugin(WorkerPlugin):
    """The processes that one run has on one worker.

    Parameters
    ----------
    name : str
        Name of the plugin; tasks find it by that.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def setup(self, worker: Worker) -> None:
        """Begin on `worker`: a process that starts jobs imports what they need before the first comes."""
        self._worker = worker
        self._lock = threading.Lock()
        self._busy: dict[str, LocalWorker] = {}
        self._idle: list[tuple[float, LocalWorker]] = []
        self._ended = False
        self._keep(LocalWorker())

    async def teardown(self, worker: Worker) -> None:
        """End every process of the run on `worker`: the run is over, or the worker goes."""
        self._ended = True
        self._close_idle(0.0)
        await asyncio.gather(*(asyncio.to_thread(local.kill) for local in list(self._busy.values())))

    def transition(self, key: Any, start: str, finish: str, **kwargs: Any) -> None:
        """End the process of a task that nobody waits for any more, its client gone, say; Dask cannot."""
        released = (start, finish) == ("executing", "released")
        local = self._busy.get(key) if released else None
        if local is not None:
            # The worker must go on answering its scheduler meanwhile.
            threading.Thread(target=local.kill, daemon=True).start()

    def facts(self) -> dict[str, Any]:
        """Return the environment and the devices of the machine the worker is on."""
        local = self._take("facts")
        try:
            return {"environment": local.environment, "devices": list(local.devices)}
        finally:
            self._give_back("facts")

    def run(self, key: str, job: Job, timeout: float | None, crowded: Sequence[str]) -> dict[str, Any]:
        """Run `job` for the task `key`; return its record as JSON, its arrays, and what it printed.

        Raises
        ------
        RunError
            It came to no end here, which another worker may bring it to: this one was closed, say.
        """
        local = self._take(key)
        try:
            # In the worker's own directory, which Dask empties where a worker was killed.
            with tempfile.TemporaryDirectory(dir=self._worker.local_directory) as scratch:
                store = Store(scratch, job.run)
                record = _unreadable(job, local.environment)
                record = record or self._measure(local, _here(job), store, timeout, crowded)
                self._check_open()
                return _outcome(record, store, self._host)
        finally:
            self._give_back(key)

    @property
    def _host(self) -> str:
        return urlsplit(self._worker.address).hostname or ""

    def _measure(
        self, local: LocalWorker, job: Job, store: Store, timeout: float | None, crowded: Sequence[str]
    ) -> Record:
        """Run a job; where it has its host to itself, no other run of this user has one there meanwhile."""
        if self._host in crowded:
            return local.run(job, store, timeout)
        (record,) = local.run_all([job], store, lambda job: None, timeout)
        return record

    def _take(self, key: str) -> LocalWorker:
        with self._lock:
            local = self._idle.pop()[1] if self._idle else None
        local = local or LocalWorker()
        self._busy[key] = local
        if self._ended:
            local.kill()
            self._check_open()
        return local

    def _check_open(self) -> None:
        if self._ended:
            raise RunError("the worker was closed")

    def _give_back(self, key: str) -> None:
        local = self._busy.pop(key)
        if self._ended:
            local.kill()
            return
        self._keep(local)

    def _keep(self, local: LocalWorker) -> None:
        """Have a process at hand for the next job, for a while."""
        with self._lock:
            self._idle.append((time.monotonic(), local))
        loop = self._worker.loop
        loop.add_callback(loop.call_later, IDLE_SECONDS, self._close_idle, IDLE_SECONDS)

    def _close_idle(self, seconds: float) -> None:
        """Close the processes that had nothing to do for so many seconds."""
        before = time.monotonic() - seconds
        with self._lock:
            old = [local for since, local in self._idle if since <= before]
            self._idle = [entry for entry in self._idle if entry[1] not in old]
        for local in old:
            local.close()


def _here(job: Job) -> Job:
    """Return `job` with its directory of data, where this machine has one of that name."""
    has_directory = job.data_dir is not None and os.path.isdir(job.data_dir)
    return job if has_directory else replace(job, data_dir=None)


def _unreadable(job: Job, environment: Mapping[str, Any]) -> Record | None:
    """Return the record of a job whose data file this machine cannot read, else None."""
    from benchmark.datasets import DATASETS
    from benchmark.measure.measurement import make_record

    if job.source in DATASETS or os.access(job.source, os.R_OK):
        return None
    error = (
        f"the file {job.source} cannot be read on the worker that had the job; your own data must lie "
        "under the same path on every machine of the cluster"
    )
    return make_record(job, "failed", environment, error=error)


def _outcome(record: Record, store: Store, host: str) -> dict[str, Any]:
    log = store.path / LOG
    return {
        "record": record.to_json(),
        "embeddings": store.load_arrays("embeddings", record.key),
        "views": store.load_arrays("views", record.key),
        "printed": log.read_bytes() if log.is_file() else b"",
        "host": host,
    }


def run_task(
    plugin: str, key: str, job: Mapping[str, Any], timeout: float | None, crowded: Sequence[str]
) -> dict[str, Any]:
    """Run a job as a task of the cluster: tell the client that it begins, and return its outcome."""
    worker = get_worker()
    worker.log_event(TOPIC, key)
    return _plugin(worker, plugin).run(key, Job.from_dict(job), timeout, crowded)


def ask_facts(plugin: str) -> dict[str, Any]:
    """Return, as a task of the cluster, the facts of the machine it runs on."""
    return _plugin(get_worker(), plugin).facts()


def _plugin(worker: Worker, name: str) -> JobPlugin:
    plugin = worker.plugins[name]
    assert isinstance(plugin, JobPlugin)
    return plugin
