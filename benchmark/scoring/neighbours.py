"""Nearest neighbours in two spaces at once, and the rank each has in the other space."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reducers.rows import FloatArray

_CHUNK_ROWS = 128
# A squared distance below this share of the squares that it is the difference of is mostly rounding, in
# single precision and in double.
_UNSURE, _NOTHING = 2.0**-14, 2.0**-44


class NeighbourRanks(NamedTuple):
    """Ranks (1 is the nearest) of every point's k nearest neighbours in the other space.

    Attributes
    ----------
    inputs_of_codes : array of shape (n, k)
        Rank among the inputs of the k points nearest in the codes.
    codes_of_inputs : array of shape (n, k)
        Rank among the codes of the k points nearest in the inputs.
    """

    inputs_of_codes: FloatArray
    codes_of_inputs: FloatArray


def neighbour_ranks(X: FloatArray, Z: FloatArray, n_neighbours: int, n_jobs: int = -1) -> NeighbourRanks:
    """Return the neighbour ranks of points with inputs `X` (n, n_features) and codes `Z` (n, d).

    Distances are Euclidean. Points at equal distance share the mean of their ranks, so codes that
    collapse to a single point rank like chance and not like a perfect copy; which of them are among the k
    nearest is drawn for every row, as the order of the points may say of what class they are.

    Notes
    -----
    Works on a few rows at a time in each thread: memory is O(n), never the n x n matrix.
    """
    from sklearn.utils.parallel import Parallel, delayed
    from threadpoolctl import threadpool_limits

    X, Z = _centred(X), _centred(Z)
    # Sorting takes longer than multiplying, so the threads share rows and BLAS has one each.
    with threadpool_limits(1, user_api="blas"):
        chunks = Parallel(n_jobs=n_jobs, backend="threading")(
            delayed(_chunk_ranks)(X, Z, slice(start, start + _CHUNK_ROWS), n_neighbours)
            for start in range(0, len(X), _CHUNK_ROWS)
        )
    return NeighbourRanks(*(np.concatenate(ranks) for ranks in zip(*chunks, strict=True)))


def _chunk_ranks(X: FloatArray, Z: FloatArray, rows: slice, k: int) -> tuple[FloatArray, FloatArray]:
    distances_x, distances_z = _squared_distances(X, rows), _squared_distances(Z, rows)
    rng = np.random.default_rng(rows.start)
    inputs_of_codes = _ranks(distances_x, _nearest(distances_z, k, rng))
    codes_of_inputs = _ranks(distances_z, _nearest(distances_x, k, rng))
    return inputs_of_codes, codes_of_inputs


def _centred(X: FloatArray) -> FloatArray:
    """Centre and scale to at most 1: ranks do not change, and float32 neither cancels nor overflows."""
    centred = X - X.mean(axis=0, dtype=np.float64)
    sizes = np.linalg.norm(centred, axis=1)
    far_out = sizes > 8 * np.median(sizes)
    if far_out.any():
        # They have drawn the mean away from all others, whose digits the distance would take.
        centred -= centred[~far_out].mean(axis=0)
    return np.asarray(centred / (np.abs(centred).max() or 1.0), dtype=np.float32)


def _squared_distances(X: FloatArray, rows: slice) -> FloatArray:
    """Return squared distances from `rows` of `X` to all of it; a point's own is infinite."""
    distances, norms = _expanded_squares(X, rows)
    if (distances.min(axis=1) < _UNSURE * norms).any():
        double, norms = _expanded_squares(X.astype(np.float64), rows)
        # Points at the same place are at equal distances.
        double[double < _NOTHING * norms[:, None]] = 0.0
        distances = double.astype(np.float32)
    return distances


def _expanded_squares(X: NDArray[Any], rows: slice) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return ``x x - 2 x y + y y`` for x in `rows` and every y, infinite for x itself, and the ``x x``."""
    norms = np.einsum("ij,ij->i", X, X)
    distances = X[rows] @ X.T
    distances *= -2
    distances += norms
    distances += norms[rows, None]
    own = np.arange(len(distances))
    distances[own, rows.start + own] = np.inf
    return distances, norms[rows]


def _nearest(distances: FloatArray, k: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the k nearest of each row, (n, k), drawn by `rng` from those that are equally far."""
    nearest = np.argpartition(distances, k, axis=1)[:, : k + 1]
    reach = np.take_along_axis(distances, nearest, axis=1)
    limit, nearest = reach[:, :k].max(axis=1), nearest[:, :k]
    tied = np.flatnonzero(limit == reach[:, k])
    if len(tied):
        order = np.sign(distances[tied] - limit[tied, None])
        order += rng.random(order.shape, dtype=np.float32) * (order == 0)
        nearest[tied] = np.argpartition(order, k - 1, axis=1)[:, :k]
    return nearest


def _ranks(distances: FloatArray, columns: NDArray[np.intp]) -> FloatArray:
    """Return the mean rank, in each row of `distances`, of the entries at `columns` (n, k)."""
    ordered = np.sort(distances, axis=1)
    chosen = np.take_along_axis(distances, columns, axis=1)
    pairs = list(zip(ordered, chosen, strict=True))
    nearer = np.array([row.searchsorted(values, "left") for row, values in pairs])
    not_farther = np.array([row.searchsorted(values, "right") for row, values in pairs])
    return np.asarray((nearer + not_farther + 1) / 2, dtype=np.float32)
