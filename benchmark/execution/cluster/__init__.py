"""Jobs on a Dask cluster: many machines measure, one process plans, stores and reports."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmark.errors import InputError

if TYPE_CHECKING:
    from benchmark.execution.cluster.cluster_pool import ClusterPool


def open_cluster(cluster: str, note: Callable[[str], None]) -> ClusterPool:
    """Return the pool of ``tcp://HOST:PORT``, or of N workers on this machine for ``local:N``.

    The address of a scheduler may begin with ``tls://``, too; `note` is called with what the user should know
    while jobs run.

    Raises
    ------
    InputError
        `cluster` is neither, the scheduler cannot be reached, it has no worker that can run jobs, or
        the extra ``cluster`` is not installed.
    """
    local = re.fullmatch(r"local:([1-9]\d{0,3})", cluster)
    if not local and not re.fullmatch(r"(tcp|tls)://[^\s/]+:\d{1,5}", cluster):
        raise InputError(
            "--cluster must be the address of a Dask scheduler, as tcp://HOST:8786 or tls://HOST:8786, or "
            f"local:N for N workers on this machine; got {cluster!r}."
        )
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise InputError(
            "--cluster needs the package distributed, which is not installed; to install it: pip install "
            "'dimensionality-reduction-benchmark[cluster]' (in a checkout: pip install -e '.[cluster]')."
        ) from None
    from benchmark.execution.cluster.cluster_pool import ClusterPool
    from benchmark.execution.cluster.connect import connect, start_local

    return ClusterPool(start_local(int(local.group(1))) if local else connect(cluster), note)
