"""Dimensionality reduction behind one interface.

Every method is a :class:`~reducers.base.Reducer`, which is a scikit-learn transformer. Make one by
name with :func:`make_reducer`, or import its class from its module.
"""

from __future__ import annotations

from reducers.registry import find_reducers, load_reducer, make_reducer

__all__ = ["find_reducers", "load_reducer", "make_reducer"]
