"""What a run shows in the terminal."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from benchmark.analysis.columns import RANKING
from benchmark.execution.observers import Epoch
from benchmark.execution.observers.log import LOG
from benchmark.plan import Plan
from benchmark.plan.job import Job
from benchmark.reporting.style import format_seconds
from benchmark.results import Record
from benchmark.scoring import METRICS

# Nobody reads a longer table.
_MOST_ROWS = 100
# A terminal has no room for every score.
_LEFT_OUT = ("kmeans_accuracy", "continuity")
_BAR = 20


class Terminal:
    """A line for every job that ends and, in a terminal, the state of those that run.

    Parameters
    ----------
    console : rich.console.Console
    quiet : bool
        Print what the user should know, and nothing else.
    """

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console, self._quiet = console, quiet
        self._plan: Plan
        self._running: dict[str, _Running] = {}
        self._total: int | None = None
        self._ended: set[str] = set()
        self._took: dict[tuple[object, ...], float] = {}
        # Two looks a second are seen as motion, and cost the jobs that are timed next to nothing.
        self._live = Live(console=console, get_renderable=self._state, refresh_per_second=2, transient=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

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

    def started(self, job: Job) -> None:
        """Show the jobs that run."""
        self._running[job.key] = _Running(job, time.monotonic())
        if self._console.is_interactive and not self._quiet:
            self._live.start()

    def trained(self, job: Job, epoch: Epoch) -> None:
        """Show how far the training is."""
        if job.key in self._running:
            self._running[job.key].see(epoch, time.monotonic())

    def finished(self, record: Record) -> None:
        """Print how the job ended."""
        self._running.pop(record.key, None)
        again = record.key in self._ended
        self._ended.add(record.key)
        if record.status == "ok" and record.job_seconds is not None:
            self._took[_work(record)] = record.job_seconds
        if self._quiet:
            return
        place = self._place(len(self._ended))
        place = f"{'again':>{max(len(place) - 2, 5)}}  " if again else place
        line = _fitting(f"{place}{self._plan.label(record):<31} ", _outcome(record), self._console.width)
        style = None if record.status == "ok" else "red"
        # Names and reasons come from plugins: brackets in them are no markup.
        self._console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)

    def _place(self, number: int) -> str:
        return "" if self._total is None else f"{number:>3}/{self._total}  "

    def _state(self) -> RenderableType:
        """Return one line, or two, on what runs: job, elapsed and remaining time, epoch and loss."""
        running = list(self._running.values())
        if not running:
            return ""
        first, more = running[0], f" and {len(running) - 1} more" if len(running) > 1 else ""
        table = Table.grid(Column(no_wrap=True, ratio=1), Column(no_wrap=True), expand=True, padding=(0, 1))
        label = self._place(len(self._ended) + 1) + self._plan.label(first.job) + more
        table.add_row(Text(label), first.times(time.monotonic(), self._took.get(_work(first.job))))
        if first.epoch:
            table.add_row(Text(first.progress()))
        return table


@dataclass
class _Running:
    """A job that runs since `begun`: its last epoch, and the first one seen of the same stage."""

    job: Job
    begun: float
    epoch: Epoch = field(default_factory=dict)
    seen: float = 0.0
    first: tuple[int, float] = (0, 0.0)

    def see(self, epoch: Epoch, now: float) -> None:
        same = self.epoch and epoch.get("stage") == self.epoch.get("stage")
        if not same or epoch["epoch"] < self.epoch["epoch"]:
            self.first = epoch["epoch"], now
        self.epoch, self.seen = epoch, now

    def times(self, now: float, took: float | None) -> str:
        """Return the elapsed time, and how long a job like it took, or when the last epoch should come."""
        elapsed = _clock(now - self.begun)
        number, at = self.first
        if took is not None:
            return f"{elapsed} of about {_clock(took)}"
        if not self.epoch or self.epoch["epoch"] == number:
            return elapsed
        rate = (self.seen - at) / (self.epoch["epoch"] - number)
        left = rate * (self.epoch["epochs"] - self.epoch["epoch"]) - (now - self.seen)
        return f"{elapsed}, {_clock(max(left, 0.0))} to epoch {self.epoch['epochs']}"

    def progress(self) -> str:
        """Return a bar, the stage, the epoch and the loss."""
        number, epochs = self.epoch["epoch"], self.epoch["epochs"]
        full = _BAR * number // max(epochs, 1)
        stage = f"{self.epoch['stage']}, " if self.epoch.get("stage") else ""
        bar = "━" * full + "┄" * (_BAR - full)
        return f"{bar}  {stage}epoch {number}/{epochs}, loss {self.epoch['loss']:.4g}"


def _work(measured: Job | Record) -> tuple[object, ...]:
    """Return what jobs have in common that take about as long as each other: all but the seed."""
    return (measured.reducer, measured.device, repr(sorted(measured.params.items())), measured.n_train,
            measured.n_features)  # fmt: skip


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _fitting(head: str, parts: Sequence[str], width: int) -> str:
    """Return a line without its last parts, where it would be wider than `width`; the first one stays."""
    lines = (head + "  ".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((line for line in lines if cell_len(line) <= width), head + parts[0])


def _outcome(record: Record) -> list[str]:
    if record.status != "ok":
        return [f"{record.status}: {record.error or ''}; see {LOG}"]
    foreign = record.foreign_cpu if record.timing == "disturbed" else None
    disturbed = "" if foreign is None else f", disturbed ({foreign:.0%})"
    parts = [] if record.fit_seconds is None else [f"fit {format_seconds(record.fit_seconds)}{disturbed}"]
    scores = [name for name in RANKING[:2] if name in record.scores]
    if scores or record.transform_seconds is None:
        return [*parts, *(f"{METRICS[n].title} {METRICS[n].format(record.scores[n])}" for n in scores)] or [
            ""
        ]
    memory = [] if record.peak_memory_mb is None else [f"memory {record.peak_memory_mb:,.0f} MiB"]
    return [*parts, f"transform {format_seconds(record.transform_seconds)}", *memory]


def closing_table(records: Iterable[Record], title: str) -> Table:
    """Return the table a run ends with: one row a job, the best of very many; empty where there is none."""
    held = sorted(records, key=lambda r: (*_rank(r), r.reducer, r.device, r.seed))
    devices = {r.device for r in held}
    seeds = {r.seed for r in held}
    widths = {str(r.params.get("n_components")) for r in held}
    table = Table(title=title, title_justify="left", header_style="bold", caption_justify="left")
    if len(held) > _MOST_ROWS:
        table.caption = f"The {_MOST_ROWS} best of {len(held):,} jobs; results.csv holds all."
    table.add_column("reducer", no_wrap=True)
    for label, several in (("device", len(devices) > 1), ("D", len(widths) > 1), ("seed", len(seeds) > 1)):
        if several:
            table.add_column(label)
    # A score that no row has (labels are missing, say) would be an empty column.
    shown = [name for name in METRICS if name not in _LEFT_OUT and any(name in r.scores for r in held)]
    for label in ("fit s", *(METRICS[name].title for name in shown)):
        table.add_column(label, justify="right")
    for record in held[:_MOST_ROWS]:
        cells = [escape(record.reducer)]
        cells += [escape(record.device)] if len(devices) > 1 else []
        cells += [escape(str(record.params.get("n_components")))] if len(widths) > 1 else []
        cells += [str(record.seed)] if len(seeds) > 1 else []
        table.add_row(*cells, *_cells(record, shown), style=None if record.status == "ok" else "dim")
    return table


def _rank(record: Record) -> tuple[float, ...]:
    return tuple(-record.scores.get(name, -1.0) for name in RANKING)


def _cells(record: Record, scores: Sequence[str]) -> list[str]:
    if record.status != "ok":
        return [record.status, *[""] * len(scores)]
    time = "" if record.fit_seconds is None else f"{record.fit_seconds:.2f}"
    return [time, *(METRICS[n].format(record.scores[n]) if n in record.scores else "" for n in scores)]
