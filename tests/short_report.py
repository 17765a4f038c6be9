"""A report that says next to nothing, where a test does not look at it: a real one takes a second."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import TYPE_CHECKING

from benchmark.reporting.document import Block, Heading
from benchmark.results import Store

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from benchmark.reporting.page import Widget


class ShortContent:
    """A heading."""

    def drawings(self) -> Iterator[tuple[str, Figure | None]]:
        return iter(())

    def blocks(self, drawn: Container[str]) -> list[Block]:
        return [Heading("A run", level=1)]

    def widgets(self, blocks: Iterable[Block]) -> dict[str, Widget]:
        return {}


def short_report(store: Store) -> ShortContent:
    """Return the content for `benchmark.execution.runner.run`, in place of that of the run."""
    return ShortContent()
