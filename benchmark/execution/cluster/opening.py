"""From what the user gave as a cluster to a pool that runs jobs on it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from benchmark.errors import InputError

if TYPE_CHECKING:
    from benchmark.execution.cluster.cluster_pool import ClusterPool


def open_cluster(cluster: str, note: Callable[[str], None]) -> ClusterPool:
    """Return the pool of ``tcp://HOST:PORT``, or of N workers on this machine for ``local:N``.

    Parameters
    ----------
    cluster : str
        Address of a scheduler (``tcp://`` or ``tls://``), or ``local:N``.
    note : callable
        Told what the user should know while jobs run.

    Raises
    ------
    InputError
        `cluster` is neither, the scheduler cannot be reached, it has no worker that can run jobs, or
        the extra ``cluster`` is not installed.
    """
    n_workers = _parse(cluster)
    _check_installed()
    from benchmark.execution.cluster.local_cluster import start_cluster
    from benchmark.execution.cluster.remote import connect

    # The pool closes it, once there is one.
    ending = ExitStack()
    try:
        return connect(cluster, ending, note) if n_workers is None else start_cluster(n_workers, ending, note)
    except BaseException:
        ending.close()
        raise


def _parse(cluster: str) -> int | None:
    """Return N of ``local:N``, or None for an address."""
    local = re.fullmatch(r"local:([1-9]\d{0,3})", cluster)
    if local:
        return int(local.group(1))
    if re.fullmatch(r"(tcp|tls)://[^\s/]+:\d{1,5}", cluster):
        return None
    raise InputError(
        "--cluster must be the address of a Dask scheduler, as tcp://HOST:8786 or tls://HOST:8786, or "
        f"local:N for N workers on this machine; got {cluster!r}."
    )


def _check_installed() -> None:
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise InputError(
            "--cluster needs the package distributed, which is not installed; to install it: pip install "
            "'dimensionality-reduction-benchmark[cluster]' (in a checkout: pip install -e '.[cluster]')."
        ) from None
