"""A cluster on this machine, which ends with the run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack

import dask.config
from distributed import Client, LocalCluster

from benchmark.errors import InputError
from benchmark.execution.cluster.census import GPU
from benchmark.execution.cluster.cluster_pool import ClusterPool
from benchmark.execution.cluster.tasks import Tasks
from benchmark.execution.local.pool import LocalWorker
from benchmark.measure.clock import available_threads

# Ctrl-C is the client's to handle: the terminal sends it to these processes, too.
_IGNORE_CTRL_C = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"


def start_cluster(n_workers: int, ending: ExitStack, note: Callable[[str], None]) -> ClusterPool:
    """Start a scheduler and `n_workers` processes on this machine, a job at a time on each.

    Raises
    ------
    InputError
        The processes do not start.
    """
    with LocalWorker() as here:
        facts = {"environment": here.environment, "devices": here.devices}
        # Every worker may have the GPU, but one at a time: two jobs would share its memory.
        gpu_jobs = 1 if "cuda" in here.devices else None
    # Where a worker was lost, a new one takes its place, however long that takes.
    ending.enter_context(dask.config.set({"distributed.deploy.lost-worker-timeout": "365 days"}))
    cluster = ending.enter_context(_start(n_workers, {GPU: 1} if gpu_jobs else {}))
    client = ending.enter_context(Client(cluster, set_as_default=False))
    threads = max(available_threads() // n_workers, 1)
    return ClusterPool(
        client, Tasks(client, ending), facts, threads=threads, ending=ending, note=note, gpu_jobs=gpu_jobs
    )


def _start(n_workers: int, resources: dict[str, float]) -> LocalCluster:
    try:
        return LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            # Jobs run in processes of their own: what the workers themselves hold is small.
            memory_limit=0,
            resources=resources,
            preload=[_IGNORE_CTRL_C],
            silence_logs=logging.CRITICAL,
        )
    except RuntimeError as error:
        raise InputError(
            f"The {n_workers} workers of --cluster could not be started ({error}); a script that calls run() "
            'with a local cluster needs its code under `if __name__ == "__main__":`.'
        ) from error
