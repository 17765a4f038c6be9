"""What a scaling run shows in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from benchmark.execution.observers.terminal import TerminalProgress

if TYPE_CHECKING:
    from benchmark.plan.job import Job
    from benchmark.results import Record


class ScalingProgress(TerminalProgress):
    """A line for every point that ends, and a spinner for the one that runs."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._shown = console

    def started(self, job: Job) -> None:
        """Show the point that is measured."""
        width = job.params.get("n_components")
        self._status = self._shown.status(escape(_title(job, job.n_train, job.n_features, width)))
        self._status.start()

    def finished(self, record: Record) -> None:
        """Print how the point ended."""
        self._stop()
        width = record.params.get("n_components")
        title = escape(_title(record, record.n_train, record.n_features, width))
        self._shown.print(f"{title}  {_outcome(record)}", highlight=False)


def _title(job: Job | Record, samples: int | None, features: int | None, width: object) -> str:
    return f"{samples or 0:>11,} x {features or 0:<6,} to {width!s:<4} {job.reducer} on {job.device}"


def _outcome(record: Record) -> str:
    if record.status != "ok":
        return f"[red]{record.status}[/]: {escape(record.error or '')}"
    memory = "" if record.peak_memory_mb is None else f"   memory {record.peak_memory_mb:,.0f} MiB"
    return f"  fit {record.fit_seconds:.3g} s   transform {record.transform_seconds:.3g} s{memory}"
