"""What a run shows in the terminal."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column

from benchmark.analysis.columns import RANKING
from benchmark.execution.observers import Observer
from benchmark.execution.observers.log import LOG
from benchmark.plan import Plan
from benchmark.plan.estimate import Cost
from benchmark.plan.job import Job
from benchmark.reporting.style import format_seconds
from benchmark.results import Record
from benchmark.scoring import METRICS
from reducers.training.epochs import Epoch


class Terminal(Observer, AbstractContextManager["Terminal"]):
    """A line for every job that ends and, in a terminal, the state of those that run.

    If `quiet`, it prints what the user should know, and nothing else.
    """

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console, self._quiet = console, quiet
        self._plan: Plan
        self._running: dict[str, TaskID] = {}
        self._total: int | None = None
        self._ended: set[str] = set()
        self._took: dict[tuple[object, ...], float] = {}
        label = Column(no_wrap=True, overflow="ellipsis", ratio=1)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False, table_column=label),
            BarColumn(10),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(compact=True),
            console=console,
            # Seen as motion, and next to nothing for the jobs that are timed meanwhile.
            refresh_per_second=2,
            transient=True,
            expand=True,
        )

    def __exit__(self, *error: object) -> None:
        if self._bars.live.is_started:
            self._bars.stop()

    def note(self, text: str) -> None:
        """Print something the user should know."""
        self._console.print(f"[yellow]{escape(text)}[/]")

    def planned(self, plan: Plan, to_do: int | None) -> None:
        """Print what is going to be measured."""
        self._plan, self._total = plan, to_do
        done = (plan.total or 0) - (to_do or 0)
        before = f"; {done} done before" if done else ""
        if not self._quiet:
            self._console.print(f"[bold]{escape(plan.run)}[/]: {escape(plan.describe())}{before}")
            if line := in_words(plan.costs.values()):
                self._console.print(line, highlight=False)

    def started(self, job: Job) -> None:
        """Show the jobs that run, and how long one like it took."""
        took = self._took.get(_work(job))
        self._running[job.key] = self._bars.add_task(
            self._place(job.key, len(self._running)) + self._plan.label(job),
            total=None,
            note="" if took is None else f"took {format_seconds(took)} before",
        )
        if self._console.is_interactive and not self._quiet:
            self._bars.start()

    def trained(self, job: Job, epoch: Epoch) -> None:
        """Show how far the training is; elapsed is the time of the job, remaining that of the epochs."""
        if job.key in self._running:
            note = f"{epoch.number}/{epoch.of} loss {epoch.loss:.3g}"
            self._bars.update(self._running[job.key], completed=epoch.number, total=epoch.of, note=note)

    def finished(self, record: Record) -> None:
        """Print how the job ended."""
        if record.key in self._running:
            self._bars.remove_task(self._running.pop(record.key))
        place = self._place(record.key)
        self._ended.add(record.key)
        if record.status == "ok" and record.job_seconds is not None:
            self._took[_work(record)] = record.job_seconds
        if self._quiet:
            return
        line = _fitting(f"{place}{self._plan.label(record):<31} ", _outcome(record), self._console.width)
        style = None if record.status == "ok" else "red"
        # Names and reasons come from plugins: brackets in them are no markup.
        self._console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)

    def _place(self, key: str, before: int = 0) -> str:
        """Return the place of a job in the run, `before` others at hand; one measured again had its own."""
        number = len(self._ended) + before + 1
        place = "" if self._total is None else f"{number:>3}/{self._total}  "
        # Beyond the total is what an earlier call measured first.
        again = key in self._ended or (self._total is not None and number > self._total)
        return f"{'again':>{max(len(place) - 2, 5)}}  " if again else place


def in_words(costs: Collection[Cost]) -> str:
    """Return in a line what jobs take one after the other, by earlier runs; "" where none tells anything."""
    known = [cost.seconds for cost in costs if cost.seconds is not None]
    scaled = ", some in proportion to rows" if any(cost.by == "rows" for cost in costs) else ""
    unknown = f"; {len(costs) - len(known)} of {len(costs)} jobs unknown" if len(known) < len(costs) else ""
    return f"about {format_seconds(sum(known))} by earlier runs{scaled}{unknown}" if known else ""


def _work(measured: Job | Record) -> tuple[object, ...]:
    """Return what jobs have in common that take about as long as each other: all but the seed."""
    return (measured.reducer, measured.device, repr(sorted(measured.params.items())), measured.n_train,
            measured.n_features)  # fmt: skip


def _fitting(head: str, parts: Sequence[str], width: int) -> str:
    """Return a line without its last parts, where it would be wider than `width`; the first one stays."""
    lines = (head + "  ".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((line for line in lines if cell_len(line) <= width), head + parts[0])


def _outcome(record: Record) -> list[str]:
    if record.status != "ok":
        log = "" if record.status in ("unavailable", "interrupted") else f"; see {LOG}"
        return [f"{record.status}: {record.error or ''}{log}"]
    foreign = record.foreign_cpu if record.timing == "disturbed" else None
    parts = [] if record.fit_seconds is None else [f"fit {format_seconds(record.fit_seconds)}"]
    parts += [] if foreign is None else [f"disturbed ({foreign:.0%})"]
    parts += ["on fitted rows"] if record.scored_on == "fitted" else []
    scores = [name for name in RANKING[:2] if name in record.scores]
    parts += [f"{METRICS[name].title} {METRICS[name].format(record.scores[name])}" for name in scores]
    if not scores and record.transform_seconds is not None:
        parts.append(f"transform {format_seconds(record.transform_seconds)}")
        parts += [] if record.peak_memory_mb is None else [f"memory {record.peak_memory_mb:,.0f} MiB"]
    return parts or [record.status]
