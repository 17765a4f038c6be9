"""``reports/<run>/report.md`` with its figures, from ``results/<run>/`` alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.reporting import figures
from benchmark.reporting.answer import answer
from benchmark.reporting.leaderboard import comparison_lines, leaderboard_lines
from benchmark.reporting.method import method_lines
from benchmark.reporting.names import escape
from benchmark.reporting.report import MOST_VIEWS, Report, gather
from benchmark.reporting.sections import failure_lines, reducer_lines, setup_lines
from benchmark.reporting.style import save_figure
from benchmark.results import Store
from benchmark.results.atomic import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FIGURES: dict[str, Callable[[Report], Figure | None]] = {
    "pareto.png": lambda report: figures.pareto_figure(report.board),
    "times.png": lambda report: figures.times_figure(report.board),
    "embeddings.png": lambda report: figures.embeddings_figure(report.views),
    "reconstructions.png": lambda report: figures.reconstructions_figure(report.views),
    "losses.png": lambda report: figures.losses_figure(report.views),
}


def write_report(store: Store, reports_dir: str | Path) -> Path:
    """Write the report of a run and return the path of its ``report.md``.

    Figures stand next to it. Those that an earlier report left and this one does not draw are
    removed; files of other names are not touched.
    """
    report = gather(store)
    directory = Path(reports_dir) / report.run
    directory.mkdir(parents=True, exist_ok=True)
    drawn = set()
    for name, figure in _drawings(report):
        if figure is not None:
            save_figure(figure, directory / name)
            drawn.add(name)
    for old in [*(directory / name for name in _FIGURES), *directory.glob("reducer-*.png")]:
        if old.name not in drawn:
            old.unlink(missing_ok=True)
    path = directory / "report.md"
    write_atomically(path, lambda file: file.write(render(report, drawn).encode()))
    return path


def _drawings(report: Report) -> Iterator[tuple[str, Figure | None]]:
    for name, draw in _FIGURES.items():
        yield name, draw(report)
    for view in report.views:
        yield report.cards[view.name], figures.card_figure(view)


def render(report: Report, drawn: set[str]) -> str:
    """Return the Markdown text, which shows the figures named in `drawn`."""

    def picture(name: str, caption: str) -> list[str]:
        return [f"![{caption}]({name})", ""] if name in drawn else []

    many = report.board["reducer"].nunique() > MOST_VIEWS
    capped = [f"Figures show the {MOST_VIEWS} best ranked reducers.", ""] if many else []
    lines = [f"# Dimensionality reduction on {escape(report.dataset)}", "", answer(report), ""]
    lines += ["## What was run", "", *setup_lines(report)]
    lines += ["## Leaderboard", "", *leaderboard_lines(report), "", *capped]
    lines += picture("pareto.png", "Quality of the codes against training time")
    lines += picture("times.png", "Seconds to fit and to transform")
    if set(report.devices) - {"cpu"}:
        lines += ["## CPU beside other devices", "", *comparison_lines(report), ""]
    for name, title, caption in (
        ("embeddings.png", "Embeddings", "Test codes of every reducer, coloured by class"),
        ("reconstructions.png", "Reconstructions", "Test images and their reconstructions"),
        ("losses.png", "Training", "Training loss by epoch"),
    ):
        lines += [f"## {title}", "", *picture(name, caption)] if name in drawn else []
    if not report.board.empty:
        lines += ["## Reducers", "", *reducer_lines(report, drawn)]
    lines += ["## Failures", "", *failure_lines(report), ""]
    lines += ["## How each figure was measured", "", *method_lines(report)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"
