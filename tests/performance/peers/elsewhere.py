"""A peer in a process of its own, which takes turns with the others over a pipe."""

from __future__ import annotations

import os
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from peers.start import Peer, Start
from race import Trial


def in_own_process(peer: Peer, threads: int) -> Peer:
    """Return `peer`, which must be picklable, run by a process that may use `threads` cores.

    A library that can be set up only once a process, or has threads of its own, is then as it is alone.
    The process ends with the last reference to what is returned. What crosses the pipe within the
    timed fit is two words.
    """
    context = get_context("spawn")
    connection, other_end = context.Pipe()
    process = context.Process(target=_serve, args=(other_end, peer, threads), daemon=True)

    def remote(began: Start) -> Trial:
        if process.pid is None:
            process.start()
            other_end.close()
        _ask(connection, began)
        return Trial(lambda: _ask(connection, "fit"), lambda: float(_ask(connection, "quality")))

    return remote


def _ask(connection: Connection, what: object) -> Any:
    connection.send(what)
    answer = connection.recv()
    if isinstance(answer, Exception):
        raise answer
    return answer


def _serve(connection: Connection, peer: Peer, threads: int) -> None:
    """Build, fit and judge a trial whenever the other end asks, until that is closed."""
    if hasattr(os, "sched_setaffinity"):
        # XLA has as many threads as the process may use cores.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    try:
        while True:
            trial = peer(connection.recv())
            connection.send(None)
            connection.recv()
            trial.fit()
            connection.send(None)
            connection.recv()
            connection.send(trial.quality())
    except EOFError:
        return
    except Exception as error:
        connection.send(RuntimeError(f"{type(error).__name__}: {error}"))
        raise
