"""A cluster that is there already: reach its scheduler, and make sure that its workers can run jobs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from distributed import Client, Security

from benchmark.errors import InputError
from benchmark.execution.cluster.census import Census
from benchmark.execution.cluster.cluster_pool import ClusterPool
from benchmark.execution.cluster.tasks import Tasks
from benchmark.measure.clock import available_threads
from benchmark.measure.measurement import describe

CONNECT_SECONDS = 5.0
# A worker that is just being started by a batch system.
FIRST_WORKER_SECONDS = 60.0


def connect(address: str, ending: ExitStack, note: Callable[[str], None]) -> ClusterPool:
    """Return the pool of a scheduler and the workers it has.

    Raises
    ------
    InputError
        The scheduler cannot be reached, or has no worker that can run jobs.
    """
    client = ending.enter_context(_reach(address))
    try:
        threads = _threads(client)
        tasks = Tasks(client, ending)
        facts = tasks.facts()
    # What another environment on the workers raises is as good as anything.
    except Exception as error:
        raise InputError(
            "The scheduler and the workers of --cluster must have this package, and what it needs, in the "
            f"versions of the client: {describe(error).rstrip('.')}."
        ) from error
    facts["devices"] = Census.of(client.scheduler_info(n_workers=-1)["workers"]).devices
    return ClusterPool(client, tasks, facts, threads=threads, ending=ending, note=note)


def _reach(address: str) -> Client:
    try:
        security = Security()
        if address.startswith("tls:") and security.get_connection_args("client")["ssl_context"] is None:
            raise ValueError("tls:// needs certificates in Dask's configuration, distributed.comm.tls")
        client = Client(address, timeout=CONNECT_SECONDS, security=security, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise InputError(f"The scheduler {address} of --cluster cannot be reached: {reason}.") from error
    try:
        client.wait_for_workers(1, timeout=FIRST_WORKER_SECONDS)
    except TimeoutError:
        client.close()
        raise InputError(
            f"The scheduler {address} of --cluster has no workers, nor got one within "
            f"{FIRST_WORKER_SECONDS:g} s; start some with: dask worker {address}."
        ) from None
    return client


def _threads(client: Client) -> int:
    """Return the threads a job may use on the smallest worker: its share of the cores of its host."""
    workers: dict[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
    # A worker that has just gone gives no number.
    found = client.run(available_threads, on_error="return")
    places = Census.of(workers).by_host
    shares = [
        found[address] // places[facts["host"]]
        for address, facts in workers.items()
        if isinstance(found.get(address), int)
    ]
    return max(min(shares, default=1), 1)
