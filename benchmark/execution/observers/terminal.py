"""What a run shows in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from benchmark.analysis.columns import RANKING
from benchmark.plan import Plan
from benchmark.plan.job import Job
from benchmark.results import Record
from benchmark.results import title as title_of
from benchmark.scoring import METRICS

# Nobody reads a longer table.
_MOST_ROWS = 100
# A terminal has no room for every score.
_LEFT_OUT = ("kmeans_accuracy", "continuity")


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


def closing_table(records: Iterable[Record], title: str) -> Table:
    """Return the table a run ends with: one row a job, the best of very many; empty where there is none."""
    tested = (record for record in records if record.part == "test")
    held = sorted(tested, key=lambda r: (r.dataset, *_rank(r), r.reducer, r.device, r.seed))
    table = Table(title=title, title_justify="left", header_style="bold", caption_justify="left")
    if len(held) > _MOST_ROWS:
        table.caption = f"The {_MOST_ROWS} best of {len(held):,} jobs; results.csv holds all."
    table.add_column("reducer", no_wrap=True)
    keys = {"data": [r.dataset for r in held], "device": [r.device for r in held],
            "D": [str(r.params.get("n_components")) for r in held],
            "seed": [str(r.seed) for r in held]}  # fmt: skip
    keys = {label: values for label, values in keys.items() if len(set(values)) > 1}
    for label in keys:
        table.add_column(label)
    # A score that no row has (labels are missing, say) would be an empty column.
    shown = [name for name in METRICS if name not in _LEFT_OUT and any(name in r.scores for r in held)]
    for label in ("fit s", *(METRICS[name].title for name in shown)):
        table.add_column(label, justify="right")
    for place, record in enumerate(held[:_MOST_ROWS]):
        cells = [escape(text) for text in (title_of(record), *(values[place] for values in keys.values()))]
        table.add_row(*cells, *_cells(record, shown), style=None if record.status == "ok" else "dim")
    return table


def _rank(record: Record) -> tuple[float, ...]:
    return tuple(-record.scores.get(name, -1.0) for name in RANKING)


def _cells(record: Record, scores: Sequence[str]) -> list[str]:
    if record.status != "ok":
        return [record.status, *[""] * len(scores)]
    time = "" if record.fit_seconds is None else f"{record.fit_seconds:.2f}"
    return [time, *(METRICS[n].format(record.scores[n]) if n in record.scores else "" for n in scores)]
