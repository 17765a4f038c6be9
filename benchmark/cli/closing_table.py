"""The table a run ends with in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.markup import escape
from rich.table import Table

from benchmark.analysis.columns import RANKING
from benchmark.results import Record
from benchmark.scoring import METRICS

# Nobody reads a longer table.
_MOST_ROWS = 100
# A terminal has no room for every score.
_LEFT_OUT = ("kmeans_accuracy", "continuity")


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
