"""The `Embedding`: what the metrics see, and the work that several of them share."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import InputError
from benchmark.scoring.neighbours import NeighbourRanks, neighbour_ranks
from reducers.rows import FloatArray, Rows

IntArray = NDArray[np.int64]
Samples = FloatArray | Rows
Inverse = Callable[[FloatArray], FloatArray]

# What a metric may need, and the attributes that are lost without it.
PARTS = {
    "labels": ("y_test", "y_train"),
    "inputs": ("X_test", "reconstruction_test"),
    "reconstruction": ("reconstruction_test",),
    "clusters": ("own_clusters",),
    "heldout": ("held_out",),
}
N_NEIGHBOURS = 5
MAX_RANKED_POINTS = 5_000
# Of the numbers of clusters that are tried where there are no labels.
MOST_CLUSTERS = 15
_SEARCHED_POINTS, _SILHOUETTE_POINTS = 5_000, 2_000


class Reconstruction:
    """The reconstructions, (n, n_features), of codes `Z`, (n, d), a block at a time when asked for."""

    def __init__(self, inverse_transform: Inverse, Z: FloatArray, n_features: int) -> None:
        self._inverse_transform, self._codes = inverse_transform, Z
        self.shape = (len(Z), n_features)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | NDArray[np.intp]) -> FloatArray:
        return self._inverse_transform(self._codes[rows])


@dataclass(frozen=True, eq=False)
class Embedding:
    """Codes of the training and the test set, with what is needed to judge them.

    Parameters
    ----------
    Z_train, Z_test : array of shape (n_train, d) and (n_test, d)
        Codes, finite; held as float32.
    y_train, y_test : array of shape (n_train,) and (n_test,), optional
        Integer class labels; both or neither.
    X_test : array or Rows of shape (n_test, n_features), optional
        The scaled inputs whose codes are `Z_test`.
    reconstruction_test : array or Reconstruction of shape (n_test, n_features), optional
        Inverse transform of `Z_test`, where the reducer has one.
    own_clusters : array of shape (n_test,), optional
        What the reducer itself puts the test samples into, where it has clusters: whole numbers from 0.
    seed : int
        Seed of every random choice a metric makes.
    n_jobs : int
        Threads the metrics may use; -1 is every core this process may use.
    held_out : bool
        Whether the rows of the test set are others than those that were fitted.

    Raises
    ------
    InputError
        Shapes do not fit together, or values are NaN or infinite.
    """

    Z_train: NDArray[Any]
    Z_test: NDArray[Any]
    y_train: IntArray | None = None
    y_test: IntArray | None = None
    X_test: NDArray[Any] | Rows | None = None
    reconstruction_test: NDArray[Any] | Reconstruction | None = None
    own_clusters: IntArray | None = None
    held_out: bool = True
    seed: int = 0
    n_jobs: int = -1

    def __post_init__(self) -> None:
        for name in ("Z_train", "Z_test", "X_test", "reconstruction_test"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _checked_matrix(name, getattr(self, name)))
        n, X = len(self.Z_test), self.X_test
        _check_shape("Z_test", self.Z_test, n, self.Z_train.shape[1])
        _check_shape("X_test", X, n, None)
        _check_shape("y_train", self.y_train, len(self.Z_train))
        _check_shape("y_test", self.y_test, n)
        _check_shape("own_clusters", self.own_clusters, n)
        _check_shape("reconstruction_test", self.reconstruction_test, n, None if X is None else X.shape[1])
        if (self.y_train is None) != (self.y_test is None):
            raise InputError("An embedding has both y_train and y_test or neither; got one of them.")
        if self.n_jobs != -1 and self.n_jobs < 1:
            raise InputError(f"n_jobs is -1 (every core) or at least 1; got {self.n_jobs}.")

    def has(self, part: str) -> bool:
        """Whether this embedding has one of `PARTS`; ``"heldout"`` are rows that no fit has seen."""
        found = getattr(self, PARTS[part][0])
        return found is not None and found is not False

    @cached_property
    def n_classes(self) -> int:
        """Number of classes in `y_train`; 0 without labels."""
        return 0 if self.y_train is None else len(np.unique(self.y_train))

    @cached_property
    def n_clusters(self) -> int | None:
        """Number of k-means clusters: that of the classes, or without labels the one the codes favour.

        That is the number from 2 to 15 with the largest silhouette, by k-means of at most 5,000 codes;
        None for too few points.
        """
        if self.n_classes:
            return self.n_classes if self.n_classes > 1 else None
        rng = np.random.default_rng(self.seed)
        sample = self.Z_train[rng.permutation(len(self.Z_train))[:_SEARCHED_POINTS]]
        found: dict[int, float] = {}
        for k in range(2, min(MOST_CLUSTERS, len(sample) // 5, len(self.Z_test) // 5) + 1):
            value = self.silhouette(fit_kmeans(sample, k, self.seed, 3)(self.Z_test))
            found |= {} if value is None else {k: value}
        return max(found, key=lambda k: found[k]) if found else None

    @cached_property
    def clusters_test(self) -> IntArray:
        """Cluster of every test point, shape (n_test,), by k-means fitted on the training codes.

        As many clusters as `n_clusters`, the best of 10 k-means++ starts (Arthur & Vassilvitskii 2007).
        """
        return fit_kmeans(self.Z_train, self.n_clusters or 1, self.seed, 10)(self.Z_test)

    def silhouette(self, clusters: IntArray) -> float | None:
        """Return the mean silhouette of clusters of the test set, of at most 2,000 points; None for one."""
        from sklearn.metrics import silhouette_score

        rows = self.test_rows(_SILHOUETTE_POINTS)
        if not 1 < len(np.unique(clusters[rows])) < len(rows):
            return None
        return float(silhouette_score(self.centred[1][rows], clusters[rows]))

    @cached_property
    def centred(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Codes of both parts less the mean, by one scale for all features: those to train on at most 1."""
        mean = self.Z_train.mean(axis=0, dtype=np.float64)
        largest = float(np.abs(self.Z_train - mean).max()) or 1.0
        train, test = (((Z - mean) / largest).astype(np.float32) for Z in (self.Z_train, self.Z_test))
        return train, test

    def test_rows(self, most: int) -> NDArray[np.intp]:
        """Return at most `most` rows of the test set, drawn by `seed`."""
        n = len(self.Z_test)
        if n <= most:
            return np.arange(n)
        return np.random.default_rng(self.seed).choice(n, most, replace=False)

    @cached_property
    def ranked_rows(self) -> NDArray[np.intp]:
        """The test points whose neighbours are ranked: at most 5,000, drawn by `seed`."""
        n = len(self.Z_test)
        return np.random.default_rng(self.seed).choice(n, min(n, MAX_RANKED_POINTS), replace=False)

    @cached_property
    def ranks_test(self) -> NeighbourRanks | None:
        """Neighbour ranks of `ranked_rows` among themselves.

        None without `X_test`, or where there are too few points for the ranks to be normalised.
        """
        rows = self.ranked_rows
        if self.X_test is None or len(rows) <= 2 * N_NEIGHBOURS:
            return None
        return neighbour_ranks(self.X_test[rows], self.Z_test[rows], N_NEIGHBOURS, self.n_jobs)


