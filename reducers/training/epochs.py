"""Who is told of every epoch, while a reducer trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Epoch(NamedTuple):
    """An epoch that ended: its number, from 1, of how many in this stage of the training, and its loss."""

    number: int
    of: int
    loss: float


Watcher = Callable[[Epoch], None]
_WATCHER: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watch_epochs(watcher: Watcher | None) -> Iterator[None]:
    """Tell `watcher` of every epoch that ends in the body; None tells nobody."""
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def report_epoch(number: int, of: int, loss: float) -> None:
    """Tell who watches that an epoch ended; see `Epoch`."""
    watcher = _WATCHER.get()
    if watcher is not None:
        watcher(Epoch(number, of, loss))
