"""Who is told of every epoch, while a reducer trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Watcher = Callable[[Mapping[str, Any]], None]

_WATCHER: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watch_epochs(watcher: Watcher | None) -> Iterator[None]:
    """Tell `watcher` of every epoch that ends in the body; None tells nobody."""
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def report_epoch(entry: Mapping[str, Any], epochs: int) -> None:
    """Tell who watches that an epoch ended: its entry in the history, and how many epochs its stage has."""
    watcher = _WATCHER.get()
    if watcher is not None:
        watcher({**entry, "epochs": epochs})
