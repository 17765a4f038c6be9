"""How much of the machine other processes took while a job was timed."""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import NamedTuple

import psutil

# With a larger share of all cores, times are not those of the job alone. Two cores showed 0.005 with nothing
# beside, 0.4 to 0.5 with one busy process; ticks of 10 ms let it stray by 0.03 in the least window (seconds).
DISTURBED = 0.05
_LEAST_SECONDS = 0.4


class CpuTimes(NamedTuple):
    """Seconds that all cores spent since the machine started: in all, busy, and busy for this process."""

    cores: int
    total: float
    busy: float
    own: float


def cpu_times() -> CpuTimes | None:
    """Return where the processor times stand; None where the system does not tell, without ``/proc`` say.

    What a hypervisor took for other machines counts as busy, what this process's children took as its own.
    """
    own = _own_seconds()
    try:
        times = psutil.cpu_times()._asdict()
        cores = len(psutil.cpu_times(percpu=True))
    except (OSError, ValueError, IndexError):
        return None
    # Time of guests is within that of their hosts already.
    total = sum(times.values()) - times.get("guest", 0.0) - times.get("guest_nice", 0.0)
    return CpuTimes(cores, total, total - times["idle"] - times.get("iowait", 0.0), own)


def foreign_share(begun: CpuTimes | None, ended: CpuTimes | None) -> float | None:
    """Return the share of all cores, 0 to 1, that other processes took between two moments.

    None where the system does not tell, or where they are too close to tell it.
    """
    if begun is None or ended is None:
        return None
    total = ended.total - begun.total
    if total < ended.cores * _LEAST_SECONDS:
        return None
    foreign = (ended.busy - begun.busy) - (ended.own - begun.own)
    return min(max(foreign / total, 0.0), 1.0)


def _own_seconds() -> float:
    """Return the processor time of this process and of all it started, those that ended included."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    own = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    with suppress(psutil.Error, OSError):
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                # Of itself and of the children it has waited for.
                own += sum(child.cpu_times()[:4])
    return own
