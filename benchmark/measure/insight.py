"""What a code has learned: what its numbers mean, what lies between two codes, what lies near one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Decode = Callable[[np.ndarray], np.ndarray]

MOST_EFFECTS, STEPS, NEIGHBOURS, NEIGHBOURS_OF, WALKS = 10, 8, 6, 4, 2


def effects(decode: Decode, Z: np.ndarray) -> np.ndarray:
    """Return what the first numbers of a code do to what is decoded, shape (min(D, 10), n_features).

    Half the difference between the decoded mean of the codes Z (n, D) with one number a standard deviation
    above, and a standard deviation below. Of principal components these are the loadings.
    """
    mean, moves = Z.mean(axis=0), np.diag(Z.std(axis=0))[:MOST_EFFECTS]
    n = len(moves)
    decoded = np.asarray(decode(np.concatenate([mean + moves, mean - moves]).astype(np.float32)))
    half: np.ndarray = (decoded[:n] - decoded[n:]) / 2
    return half


def walks(decode: Decode, Z: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return what is decoded on straight ways between codes, shape (len(pairs), STEPS, n_features).

    `pairs` (m, 2) are rows of Z.
    """
    share = np.linspace(0, 1, STEPS, dtype=np.float32)[:, None]
    ways = [(1 - share) * Z[a] + share * Z[b] for a, b in pairs]
    decoded = np.asarray(decode(np.concatenate(ways).astype(np.float32)))
    return decoded.reshape(len(pairs), STEPS, -1)


def nearest(Z: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the other rows whose codes are nearest to those of `rows`, shape (len(rows), NEIGHBOURS)."""
    from sklearn.neighbors import NearestNeighbors

    count = min(NEIGHBOURS, len(Z) - 1)
    found = NearestNeighbors(n_neighbors=count + 1).fit(Z).kneighbors(Z[rows], return_distance=False)
    return np.array([[k for k in near if k != row][:count] for row, near in zip(rows, found, strict=True)])


def look_inside(
    Z: np.ndarray, X: Any, picked: np.ndarray, decode: Decode | None, *, images: bool
) -> Mapping[str, np.ndarray]:
    """Return what a report shows of codes Z (n, D) of samples X (n, n_features), as arrays by name.

    `picked` are rows to show; what needs a decoder is left out without, as pictures are without images.
    """
    found: dict[str, np.ndarray] = {}
    if decode is not None:
        found["effects"] = effects(decode, Z).astype(np.float32)
    if images and decode is not None and len(picked) >= 2:
        pairs = picked[: 2 * (min(len(picked) // 2, WALKS))].reshape(-1, 2)
        found["walks"] = walks(decode, Z, pairs).astype(np.float16)
    if images and len(Z) > 1:
        near = nearest(Z, picked[:NEIGHBOURS_OF])
        found["neighbours"] = np.asarray(X[near.ravel()]).reshape(*near.shape, -1).astype(np.float16)
    return found
