"""The lock that keeps one timed job a machine; it dies with the process that holds it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.results import RunError

if TYPE_CHECKING:
    from filelock import BaseFileLock

_POLL_SECONDS = 0.1
_WAITING = "Another run has a job on this machine: the runs take turns, so that each job is timed alone."


class MachineLock:
    """What a job holds while it is timed, so that no other run of this user has one beside it.

    Runs take turns: a second lock, for the next in turn, keeps a run from taking the machine again
    at once when it has just given it up and another one waits.

    Parameters
    ----------
    directory : path, optional
        Where the locks lie; by default the directory for temporary files.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._path = (directory or Path(tempfile.gettempdir())) / f"benchmark-{os.getuid()}"
        self._noted = False

    @contextmanager
    def held(self, note: Callable[[str], None]) -> Iterator[None]:
        """Hold the machine for the body; `note` is told once where another run has to be waited for."""
        from filelock import FileLock

        turn, machine = (FileLock(self._path.with_suffix(suffix)) for suffix in (".turn", ".lock"))
        with self._acquire(turn, note):
            held = self._acquire(machine, note)
        with held:
            yield

    def _acquire(self, lock: BaseFileLock, note: Callable[[str], None]) -> AbstractContextManager[object]:
        from filelock import Timeout

        try:
            try:
                return lock.acquire(blocking=False)
            except Timeout:
                if not self._noted:
                    self._noted = True
                    note(_WAITING)
                return lock.acquire(poll_interval=_POLL_SECONDS)
        except OSError as error:
            reason = error.strerror or str(error)
            raise RunError(
                f"The lock of this machine, {lock.lock_file}, cannot be taken: {reason}."
            ) from None
