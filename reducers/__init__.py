"""Dimensionality reduction behind one interface.

Every method is a :class:`Reducer`, which is a scikit-learn transformer. Make one by name with
:func:`make_reducer`, or import its class from its module; :mod:`reducers.checks` proves one of your own.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from reducers.registry import find_reducers, load_reducer, make_reducer

if TYPE_CHECKING:
    from reducers.base import Reducer
    from reducers.saved import load, save

__all__ = ["Reducer", "find_reducers", "load", "load_reducer", "make_reducer", "save"]


def __getattr__(name: str) -> Any:
    """Import what needs scikit-learn, which takes half a second, only when it is asked for."""
    if name == "Reducer":
        return importlib.import_module("reducers.base").Reducer
    if name in ("load", "save"):
        return getattr(importlib.import_module("reducers.saved"), name)
    if name == "checks":
        return importlib.import_module("reducers.checks")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
