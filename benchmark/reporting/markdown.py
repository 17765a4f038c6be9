"""A document as Markdown, in which nothing that comes from data or plugins is markup."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence

from benchmark.reporting.document import Block, Code, Heading, Items, Live, Paragraph, Picture, Strong, Text

_MARKUP = re.compile(r"([\\`*_|\[\]~])")


def render(blocks: Iterable[Block]) -> str:
    """Return the Markdown text of a document."""
    return "\n\n".join(filter(None, map(_block, blocks))) + "\n"


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_line(block.text)}"
    if isinstance(block, Paragraph):
        return _line(block.text)
    if isinstance(block, Items):
        return "\n".join(f"- {_line(text)}" for text in block.texts)
    if isinstance(block, Picture):
        return f"![{escape(block.caption)}]({block.file})"
    if isinstance(block, Live):
        return "\n\n".join(map(_block, block.instead))
    rows = [[_line(cell) for cell in cells] for cells in block.rows]
    return "\n".join(table_lines([_line(cell) for cell in block.header], rows, block.numeric))


def table_lines(
    header: Sequence[str], rows: Sequence[Sequence[str]], numeric: Container[int] = ()
) -> list[str]:
    """Return the lines of a table of cells that are Markdown, with `numeric` columns aligned right."""
    rule = ["---:" if place in numeric else "---" for place in range(len(header))]
    return [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)]


def _line(text: Text) -> str:
    return "".join(map(_inline, [text] if isinstance(text, str) else text)).strip()


def _inline(part: str | Strong | Code) -> str:
    if isinstance(part, Strong):
        return f"**{escape(part.text).strip()}**"
    # What ends a code span or a cell cannot stand within code.
    if isinstance(part, Code) and part.text.isprintable() and not re.search(r"[`|\\]", part.text):
        return f"`{part.text}`"
    return escape(part if isinstance(part, str) else part.text)


def escape(text: object) -> str:
    """Return `text` on one line, with everything Markdown or HTML would act on made literal.

    Characters that cannot be printed, or turn the direction of text, become U+FFFD.
    """
    line = "".join(c if c.isprintable() else "\ufffd" for c in re.sub(r"\s+", " ", str(text)))
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKUP.sub(r"\\\1", line)
