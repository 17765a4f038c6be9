"""What the report of a run says: its sections in order, and the figures they show."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.reporting import figures
from benchmark.reporting.document import Block, Heading, Paragraph, Picture
from benchmark.reporting.leaderboard import clusterings, device_comparison, leaderboard
from benchmark.reporting.method import method
from benchmark.reporting.reducer_sections import failed_jobs, reducers
from benchmark.reporting.report_data import MOST_VIEWS, ReportData
from benchmark.reporting.run_setup import run_setup
from benchmark.reporting.summary import summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COSTS = (
    Picture("pareto.png", "Quality of the codes against training time"),
    Picture("times.png", "Seconds to fit and to transform"),
)
_CLUSTERINGS = Picture("clusterings.png", "NMI of every clustering with the classes, by reducer")
_VIEWS = {
    "Embeddings": Picture("embeddings.png", "Test codes of every reducer, coloured by class"),
    "Reconstructions": Picture("reconstructions.png", "Test images and their reconstructions"),
    "Training": Picture("losses.png", "Training loss by epoch"),
}


@dataclass(frozen=True)
class RunContent:
    """The report of a run that compares reducers."""

    data: ReportData

    def drawings(self) -> Iterator[tuple[str, Figure | None]]:
        """Yield the file name of every figure with the figure, or None where there is nothing to draw."""
        board, views = self.data.board, self.data.views
        yield "pareto.png", figures.pareto_figure(board)
        yield "times.png", figures.times_figure(board)
        yield "clusterings.png", figures.clusterings_figure(board)
        yield "embeddings.png", figures.embeddings_figure(views)
        yield "reconstructions.png", figures.reconstructions_figure(views)
        yield "losses.png", figures.losses_figure(views)
        for view in views:
            yield self.data.cards[view.name], figures.card_figure(view)

    def blocks(self, drawn: Container[str]) -> list[Block]:
        """Return the document, which shows the figures named in `drawn`."""
        data = self.data
        blocks: list[Block] = [Heading(f"Dimensionality reduction on {data.dataset}", level=1), summary(data)]
        blocks += [Heading("What was run"), *run_setup(data)]
        blocks += [Heading("Leaderboard"), *leaderboard(data)]
        if data.board["reducer"].nunique() > MOST_VIEWS:
            blocks.append(Paragraph(f"Figures show the {MOST_VIEWS} best ranked reducers."))
        blocks += [picture for picture in _COSTS if picture.file in drawn]
        if set(data.devices) - {"cpu"}:
            blocks += [Heading("CPU beside other devices"), *device_comparison(data)]
        compared = clusterings(data)
        if compared:
            shown = [_CLUSTERINGS] if _CLUSTERINGS.file in drawn else []
            blocks += [Heading("Clusterings"), *shown, *compared]
        for title, picture in _VIEWS.items():
            blocks += [Heading(title), picture] if picture.file in drawn else []
        if not data.board.empty:
            blocks += [Heading("Reducers"), *reducers(data, drawn)]
        blocks += [Heading("Failures"), *failed_jobs(data)]
        return [*blocks, Heading("How each figure was measured"), *method(data)]
