"""How this documentation is built: ``sphinx-build -W docs build/site``."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "Dimensionality reduction benchmark"
author = "The dimensionality reduction benchmark authors"
release = metadata.version("dimensionality-reduction-benchmark")
extensions = ["myst_nb", "sphinx.ext.autodoc", "numpydoc"]
highlight_language = "none"

myst_heading_anchors = 3
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = -1

add_module_names = False
# scikit-learn makes this method of every transformer whose codes are called Z.
autodoc_default_options = {"exclude-members": "set_inverse_transform_request"}
autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = project
html_sidebars = {"**": ["globaltoc.html"]}
html_show_sourcelink = False
html_theme_options = {"navbar_center": [], "navigation_with_keys": False}

# Pages that show a file of the repository: links to the file lead there.
SHOWN = {
    file: page.name
    for page in Path(__file__).parent.glob("*.md")
    for file in re.findall(r"\A```{include} (\S+)", page.read_text(encoding="utf-8"))
}


def link_to_pages(app: Sphinx, page: str, source: list[str]) -> None:
    """Lead links to a file that is shown here to the page that shows it."""
    for file, shown in SHOWN.items():
        source[0] = source[0].replace(f"]({file})", f"]({shown})")


def setup(app: Sphinx) -> None:
    """Register what this documentation adds to Sphinx."""
    app.connect("source-read", link_to_pages)
