"""Codes to try metrics and clusterings on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from benchmark.scoring.embedding import PARTS, Embedding

_N, _CLASSES = 240, 4


def make_embeddings() -> dict[str, Embedding]:
    """Return codes of labelled samples, by what is remarkable of them; their arrays are read-only."""
    rng = np.random.default_rng(0)
    y = np.arange(_N) % _CLASSES
    centres: np.ndarray = rng.normal(0, 10, (_CLASSES, 2))
    Z = (centres[y] + rng.normal(size=(_N, 2))).astype(np.float32)
    X = np.float32(0.5) + np.tanh(Z @ rng.normal(0, 0.03, (2, 8)).astype(np.float32)) / np.float32(2)
    R = X + rng.normal(0, 0.01, X.shape).astype(np.float32)
    codes: dict[str, np.ndarray] = {"plain": Z, "tied": np.round(Z / 10), "constant": 0 * Z}
    codes |= {"duplicated": np.repeat(Z[::4], 4, axis=0), "shuffled": rng.permutation(Z)}
    train, test = slice(_N // 2), slice(_N // 2, _N)
    made = {
        name: Embedding(C[train], C[test], y[train], y[test], X[test], R[test], own_clusters=y[test])
        for name, C in codes.items()
    }
    mixed = rng.permutation(R[test])
    made["shuffled"] = replace(
        made["shuffled"], reconstruction_test=mixed, own_clusters=rng.permutation(y[test])
    )
    for embedding in made.values():
        for array in arrays_of(embedding).values():
            array.setflags(write=False)
    return made


def arrays_of(embedding: Embedding) -> dict[str, np.ndarray]:
    """Return the arrays of an embedding by the names of its attributes."""
    return {name: value for name, value in vars(embedding).items() if isinstance(value, np.ndarray)}


def without(embedding: Embedding, part: str) -> Embedding:
    """Return an embedding without one of its parts."""
    lost: dict[str, Any] = {name: False if name == "held_out" else None for name in PARTS[part]}
    return replace(embedding, **lost)
