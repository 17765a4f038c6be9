"""Scores that follow from one value of every test row: through sums, so that rows can be weighted anew."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
SLOTS = 2**12
_ROWS_AT_ONCE = 1_024


@dataclass(frozen=True)
class RowStatistic:
    """How a score follows from one value a test row.

    Attributes
    ----------
    tabulate : callable
        Takes values and labels, both (n,), and returns what adds up over the rows, a matrix (n, q), sparse
        or not, and the shape of its sums, of q entries.
    finish : callable
        Takes sums, (b, *shape), and returns scores, (b,).
    is_mean : bool
        The score is a mean over the rows of something within the range of the score.
    """

    tabulate: Callable[[Array, Any], tuple[Any, tuple[int, ...]]]
    finish: Callable[[Array], Array]
    is_mean: bool = False

    def __call__(self, values: Array, labels: Array | None) -> float:
        """Return the score of all rows."""
        matrix, shape = self.tabulate(values, labels)
        return float(self.scores(matrix.sum(axis=0), shape)[0])

    def scores(self, sums: Array, shape: tuple[int, ...]) -> Array:
        """Return the score, (b,), of each of the sums, (b, q); NaN where no row was drawn."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.finish(np.asarray(sums, dtype=np.float64).reshape(-1, *shape))


def row_slots(X: Any) -> NDArray[np.uint16]:
    """Return a number below `SLOTS` for every row of `X` (n, n_features), drawn by its content.

    A test row has the same one in every job, whatever the seed put beside it. Rows that share one by chance
    are weighted alike, which leaves a bootstrap valid: it resamples small groups of rows drawn at random.
    """
    blocks = (np.ascontiguousarray(X[i : i + _ROWS_AT_ONCE]) for i in range(0, len(X), _ROWS_AT_ONCE))
    checksums = [zlib.crc32(row.tobytes()) % SLOTS for block in blocks for row in block]
    return np.array(checksums, dtype=np.uint16)


def _values(values: Array, _: object) -> tuple[Array, tuple[int, ...]]:
    known = np.isfinite(values)
    return np.column_stack([np.where(known, values, 0.0), known]), (2,)


def _hits(predictions: Array, labels: Array) -> tuple[Array, tuple[int, ...]]:
    return np.column_stack([predictions == labels, np.ones(len(labels))]), (2,)


def _cells(clusters: Array, labels: Array) -> tuple[Any, tuple[int, ...]]:
    """Return the cell of every row in the table of classes by clusters, as a sparse matrix of ones."""
    from scipy.sparse import csr_array

    rows = np.flatnonzero(clusters >= 0)
    (classes, label), (found, cluster) = (np.unique(a[rows], return_inverse=True) for a in (labels, clusters))
    shape = len(classes), len(found)
    cells = label * shape[1] + cluster
    return csr_array((np.ones(len(rows)), (rows, cells)), shape=(len(clusters), shape[0] * shape[1])), shape


def _mean(sums: Array) -> Array:
    return np.asarray(sums[:, 0] / sums[:, 1])


def _nmi(tables: Array) -> Array:
    from scipy.special import entr

    shares = tables / tables.sum(axis=(1, 2), keepdims=True)
    separate = entr(shares.sum(2)).sum(1) + entr(shares.sum(1)).sum(1)
    shared = np.maximum(separate - entr(shares).sum((1, 2)), 0)
    return np.where(separate > 0, 2 * shared / separate, 1.0)


def _ari(tables: Array) -> Array:
    n = tables.sum(axis=(1, 2))
    same = (tables**2).sum(axis=(1, 2))
    classes, clusters = ((tables.sum(axis) ** 2).sum(1) for axis in (2, 1))
    # Pairs of rows: together in both, in the clusters alone, in the classes alone, in neither.
    both, first, second = same - n, clusters - same, classes - same
    neither = n**2 - first - second - same
    index = 2 * (both * neither - first * second)
    scale = (both + first) * (first + neither) + (both + second) * (second + neither)
    return np.where(first + second > 0, index / scale, 1.0)


def _matched(tables: Array) -> Array:
    from scipy.optimize import linear_sum_assignment

    best = [table[linear_sum_assignment(table, maximize=True)].sum() for table in tables]
    return np.asarray(best / tables.sum(axis=(1, 2)))


# Of values that are part of the score, of predicted classes, and of clusters (below 0: not looked at).
MEAN = RowStatistic(_values, _mean, is_mean=True)
ACCURACY = RowStatistic(_hits, _mean, is_mean=True)
NMI = RowStatistic(_cells, _nmi)
ARI = RowStatistic(_cells, _ari)
MATCHED_ACCURACY = RowStatistic(_cells, _matched, is_mean=True)
