"""Who is there: what the scheduler tells of its workers, as far as jobs depend on it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.plan.job import Job

if TYPE_CHECKING:
    from distributed import Client

# The resource that workers with a GPU are started with: `dask worker --resources GPU=1`.
GPU = "GPU"
LOOK_SECONDS = 1.0


def kind_of(job: Job) -> str:
    """Return which workers can run a job: "GPU" for those that offer one, "CPU" for all."""
    return GPU if job.device == "cuda" else "CPU"


@dataclass(frozen=True)
class Census:
    """The workers of a cluster at one time.

    Attributes
    ----------
    places : mapping
        How many jobs can run at once, by `kind_of` job.
    by_host : mapping
        How many jobs can run at once on each host.
    """

    places: Mapping[str, int]
    by_host: Mapping[str, int]

    @classmethod
    def of(cls, workers: Mapping[str, Mapping[str, Any]]) -> Census:
        """Return the census of ``Client.scheduler_info()["workers"]``."""
        by_host: Counter[str] = Counter()
        gpus = 0
        for facts in workers.values():
            by_host[facts["host"]] += facts["nthreads"]
            gpus += min(int(facts["resources"].get(GPU, 0)), facts["nthreads"])
        return cls({"CPU": by_host.total(), GPU: gpus}, by_host)

    @property
    def crowded(self) -> set[str]:
        """The hosts on which several jobs can run at once, so that none has its host to itself."""
        return {host for host, places in self.by_host.items() if places > 1}

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices that jobs can be sent to."""
        return ("cpu", "cuda") if self.places[GPU] else ("cpu",)


class Watch:
    """Looks who is there, at most once a second, and remembers.

    Parameters
    ----------
    client : distributed.Client

    Attributes
    ----------
    census : Census
        The last one.
    connected : bool
        Whether the connection to the scheduler held so far.
    crowded : set of str
        Hosts that were so in any census.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._looked = 0.0
        self._seen = dict.fromkeys(("CPU", GPU), time.monotonic())
        self.connected = True
        self.crowded: set[str] = set()
        self.look()

    def look(self) -> None:
        """Take a new census where the last one is old."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        try:
            workers = self._client.scheduler_info(n_workers=-1).get("workers", {})
        except (OSError, RuntimeError, ValueError):
            workers = {}
        # What reconnects finds nothing of ours there any more.
        self.connected = self.connected and self._client.status == "running"
        self.census = Census.of(workers)
        self.crowded |= self.census.crowded
        self._seen |= {kind: now for kind, places in self.census.places.items() if places}

    def absent_for(self, kind: str) -> float:
        """Return for how many seconds no worker was there that runs jobs of a kind."""
        return time.monotonic() - self._seen[kind]
