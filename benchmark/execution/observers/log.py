"""``run.log``: one line an event, and below a job's line what the job printed."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.execution.runner import Progress
    from benchmark.plan.job import Job
    from benchmark.plan.suite_plan import Plan
    from benchmark.results import Record

LOG = "run.log"
# Of what one job printed, so much of the beginning and of the end is kept (bytes).
KEPT = 2**18
_LEVELS = {"ok": logging.INFO, "unavailable": logging.WARNING, "interrupted": logging.WARNING}


class RunLog:
    """The log of a run: an event is a line with the time in UTC and a level.

    Every line is written at once and on its own, so that it stays whatever happens to the writer.
    A log that cannot be written stops no run.

    Parameters
    ----------
    directory : path
        The run's directory of results.
    """

    def __init__(self, directory: Path) -> None:
        # A logger of its own, known to nobody: a program that uses this package keeps its logging.
        self._logger = logging.Logger("benchmark.run")
        self._logger.addHandler(_LineHandler(directory / LOG))

    def event(self, text: str, level: int = logging.INFO) -> None:
        """Write one event."""
        self._logger.log(level, "%s", text)


class Logged:
    """A progress that writes what it is told to the run's log, and tells it on.

    The log opens when the run has its directory; what was noted before is written then.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._log: RunLog | None = None
        self._early: list[str] = []
        self._begun: dict[str, float] = {}

    @contextmanager
    def logged(self, directory: Path) -> Iterator[None]:
        """Write the log of the run in `directory` while the body runs, and how that ended."""
        self._log = RunLog(directory)
        for text in self._early:
            self.event(text, logging.WARNING)
        try:
            yield
        except BaseException as error:
            self.event(f"run ends: {type(error).__name__}: {error}", logging.ERROR)
            raise
        else:
            self.event("run ends: tables and report are written")
        finally:
            self._log = None

    def event(self, text: str, level: int = logging.INFO) -> None:
        """Write something that is for the log alone."""
        if self._log is not None:
            self._log.event(text, level)

    def note(self, text: str) -> None:
        """Something the user should know."""
        if self._log is None:
            self._early.append(text)
        self.event(text, logging.WARNING)
        self._progress.note(text)

    def planned(self, plan: Plan, to_do: int) -> None:
        """The plan stands."""
        done = len(plan.jobs) - to_do
        self.event(f"run {plan.run} begins: {to_do} jobs to do, {done} done before")
        self._progress.planned(plan, to_do)

    def started(self, job: Job) -> None:
        """A job begins."""
        self._begun[job.key] = time.monotonic()
        self.event(f"job {job.key} begins")
        self._progress.started(job)

    def finished(self, record: Record) -> None:
        """A job ended, well or not."""
        begun = self._begun.pop(record.key, None)
        took = "" if begun is None else f" after {time.monotonic() - begun:.2f} s"
        reason = f": {record.error}" if record.error else ""
        level = _LEVELS.get(record.status, logging.ERROR)
        self.event(f"job {record.key} ends: {record.status}{took}{reason}", level)
        self._progress.finished(record)


class _LineHandler(logging.Handler):
    """Appends to a file that is opened for every line: it may be removed while the run goes on."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self.setFormatter(_Formatter("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%SZ"))

    def emit(self, record: logging.LogRecord) -> None:
        append(self._path, _indented(self.format(record).encode(errors="replace") + b"\n"))


class _Formatter(logging.Formatter):
    @staticmethod
    def converter(seconds: float | None = None) -> time.struct_time:
        return time.gmtime(seconds)


def append(path: Path, text: bytes) -> None:
    """Append to a log in one piece; where that cannot be done, nothing is said."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab", buffering=0) as file:
            file.write(text)


def append_output(log: Path, source: Path) -> None:
    """Append what a job printed to a log, indented: events are the lines that begin with a year."""
    with suppress(OSError):
        text = b"".join(_ends(source))
        if text:
            append(log, b"    " + _indented(text.rstrip(b"\n")) + b"\n")


def _ends(source: Path) -> Iterator[bytes]:
    """Yield the beginning and the end of a file, and what was left out between them."""
    size = os.path.getsize(source)
    with open(source, "rb") as file:
        yield file.read(KEPT)
        if size > 2 * KEPT:
            yield f"\n[{size - 2 * KEPT} bytes are left out]\n".encode()
            file.seek(size - KEPT)
        yield file.read(KEPT)


def _indented(text: bytes) -> bytes:
    """Return text whose lines, but for the first, are indented; carriage returns count as new lines."""
    lines = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    body = lines[:-1].replace(b"\n", b"\n    ")
    return body + lines[-1:]
