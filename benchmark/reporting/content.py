"""What the report of a run says: its sections in order, and the figures they show."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.analysis.across import differences, scores_by_dataset
from benchmark.analysis.columns import held_out, is_control, varying
from benchmark.reporting import figures
from benchmark.reporting.document import Block, Heading, Items, Live, Paragraph, Picture, Table
from benchmark.reporting.leaderboard import clusterings, device_comparison, leaderboard
from benchmark.reporting.over_datasets import DIAGRAM, across, critical_differences_figure
from benchmark.reporting.page import Widget
from benchmark.reporting.published_figures import published_figures
from benchmark.reporting.reducer_sections import errors_by_class, failed_jobs, reducers
from benchmark.reporting.report_data import MOST_VIEWS, ReportData
from benchmark.reporting.run_setup import method, run_setup
from benchmark.reporting.summary import summary
from benchmark.reporting.table_columns import chosen_settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Below the leaderboard, each under a title of its own.
_VIEWS = (
    ("Embeddings", "embeddings.png", "Test codes of every reducer, coloured by class"),
    ("Confusions", "confusions.png", "Share of each class (row) in each cluster of k-means (column)"),
    ("Reconstructions", "reconstructions.png", "Test images and their reconstructions"),
    ("Training", "losses.png", "Training loss by epoch"),
)


@dataclass(frozen=True)
class RunContent:
    """The report of a run that compares reducers: what was run, and what came of it on each dataset."""

    data: ReportData
    parts: Sequence[ReportData]

    def drawings(self) -> Iterator[tuple[str, Figure | None]]:
        """Yield the file name of every figure with the figure, or None where there is nothing to draw."""
        scores, _ = scores_by_dataset(self.data.board)
        yield DIAGRAM.file, critical_differences_figure(differences(scores))
        for part in self.parts:
            board, views = part.board[~is_control(part.board)], part.views
            yield part.file("pareto.png"), figures.pareto_figure(held_out(board))
            yield part.file("times.png"), figures.times_figure(board)
            yield part.file("clusterings.png"), figures.clusterings_figure(held_out(board))
            yield part.file("embeddings.png"), figures.embeddings_figure(views)
            yield part.file("confusions.png"), figures.confusions_figure(views)
            yield part.file("reconstructions.png"), figures.reconstructions_figure(views)
            yield part.file("losses.png"), figures.losses_figure(views)
            for view in views:
                yield part.cards[view.name], figures.card_figure(view)
                yield part.inside(view.name), figures.inside_figure(view)

    def widgets(self, blocks: Iterable[Block]) -> dict[str, Widget]:
        """Return what moves in the document, by the name of its block."""
        from benchmark.reporting.page.board import board_widget
        from benchmark.reporting.page.explorer import explorer_widget
        from benchmark.reporting.page.shown_samples import Samples
        from benchmark.reporting.page.trade_off import trade_off_widget

        boards = {block.name: block.instead for block in blocks if isinstance(block, Live)}
        found: dict[str, Widget | None] = {}
        for part in self.parts:
            for block in boards.get(part.live("board"), ()):
                found[part.live("board")] = board_widget(block) if isinstance(block, Table) else None
            found[part.live("trade-off")] = trade_off_widget(held_out(part.board[~is_control(part.board)]))
            found[part.live("explorer")] = explorer_widget(part.views, Samples(part.samples))
        return {name: widget for name, widget in found.items() if widget is not None and name in boards}

    def blocks(self, drawn: Container[str]) -> list[Block]:
        """Return the document, which shows the figures named in `drawn`."""
        data = self.data
        blocks: list[Block] = [Heading(f"Dimensionality reduction on {data.dataset}", level=1)]
        blocks += map(summary, self.parts)
        for part in self.parts:
            blocks += _results(part, drawn)
        if len(self.parts) > 1:
            blocks += [Heading("Over all datasets"), *across(data.board, drawn)]
        blocks += [Heading("Failures"), *failed_jobs(data), Heading("What was run"), *run_setup(data)]
        return [*blocks, Heading("How each figure was measured"), *method(data)]


def _results(data: ReportData, drawn: Container[str]) -> list[Block]:
    """Return what came of one dataset."""

    def picture(name: str, caption: str) -> list[Block]:
        file = data.file(name)
        return [Picture(file, caption)] if file in drawn else []

    of = f": {data.part}" if data.part else ""
    blocks: list[Block] = [Heading(f"Leaderboard{of}"), *leaderboard(data), *_settings(data)]
    if data.n_reducers > MOST_VIEWS:
        blocks.append(Paragraph(f"Figures show the {MOST_VIEWS} best ranked reducers."))
    trade_off = picture("pareto.png", "Quality of the codes against training time")
    times = picture("times.png", "Seconds to fit and to transform")
    blocks += [Live(data.live("trade-off"), trade_off), *times]
    if set(data.devices) - {"cpu"}:
        blocks += [Heading(f"CPU beside other devices{of}"), *device_comparison(data)]
    if compared := clusterings(data):
        heat_map = picture("clusterings.png", "NMI of every clustering with the classes, by reducer")
        blocks += [Heading(f"Clusterings{of}"), *heat_map, *compared]
    if published := published_figures(data):
        blocks += [Heading(f"Published and measured{of}"), *published]
    for title, name, caption in _VIEWS:
        if shown := picture(name, caption):
            moves = title == "Embeddings"
            blocks += [Heading(f"{title}{of}"), *([Live(data.live("explorer"), shown)] if moves else shown)]
            blocks += errors_by_class(data.views) if title == "Reconstructions" else []
    if not data.board.empty:
        blocks += [Heading(f"Reducers{of}"), *reducers(data, drawn)]
    return blocks


def _settings(data: ReportData) -> list[Block]:
    """Return how settings were chosen, and where they were compared on the test set itself."""
    blocks: list[Block] = []
    if texts := chosen_settings(data.frame):
        blocks += [Paragraph("Chosen settings:"), Items(texts)]
    if varying(data.board, ["setting"]):
        text = (
            "Settings of a reducer are compared on the test set itself, so the best of them looks too good. "
            "--select METRIC chooses by training samples that are held out."
        )
        blocks.append(Paragraph(text))
    return blocks
