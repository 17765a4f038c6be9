"""A scheduler that is there already, or one that is started on this machine, and its workers."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import dask.config
from distributed import Client, Future, Nanny, Scheduler, Security, SpecCluster

from benchmark.errors import InputError
from benchmark.execution.cluster.worker_plugin import JobPlugin, call_plugin, jobs_by_host
from benchmark.measure.threads import available_threads

# The resource that workers with a GPU are started with: `dask worker --resources GPU=1`.
GPU = "GPU"
CONNECT_SECONDS = 5.0
# A worker that is just being started by a batch system.
FIRST_WORKER_SECONDS = 60.0
LOOK_SECONDS = 1.0
# A call that raised, or whose worker was lost, begins again on another, so often at most.
RETRIES = 3
# Ctrl-C is the client's to handle: the terminal sends it to these processes, too.
_IGNORE_CTRL_C = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"


@contextmanager
def connect(address: str) -> Iterator[Client]:
    """Yield a client of the scheduler at `address`, once that has a worker; else raise `InputError`."""
    try:
        security = Security()
        if address.startswith("tls:") and security.get_connection_args("client")["ssl_context"] is None:
            raise ValueError("tls:// needs certificates in Dask's configuration, distributed.comm.tls")
        reached = Client(address, timeout=CONNECT_SECONDS, security=security, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise InputError(f"The scheduler {address} of --cluster cannot be reached: {reason}.") from error
    with reached as client:
        try:
            client.wait_for_workers(1, timeout=FIRST_WORKER_SECONDS)
        except TimeoutError:
            raise InputError(
                f"The scheduler {address} of --cluster has no workers, nor got one within "
                f"{FIRST_WORKER_SECONDS:g} s; start some with: dask worker {address}."
            ) from None
        yield client


@contextmanager
def start_local(n_workers: int) -> Iterator[Client]:
    """Yield a client of a scheduler and `n_workers` processes on this machine, a job at a time on each.

    Where the processes do not start, it is an `InputError`.
    """
    address = {"host": "127.0.0.1", "protocol": "tls" if Security().require_encryption else "tcp"}
    quiet = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
    # Jobs run in processes of their own: what the workers themselves hold is small.
    one = {**address, "nthreads": 1, "memory_limit": 0, "dashboard": False, "preload": [_IGNORE_CTRL_C]}
    one["silence_logs"] = logging.CRITICAL
    workers = {number: {"cls": Nanny, "options": one} for number in range(n_workers)}
    # One of them has the GPU: two jobs at a time would share its memory.
    workers[0] = {"cls": Nanny, "options": {**one, "resources": {GPU: 1}}}
    scheduler = {"cls": Scheduler, "options": {**address, **quiet}}
    # Where a worker was lost, a new one takes its place, however long that takes.
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "365 days"}):
        try:
            cluster = SpecCluster(workers, scheduler, silence_logs=logging.CRITICAL)
        except RuntimeError as error:
            raise InputError(
                f"The {n_workers} workers of --cluster could not be started ({error}); a script that calls "
                'run() with a local cluster needs its code under `if __name__ == "__main__":`.'
            ) from error
        with cluster, Client(cluster, set_as_default=False) as client:
            yield client


def offers_gpu(workers: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether any of the scheduler's workers offers a GPU."""
    return any(worker["resources"].get(GPU) for worker in workers.values())


class Workers:
    """The workers of a scheduler, those that join later too: each has a plugin that one run calls.

    `begins` is called, in a thread of Dask's, with the key of each `JobPlugin.run` that begins. `crowded` are
    the hosts on which several jobs could run at once when they were looked at.
    """

    def __init__(self, client: Client, begins: Callable[[Any], None]) -> None:
        self._client = client
        self._name = f"benchmark-{uuid.uuid4().hex[:12]}"
        self._looked, self._seen = 0.0, dict.fromkeys((False, True), time.monotonic())
        self.crowded: set[str] = set()
        client.register_plugin(JobPlugin(self._name), name=self._name)
        client.subscribe_topic(self._name, lambda event: begins(event[1]))

    def close(self) -> None:
        """End what the run has on the workers."""
        # Where the scheduler is gone, so are its workers and all that they ran.
        if self._client.status == "running":
            with suppress(Exception):
                self._client.unregister_worker_plugin(self._name)

    def call(self, method: str, *arguments: Any, needs_gpu: bool) -> Future[Any]:
        """Let a worker of the scheduler's choice call a method of its plugin."""
        return self._client.submit(
            call_plugin,
            self._name,
            method,
            *arguments,
            # One group: of a large one Dask gives no worker many ahead.
            key=f"benchmark-{uuid.uuid4().hex}",
            resources={GPU: 1} if needs_gpu else None,
            retries=RETRIES,
            pure=False,
        )

    def there(self) -> dict[str, Any]:
        """Return what the scheduler knows of each worker, by its address."""
        workers: dict[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
        return workers

    def look(self) -> None:
        """See who is there, unless that was less than a second ago."""
        now = time.monotonic()
        if now < self._looked + LOOK_SECONDS:
            return
        self._looked, workers = now, self.there()
        self.crowded |= {host for host, jobs in jobs_by_host(workers).items() if jobs > 1}
        self._seen |= {False: now} if workers else {}
        self._seen |= {True: now} if offers_gpu(workers) else {}

    def absent_for(self, *, needs_gpu: bool) -> float:
        """Return for how many seconds no look found a worker that can run jobs, or jobs on a GPU."""
        return self._looked - self._seen[needs_gpu]

    def threads(self) -> int:
        """Return the threads a job may use on the smallest worker: its share of the cores of its host."""
        # A worker that has just gone gives no number.
        cores, workers = self._client.run(available_threads, on_error="return"), self.there()
        jobs = jobs_by_host(workers)
        numbered = [address for address in workers if isinstance(cores.get(address), int)]
        shares = [cores[address] // jobs[workers[address]["host"]] for address in numbered]
        return max(min(shares, default=1), 1)
