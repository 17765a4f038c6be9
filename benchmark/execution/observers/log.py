"""``run.log``: one line an event, and below a job's line what the job printed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path

from benchmark.execution.observers import Observer
from benchmark.plan import Plan
from benchmark.plan.job import Job
from benchmark.results import Record
from reducers.training.epochs import Epoch

LOG = "run.log"
# Of what one job printed, so much of the beginning and of the end is kept (bytes).
KEPT = 2**18
_LEVELS = {"ok": "INFO", "unavailable": "WARNING", "interrupted": "WARNING"}


class Logged(Observer):
    """An observer that writes every event to the run's log, and passes it on to another observer.

    An event is a line with the time in UTC and a level, written at once and on its own, so that it stays
    whatever happens to the writer. The log opens when the run has its directory; what was noted before
    is written then. A log that cannot be written stops no run.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._path: Path | None = None
        self._early: list[str] = []

    @contextmanager
    def into(self, directory: Path) -> Iterator[None]:
        """Write the log of the run in `directory` while the body runs, and how that ended."""
        self._path = directory / LOG
        for text in self._early:
            self.event(text, "WARNING")
        try:
            yield
        except BaseException as error:
            self.event(f"run ends: {type(error).__name__}: {error}", "ERROR")
            raise
        else:
            self.event("run ends: tables and report are written")
        finally:
            self._path = None

    def event(self, text: str, level: str = "INFO") -> None:
        """Write something that is for the log alone."""
        if self._path is not None:
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            append(self._path, _indented(f"{at} {level:<7} {text}".encode(errors="replace")))

    def note(self, text: str) -> None:
        """Something the user should know."""
        if self._path is None:
            self._early.append(text)
        self.event(text, "WARNING")
        self._observer.note(text)

    def planned(self, plan: Plan, to_do: int | None) -> None:
        """The plan stands."""
        jobs = ""
        if plan.total is not None and to_do is not None:
            jobs = f": {to_do} jobs to do, {plan.total - to_do} done before"
        self.event(f"run {plan.run} begins{jobs}")
        self._observer.planned(plan, to_do)

    def started(self, job: Job) -> None:
        """A job begins."""
        self.event(f"job {job.key} begins")
        self._observer.started(job)

    def trained(self, job: Job, epoch: Epoch) -> None:
        """An epoch of a job ended; its record will hold them all."""
        self._observer.trained(job, epoch)

    def finished(self, record: Record) -> None:
        """A job ended, well or not."""
        took = "" if record.job_seconds is None else f" after {record.job_seconds:.2f} s"
        reason = f": {record.error}" if record.error else ""
        if record.timing == "disturbed":
            reason += f" (disturbed: other programs took {record.foreign_cpu or 0:.0%} of the cores)"
        level = _LEVELS.get(record.status, "ERROR")
        self.event(f"job {record.key} ends: {record.status}{took}{reason}", level)
        self._observer.finished(record)


def append(path: Path, text: bytes) -> None:
    """Append to a log in one piece; where that cannot be done, nothing is said."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab", buffering=0) as file:
            file.write(text)


def printed_by(log: Path, key: str) -> str:
    """Return what a job printed when it last ran, as a log has it; "" where that cannot be read."""
    with suppress(OSError):
        events = log.read_text(encoding="utf-8", errors="replace").splitlines()
        end = max((at for at, line in enumerate(events) if f" job {key} ends: " in line), default=0)
        printed = takewhile(lambda line: line.startswith("    "), reversed(events[:end]))
        return "\n".join(line[4:] for line in reversed(list(printed)))
    return ""


def append_output(log: Path, source: Path) -> None:
    """Append the beginning and the end of what a job printed to a log, indented."""
    with suppress(OSError), open(source, "rb") as file:
        text = file.read(KEPT)
        if (left_out := os.path.getsize(source) - 2 * KEPT) > 0:
            text += f"\n[{left_out} bytes are left out]\n".encode()
            file.seek(-KEPT, os.SEEK_END)
        text += file.read(KEPT)
        if text:
            append(log, b"    " + _indented(text.rstrip(b"\n")))


def _indented(text: bytes) -> bytes:
    """Return lines, all but the first indented: events are those that begin with a year."""
    # A carriage return ends a line, too.
    return b"\n    ".join(text.splitlines()) + b"\n"