def fit_kmeans(
    Z: NDArray[Any], n_clusters: int, seed: int, n_init: int
) -> Callable[[NDArray[Any]], IntArray]:
    """Return what assigns codes to the clusters that k-means finds in codes `Z`."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    # A power of two: the clusters stay the same to the bit, and squares of codes cannot overflow.
    largest = max(Z.max(), -Z.min())
    scale = np.float32(2.0) ** np.float32(-np.frexp(largest)[1])
    kmeans = KMeans(n_clusters, n_init=n_init, random_state=seed)
    with warnings.catch_warnings():
        # Codes with fewer distinct points than clusters leave clusters empty: a poor score, no news.
        warnings.simplefilter("ignore", ConvergenceWarning)
        kmeans.fit(Z * scale)
    return lambda codes: np.asarray(kmeans.predict(codes * scale), dtype=np.int64)


def _check_shape(name: str, array: Any, *expected: int | None) -> None:
    shape = np.shape(array)
    wanted = [
        size if size is not None or len(shape) <= axis else shape[axis] for axis, size in enumerate(expected)
    ]
    if array is not None and list(shape) != wanted:
        words = ", ".join("any" if size is None else str(size) for size in expected)
        raise InputError(f"{name} of an embedding must have shape ({words}); got {shape}.")


def _checked_matrix(name: str, values: Any) -> Any:
    if isinstance(values, (Rows, Reconstruction)):
        return values
    matrix = np.ascontiguousarray(values, dtype=np.float32)
    if matrix.ndim != 2 or matrix.size == 0:
        raise InputError(f"{name} of an embedding must be a non-empty 2-D array; got shape {matrix.shape}.")
    if not np.isfinite(matrix).all():
        raise InputError(f"{name} of an embedding must be finite; got NaN or infinite values.")
    return matrix
