"""``report.html``: the document of a report as one page, with what moves in it, complete in one file."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.reporting.document import Block, Code, Heading, Inline, Strong, Text

if TYPE_CHECKING:
    from bokeh.models import UIElement
    from jinja2 import Template

_TEMPLATES = Path(__file__).parent
# Legible on white and on black, as plots have one look for both: text, lines, and points that say nothing.
MUTED, LINE, NEUTRAL = "#7b8494", "#8a93a3", "#94a4a2"
# Of every control, in light and in dark.
INPUT = ":host { color: var(--ink); } .bk-input { background-color: #fff; color: #22252b; }"
_IDENTIFIER = re.compile(r'(?<=")p\d{4,}(?=")|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}')
_QUALITY = 70  # of a figure, which is drawn anew as WebP


@dataclass(frozen=True)
class Widget:
    """Something that moves.

    Attributes
    ----------
    panels, controls : sequence of UIElement
        What is shown side by side, as far as there is room; what it is ruled by, above.
    variables : dict of str
        CSS variables that the panels use.
    """

    panels: Sequence[UIElement]
    controls: Sequence[UIElement] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


def render_page(blocks: Iterable[Block], directory: Path, widgets: Mapping[str, Widget]) -> str:
    """Return a document as HTML that needs no other file and no network.

    Parameters
    ----------
    blocks : iterable of Block
    directory : path
        Holds the pictures.
    widgets : mapping
        What takes the place of a `Live` block, by its name.
    """
    blocks = list(blocks)
    places = {name: f"w{place}" for place, name in enumerate(widgets)}
    script, divs = _scripts({places[name]: widget for name, widget in widgets.items()})
    title = next((plain(b.text) for b in blocks if isinstance(b, Heading) and b.level == 1), "Report")
    page: str = _template().render(
        title=title, blocks=blocks, places=places, divs=divs, script=script, parts=_parts, kind=_kind,
        ids=_ids(blocks), identity=id, picture=lambda block: picture_uri(directory / block.file),
        variables={k: v for widget in widgets.values() for k, v in widget.variables.items()},
    )  # fmt: skip
    return f"{page}\n"


def plain(text: Text) -> str:
    """Return a text without what makes parts of it stand out."""
    return "".join(part for _, part in _parts(text))


def picture_uri(path: Path) -> str:
    """Return a figure as an address that holds all of it."""
    from PIL import Image

    with Image.open(path) as image:
        return image_uri(image.convert("RGB"), quality=_QUALITY)


def image_uri(image: Any, **how: Any) -> str:
    """Return a `PIL.Image.Image` as an address that holds all of it, in WebP."""
    file = io.BytesIO()
    image.save(file, "WEBP", method=4, **how)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"


def _scripts(widgets: Mapping[str, Widget]) -> tuple[str, dict[str, dict[str, list[str]]]]:
    """Return the scripts of all widgets, and the elements of each; nothing where there are none."""
    if not widgets:
        return "", {}
    from bokeh.embed import components
    from bokeh.resources import Resources

    parts = {
        (place, part, number): model
        for place, widget in widgets.items()
        for part in ("controls", "panels")
        for number, model in enumerate(getattr(widget, part))
    }
    script, divs = components({"-".join(map(str, key)): model for key, model in parts.items()})
    script, divs = _renumbered(script, divs)
    elements: dict[str, dict[str, list[str]]] = {p: {"controls": [], "panels": []} for p in widgets}
    for place, part, number in parts:
        elements[place][part].append(divs[f"{place}-{part}-{number}"])
    needed = ["bokeh", "bokeh-gl", "bokeh-widgets", "bokeh-tables"]
    return Resources(mode="inline", components=needed).render_js() + script, elements


def _renumbered(script: str, divs: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return both with identifiers in the order in which they come: Bokeh's own differ from page to page."""
    known: dict[str, str] = {}

    def stable(found: re.Match[str]) -> str:
        return known.setdefault(found[0], f"id{len(known)}")

    return _IDENTIFIER.sub(stable, script), {k: _IDENTIFIER.sub(stable, div) for k, div in divs.items()}


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("page.html.jinja")


def _kind(block: Block) -> str:
    return type(block).__name__


def _parts(text: Text) -> Iterator[tuple[str, str]]:
    parts: Sequence[Inline] = [text] if isinstance(text, str) else text
    for part in parts:
        kind = "b" if isinstance(part, Strong) else "code" if isinstance(part, Code) else ""
        yield kind, _printable(part if isinstance(part, str) else part.text)


def _printable(text: object) -> str:
    """Return text without what cannot be printed, or turns its direction."""
    return "".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in str(text))


def _ids(blocks: Iterable[Block]) -> dict[int, str]:
    """Return an anchor for every heading, no two alike, by the identity of the block."""
    found: dict[int, str] = {}
    for block in blocks:
        if isinstance(block, Heading):
            stem = re.sub(r"[^a-z0-9]+", "-", plain(block.text).lower()).strip("-") or "part"
            taken = set(found.values())
            found[id(block)] = stem if stem not in taken else f"{stem}-{len(found)}"
    return found
