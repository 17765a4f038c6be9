"""The sections of the performance report: each measures one thing, and says it in one table.

A section is a module with ``TITLE``, ``HOW`` (a sentence or two), ``measure(quick)``, which returns
JSON-ready figures, and ``rows(figures)``, which makes a table of them.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from targets import Target

NAMES = (
    "roofline", "precision", "peers", "rbm", "pca", "umap", "scoring", "clock", "overhead", "startup", "cuda",
)  # fmt: skip


class Row(NamedTuple):
    """A line of a table: what was measured, beside what, and the target with the value it judges."""

    what: str
    measured: str
    beside: str = ""
    target: Target | None = None
    value: float | None = None


def load(name: str) -> ModuleType:
    """Return the module of a section."""
    return import_module(f"sections.{name}")
