"""What the report of a run says: its sections in order, and the figures they show."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmark.analysis.across import differences, scores_by_dataset
from benchmark.analysis.columns import held_out, is_control, varying
from benchmark.reporting import figures
from benchmark.reporting.document import Block, Heading, Items, Paragraph, Picture, Text
from benchmark.reporting.leaderboard import clusterings, device_comparison, leaderboard
from benchmark.reporting.method import method
from benchmark.reporting.over_datasets import DIAGRAM, across
from benchmark.reporting.reducer_sections import failed_jobs, reducers
from benchmark.reporting.report_data import MOST_VIEWS, ReportData
from benchmark.reporting.run_setup import run_setup
from benchmark.reporting.summary import summary
from benchmark.reporting.table_columns import chosen_settings

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
    """The report of a run that compares reducers: what was run, and what came of it on each dataset."""

    data: ReportData
    parts: Sequence[ReportData]

    def drawings(self) -> Iterator[tuple[str, Figure | None]]:
        """Yield the file name of every figure with the figure, or None where there is nothing to draw."""
        scores, _ = scores_by_dataset(self.data.board)
        yield DIAGRAM.file, figures.critical_differences_figure(differences(scores))
        for part in self.parts:
            board, views = part.board[~is_control(part.board)], part.views
            yield part.file("pareto.png"), figures.pareto_figure(held_out(board))
            yield part.file("times.png"), figures.times_figure(board)
            yield part.file("clusterings.png"), figures.clusterings_figure(held_out(board))
            yield part.file("embeddings.png"), figures.embeddings_figure(views)
            yield part.file("reconstructions.png"), figures.reconstructions_figure(views)
            yield part.file("losses.png"), figures.losses_figure(views)
            for view in views:
                yield part.cards[view.name], figures.card_figure(view)

    def blocks(self, drawn: Container[str]) -> list[Block]:
        """Return the document, which shows the figures named in `drawn`."""
        data = self.data
        blocks: list[Block] = [Heading(f"Dimensionality reduction on {data.dataset}", level=1)]
        blocks += [*map(summary, self.parts), Heading("What was run"), *run_setup(data)]
        for part in self.parts:
            blocks += _results(part, drawn)
        if len(self.parts) > 1:
            blocks += [Heading("Over all datasets"), *across(data.board, drawn)]
        blocks += [Heading("Failures"), *failed_jobs(data)]
        return [*blocks, Heading("How each figure was measured"), *method(data)]


def _results(data: ReportData, drawn: Container[str]) -> list[Block]:
    """Return what came of one dataset."""
    of = f": {data.part}" if data.part else ""
    blocks: list[Block] = [Heading(f"Leaderboard{of}"), *leaderboard(data)]
    blocks += _settings(data)
    if data.n_reducers > MOST_VIEWS:
        blocks.append(Paragraph(f"Figures show the {MOST_VIEWS} best ranked reducers."))
    costs, views = ([replace(p, file=data.file(p.file)) for p in ps] for ps in (_COSTS, _VIEWS.values()))
    blocks += [picture for picture in costs if picture.file in drawn]
    if set(data.devices) - {"cpu"}:
        blocks += [Heading(f"CPU beside other devices{of}"), *device_comparison(data)]
    compared = clusterings(data)
    if compared:
        picture = replace(_CLUSTERINGS, file=data.file(_CLUSTERINGS.file))
        blocks += [Heading(f"Clusterings{of}"), *([picture] if picture.file in drawn else []), *compared]
    for title, picture in zip(_VIEWS, views, strict=True):
        blocks += [Heading(f"{title}{of}"), picture] if picture.file in drawn else []
    if not data.board.empty:
        blocks += [Heading(f"Reducers{of}"), *reducers(data, drawn)]
    return blocks


def _settings(data: ReportData) -> list[Block]:
    """Return how settings were chosen, and where they were compared on the test set itself."""
    texts: list[Text] = [*chosen_settings(data.frame)]
    blocks: list[Block] = [Paragraph("Chosen settings:"), Items(texts)] if texts else []
    if "setting" in varying(data.board, ["setting"]):
        text = (
            "Settings of a reducer are compared on the test set itself, so the best of them looks too good."
        )
        blocks.append(Paragraph(f"{text} --select METRIC chooses by training samples that are held out."))
    return blocks
