"""What a run shows in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

if TYPE_CHECKING:
    from benchmark.plan.job import Job
    from benchmark.plan.suite_plan import Plan
    from benchmark.results import Record

# Nobody reads a longer table.
_MOST_ROWS = 100
_COLUMNS = (
    ("fit s", "fit_seconds", "{:.2f}"),
    ("NMI", "kmeans_nmi", "{:.3f}"),
    ("ARI", "kmeans_ari", "{:.3f}"),
    ("k-NN", "knn_accuracy", "{:.4f}"),
    ("forest", "forest_accuracy", "{:.4f}"),
    ("linear", "linear_accuracy", "{:.4f}"),
    ("MSE", "reconstruction_mse", "{:.3g}"),
    ("trust.", "trustworthiness", "{:.3f}"),
)


class TerminalProgress:
    """A line for every job that ends, and a spinner for those that run."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._running: dict[str, Job] = {}
        self._total = self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def note(self, text: str) -> None:
        """Print something the user should know."""
        self._console.print(f"[yellow]{escape(text)}[/]")

    def planned(self, plan: Plan, to_do: int) -> None:
        """Print what is going to be measured."""
        data = plan.dataset
        done = len(plan.jobs) - to_do
        self._total = to_do
        self._console.print(
            f"[bold]{escape(plan.run)}[/]: {len(plan.jobs)} jobs on {escape(data.name)} "
            f"({data.n_train:,} training and {data.n_test:,} test samples of {data.n_features} features)"
            + (f"; {done} done before" if done else "")
        )

    def started(self, job: Job) -> None:
        """Show the jobs that run."""
        self._running[job.key] = job
        self._show()

    def finished(self, record: Record) -> None:
        """Print how the job ended."""
        self._stop()
        self._count += 1
        self._running.pop(record.key, None)
        self._console.print(f"{self._count:>3}/{self._total}  {_outcome(record)}", highlight=False)
        if self._running:
            self._show()

    def _show(self) -> None:
        self._stop()
        shown = _title(next(iter(self._running.values())))
        more = f" and {len(self._running) - 1} more" if len(self._running) > 1 else ""
        self._status = self._console.status(f"{self._count + 1}/{self._total}  {escape(shown)}{more}")
        self._status.start()

    def _stop(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


def _title(job: Job | Record) -> str:
    return f"{job.reducer} on {job.device}, seed {job.seed}"


def _outcome(record: Record) -> str:
    title = f"{escape(_title(record)):<42}"
    if record.status != "ok":
        return f"{title} [red]{record.status}[/]: {escape(record.error or '')}"
    parts = [f"{'fit':>4} {record.fit_seconds:8.2f} s"]
    for label, name in (("k-NN", "knn_accuracy"), ("NMI", "kmeans_nmi")):
        if name in record.scores:
            parts.append(f"{label} {record.scores[name]:.4f}")
    return f"{title} " + "   ".join(parts)


def closing_table(records: Iterable[Record], title: str) -> Table:
    """Return the table a run ends with: one row a job, the best of very many; empty where there is none."""
    held = sorted(records, key=lambda r: (-r.scores.get("knn_accuracy", -1.0), r.reducer, r.device, r.seed))
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
    shown = [c for c in _COLUMNS if c[1] == "fit_seconds" or any(c[1] in r.scores for r in held)]
    for label, _, _ in shown:
        table.add_column(label, justify="right")
    for record in held[:_MOST_ROWS]:
        cells = [escape(record.reducer)]
        cells += [escape(record.device)] if len(devices) > 1 else []
        cells += [escape(str(record.params.get("n_components")))] if len(widths) > 1 else []
        cells += [str(record.seed)] if len(seeds) > 1 else []
        table.add_row(*cells, *_cells(record, shown), style=None if record.status == "ok" else "dim")
    return table


def _cells(record: Record, columns: Sequence[tuple[str, str, str]]) -> list[str]:
    if record.status != "ok":
        return [record.status, *[""] * (len(columns) - 1)]
    values = {"fit_seconds": record.fit_seconds, **record.scores}
    return ["" if values.get(name) is None else form.format(values[name]) for _, name, form in columns]
