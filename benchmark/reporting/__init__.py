"""``reports/<run>/report.md`` and ``report.html`` with their figures, from ``results/<run>/`` alone."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from benchmark.analysis.ranking import LEADERBOARD
from benchmark.analysis.scaling import KIND, save_scaling
from benchmark.analysis.tables import save_frame
from benchmark.reporting.content import RunContent
from benchmark.reporting.document import Block
from benchmark.reporting.markdown import render
from benchmark.reporting.page import Widget, render_page
from benchmark.reporting.report_data import gather
from benchmark.reporting.scaling_content import ScalingContent
from benchmark.reporting.style import save_figure
from benchmark.results import Store
from benchmark.results.atomic import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Content", "ContentOf", "content_of", "write_report"]


class Content(Protocol):
    """What a report says."""

    def drawings(self) -> Iterator[tuple[str, Figure | None]]:
        """Yield the file name of each figure with the figure, or None where there is nothing to draw."""

    def blocks(self, drawn: Container[str]) -> list[Block]:
        """Return the document, which shows the figures that are named in `drawn`."""

    def widgets(self, blocks: Iterable[Block]) -> Mapping[str, Widget]:
        """Return what moves in the document, by the name of its `Live` block."""


ContentOf = Callable[[Store], Content]


def write_report(store: Store, reports_dir: str | Path, contents: ContentOf | None = None) -> Path:
    """Write the report of a run, of whatever kind it is; return the path of its ``report.md``.

    ``report.html`` beside it says the same, moves, and needs no other file. Figures stand next to them.
    Those that an earlier report left and this one does not draw are removed; files of other names are not
    touched. ``leaderboard.csv``, or the tables of a scaling run, are written beside the results.
    """
    content = (contents or content_of)(store)
    directory = Path(reports_dir) / store.run
    directory.mkdir(parents=True, exist_ok=True)
    drawn, missing = set(), set()
    for file, figure in content.drawings():
        if figure is None:
            missing.add(file)
        else:
            save_figure(figure, directory / file)
            drawn.add(file)
    for old in [*(directory / file for file in missing), *directory.glob("reducer-*.png")]:
        if old.name not in drawn:
            old.unlink(missing_ok=True)
    blocks = content.blocks(drawn)
    page = render_page(blocks, directory, content.widgets(blocks))
    write_atomically(directory / "report.html", lambda file: file.write(page.encode()))
    path = directory / "report.md"
    write_atomically(path, lambda file: file.write(render(blocks).encode()))
    return path


def content_of(store: Store) -> RunContent | ScalingContent:
    """Return what the report of a run says; the tables that it is made of are written on the way."""
    if store.facts().get("kind") != KIND:
        data = gather(store)
        save_frame(store, data.board, LEADERBOARD)
        names = sorted(data.frame["dataset"].dropna().unique())
        return RunContent(data, [gather(store, name) for name in names] if len(names) > 1 else [data])
    points, exponents = save_scaling(store)
    return ScalingContent(gather(store), points, exponents)
