"""What a report is made of: headings, text, tables and pictures, which know no format."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Strong:
    """Words that stand out."""

    text: str


@dataclass(frozen=True)
class Code:
    """A name or a formula, letter by letter."""

    text: str


Inline = str | Strong | Code
Text = str | Sequence[Inline]


@dataclass(frozen=True)
class Heading:
    """A title; level 1 is the document's own, and `short` is what leads to it."""

    text: Text
    level: int = 2
    short: Text = ""


@dataclass(frozen=True)
class Paragraph:
    """Sentences."""

    text: Text


@dataclass(frozen=True)
class Items:
    """A list of points."""

    texts: Sequence[Text]


@dataclass(frozen=True)
class Picture:
    """An image file beside the document, and what it shows."""

    file: str
    caption: str


@dataclass(frozen=True)
class Table:
    """Cells in rows under a header.

    Attributes
    ----------
    header, rows : sequence
    numeric : frozenset of int
        Places of the columns that hold numbers.
    spans : sequence of sequence of Span or None
        The number behind each cell, where columns know it.
    about : sequence of str
        What each column is.
    times : frozenset of int
        Places of the columns that hold seconds, which span decades.
    """

    header: Sequence[Text]
    rows: Sequence[Sequence[Text]]
    numeric: frozenset[int] = frozenset()
    spans: Sequence[Sequence[Span | None]] = ()
    about: Sequence[str] = ()
    times: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Live:
    """Something that moves, by its name; where nothing can, other blocks stand for it."""

    name: str
    instead: Sequence[Block] = ()


Block = Heading | Paragraph | Items | Picture | Table | Live


class Span(NamedTuple):
    """A number, and the ends of its interval where it has one."""

    value: float
    low: float | None = None
    high: float | None = None


class Column(NamedTuple):
    """A column: its header, how its cell is made of a row, the number behind it, what it is, if a time."""

    header: str
    cell: Callable[[Mapping[Any, Any]], Text]
    numeric: bool = True
    span: Callable[[Mapping[Any, Any]], Span | None] = lambda row: None
    about: str = ""
    time: bool = False


def table(rows: Sequence[Mapping[Any, Any]], columns: Sequence[Column]) -> Table:
    """Return the table that has these columns of the rows."""
    return Table(
        header=[column.header for column in columns],
        rows=[[column.cell(row) for column in columns] for row in rows],
        numeric=frozenset(place for place, column in enumerate(columns) if column.numeric),
        spans=[[column.span(row) for column in columns] for row in rows],
        about=[column.about for column in columns],
        times=frozenset(place for place, column in enumerate(columns) if column.time),
    )


def prose(template: str, **values: object) -> list[Inline]:
    """Return a sentence with its ``**strong**`` and ```code``` parts, and a value for every ``{name}``.

    Values enter after the template is taken apart, so nothing in them is markup; one that is a
    list is a run of such parts itself.
    """
    made: list[Inline] = []
    for part in re.split(r"(\*\*.+?\*\*|`.+?`|\{\w+\})", re.sub(r"\s+", " ", template)):
        if part.startswith("**"):
            made.append(Strong(part[2:-2].format(**values)))
        elif part.startswith("`"):
            made.append(Code(part[1:-1].format(**values)))
        elif part.startswith("{"):
            value = values[part[1:-1]]
            made += value if isinstance(value, list) else [str(value)]
        elif part:
            made.append(part)
    return made


def bullets(template: str, **values: object) -> Items:
    """Return the points of a text in which each begins a line with ``- ``; see `prose`."""
    points = re.split(r"^- ", template, flags=re.MULTILINE)[1:]
    return Items([prose(point, **values) for point in points])
