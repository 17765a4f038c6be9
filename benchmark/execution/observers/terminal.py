"""What a run shows in the terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from benchmark.analysis.columns import RANKING
from benchmark.plan import Plan
from benchmark.plan.job import Job
from benchmark.results import Record
from benchmark.scoring import METRICS


class Terminal:
    """A line for every job that ends, and a spinner for those that run."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._plan: Plan
        self._running: dict[str, Job] = {}
        self._total: int | None = None
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def note(self, text: str) -> None:
        """Print something the user should know."""
        self._console.print(f"[yellow]{escape(text)}[/]")

    def planned(self, plan: Plan, to_do: int | None) -> None:
        """Print what is going to be measured."""
        self._plan, self._total = plan, to_do
        done = (plan.total or 0) - (to_do or 0)
        before = f"; {done} done before" if done else ""
        self._console.print(f"[bold]{escape(plan.run)}[/]: {escape(plan.describe())}{before}")

    def started(self, job: Job) -> None:
        """Show the jobs that run."""
        self._running[job.key] = job
        self._show()

    def finished(self, record: Record) -> None:
        """Print how the job ended."""
        self._stop()
        self._count += 1
        self._running.pop(record.key, None)
        line = f"{escape(self._plan.label(record)):<42} {_outcome(record)}"
        self._console.print(f"{self._place(self._count)}{line}", highlight=False)
        if self._running:
            self._show()

    def _show(self) -> None:
        self._stop()
        shown = self._plan.label(next(iter(self._running.values())))
        more = f" and {len(self._running) - 1} more" if len(self._running) > 1 else ""
        self._status = self._console.status(f"{self._place(self._count + 1)}{escape(shown)}{more}")
        self._status.start()

    def _place(self, number: int) -> str:
        return "" if self._total is None else f"{number:>3}/{self._total}  "

    def _stop(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


def _outcome(record: Record) -> str:
    if record.status != "ok":
        return f"[red]{record.status}[/]: {escape(record.error or '')}"
    parts = [f"{'fit':>4} {record.fit_seconds:8.2f} s"]
    quoted = [name for name in RANKING[:2] if name in record.scores]
    scores = [f"{METRICS[name].title} {record.scores[name]:.4f}" for name in quoted]
    memory = [] if record.peak_memory_mb is None else [f"memory {record.peak_memory_mb:,.0f} MiB"]
    return "   ".join([*parts, *(scores or [f"transform {record.transform_seconds:.3g} s", *memory])])
