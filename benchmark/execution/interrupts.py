"""Ctrl-C and the signals that a terminal or a batch system ends a run with."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Self

_SIGNALS = [signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
# What someone else handles, or was started to ignore (nohup), stays as it is.
_UNHANDLED = (signal.SIG_DFL, signal.default_int_handler)


class Interrupts(ExitStack):
    """Raises `KeyboardInterrupt` for each of the signals, except where they are held back.

    In a thread that is not the main one it does nothing: signals are not for it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._depth, self._pending = 0, False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                before = signal.getsignal(number)
                if before in _UNHANDLED:
                    signal.signal(number, self._arrive)
                    self.callback(signal.signal, number, before)
        return self

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let the body finish; a signal that arrives meanwhile is raised at its end."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if self._pending and not self._depth:
            self._pending = False
            raise KeyboardInterrupt

    def _arrive(self, number: int, frame: FrameType | None) -> None:
        if self._depth:
            self._pending = True
        else:
            raise KeyboardInterrupt
