"""``report.html``: the document of a report as one page, with what moves in it, complete in one file."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.reporting.document import Block, Code, Heading, Strong, Text

if TYPE_CHECKING:
    from bokeh.models import UIElement

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
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    blocks = list(blocks)
    script, elements = _scripts(widgets) if widgets else ("", {})
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    page = environment.get_template("page.html.jinja").render(
        title=next((plain(b.text) for b in blocks if isinstance(b, Heading) and b.level == 1), "Report"),
        blocks=blocks, elements_of=elements, script=script, parts=_parts, ids=_ids(blocks), identity=id,
        kind=lambda block: type(block).__name__, picture=lambda block: _picture_uri(directory / block.file),
        variables={k: v for widget in widgets.values() for k, v in widget.variables.items()},
    )  # fmt: skip
    return f"{page}\n"


def plain(text: Text) -> str:
    """Return a text without what makes parts of it stand out."""
    return "".join(part for _, part in _parts(text))


def image_uri(image: Any, **how: Any) -> str:
    """Return a `PIL.Image.Image` as an address that holds all of it, in WebP."""
    file = io.BytesIO()
    image.save(file, "WEBP", method=4, **how)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"


def _picture_uri(path: Path) -> str:
    from PIL import Image

    with Image.open(path) as image:
        return image_uri(image.convert("RGB"), quality=_QUALITY)


def _scripts(widgets: Mapping[str, Widget]) -> tuple[str, dict[str, dict[str, list[str]]]]:
    """Return the scripts of all widgets, and the elements of each by its name and what they are."""
    from bokeh.embed import components
    from bokeh.resources import Resources

    models = [
        (name, part, model)
        for name, widget in widgets.items()
        for part in ("controls", "panels")
        for model in getattr(widget, part)
    ]
    made, divs = components([model for _, _, model in models])
    script, *divs = _renumbered([made, *divs])
    elements: dict[str, dict[str, list[str]]] = {name: {"controls": [], "panels": []} for name in widgets}
    for (name, part, _), div in zip(models, divs, strict=True):
        elements[name][part].append(div)
    needed = ["bokeh", "bokeh-gl", "bokeh-widgets", "bokeh-tables"]
    return Resources(mode="inline", components=needed).render_js() + script, elements


def _renumbered(texts: Sequence[str]) -> list[str]:
    """Return texts with identifiers in the order in which they come: Bokeh's own differ from page to page."""
    known: dict[str, str] = {}
    return [_IDENTIFIER.sub(lambda found: known.setdefault(found[0], f"id{len(known)}"), t) for t in texts]


def _parts(text: Text) -> Iterator[tuple[str, str]]:
    """Yield the parts of a text and how each stands out, without what cannot be printed or turns around."""
    for part in [text] if isinstance(text, str) else text:
        kind = "b" if isinstance(part, Strong) else "code" if isinstance(part, Code) else ""
        said = str(part if isinstance(part, str) else part.text)
        yield kind, "".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in said)


def _ids(blocks: Iterable[Block]) -> dict[int, str]:
    """Return an anchor for every heading, no two alike, by the identity of the block."""
    found: dict[int, str] = {}
    for block in blocks:
        if isinstance(block, Heading):
            stem = re.sub(r"[^a-z0-9]+", "-", plain(block.text).lower()).strip("-") or "part"
            taken = set(found.values())
            found[id(block)] = stem if stem not in taken else f"{stem}-{len(found)}"
    return found
