"""The `Embedding`: what the metrics see, and the work that several of them share."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import InputError
from benchmark.scoring.blocks import Reconstruction
from benchmark.scoring.neighbours import NeighbourRanks, neighbour_ranks
from reducers.rows import Rows

IntArray = NDArray[np.int64]

PARTS = ("labels", "inputs", "reconstruction")
N_NEIGHBOURS = 5
MAX_RANKED_POINTS = 5_000


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
    seed : int
        Seed of every random choice a metric makes.
    n_jobs : int
        Threads the metrics may use; -1 is every core this process may use.

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
    seed: int = 0
    n_jobs: int = -1

    def __post_init__(self) -> None:
        for name in ("Z_train", "Z_test", "X_test", "reconstruction_test"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _checked_matrix(name, getattr(self, name)))
        self._check_shape("Z_test", (len(self.Z_test), self.Z_train.shape[1]))
        self._check_shape("X_test", (len(self.Z_test), None))
        self._check_shape("y_train", (len(self.Z_train),))
        self._check_shape("y_test", (len(self.Z_test),))
        if (self.y_train is None) != (self.y_test is None):
            raise InputError("An embedding has both y_train and y_test or neither; got one of them.")
        width = None if self.X_test is None else self.X_test.shape[1]
        self._check_shape("reconstruction_test", (len(self.Z_test), width))
        if self.n_jobs != -1 and self.n_jobs < 1:
            raise InputError(f"n_jobs is -1 (every core) or at least 1; got {self.n_jobs}.")

    def has(self, part: str) -> bool:
        """Whether this embedding has ``"labels"``, ``"inputs"`` or ``"reconstruction"``."""
        array = {"labels": self.y_test, "inputs": self.X_test, "reconstruction": self.reconstruction_test}[
            part
        ]
        return array is not None

    @cached_property
    def n_classes(self) -> int:
        """Number of classes in `y_train`; 0 without labels."""
        return 0 if self.y_train is None else len(np.unique(self.y_train))

    @cached_property
    def clusters_test(self) -> IntArray:
        """Cluster of every test point, shape (n_test,), by k-means fitted on the training codes.

        As many clusters as classes, the best of 10 k-means++ starts (Arthur & Vassilvitskii 2007).
        """
        from sklearn.cluster import KMeans
        from sklearn.exceptions import ConvergenceWarning

        # A power of two: the clusters stay the same to the bit, and squares of codes cannot overflow.
        largest = max(self.Z_train.max(), -self.Z_train.min())
        scale = np.float32(2.0) ** np.float32(-np.frexp(largest)[1])
        kmeans = KMeans(self.n_classes, n_init=10, random_state=self.seed)
        with warnings.catch_warnings():
            # Codes with fewer distinct points than classes leave clusters empty: a poor score, no news.
            warnings.simplefilter("ignore", ConvergenceWarning)
            kmeans.fit(self.Z_train * scale)
        return np.asarray(kmeans.predict(self.Z_test * scale), dtype=np.int64)

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

    def _check_shape(self, name: str, expected: tuple[int | None, ...]) -> None:
        array = getattr(self, name)
        if array is None:
            return
        shape = np.shape(array)
        fits = len(shape) == len(expected) and all(
            e in (None, s) for e, s in zip(expected, shape, strict=True)
        )
        if not fits:
            wanted = ", ".join("any" if e is None else str(e) for e in expected)
            raise InputError(f"{name} of an embedding must have shape ({wanted}); got {shape}.")


def _checked_matrix(name: str, values: Any) -> Any:
    if isinstance(values, (Rows, Reconstruction)):
        return values
    matrix = np.ascontiguousarray(values, dtype=np.float32)
    if matrix.ndim != 2 or matrix.size == 0:
        raise InputError(f"{name} of an embedding must be a non-empty 2-D array; got shape {matrix.shape}.")
    if not np.isfinite(matrix).all():
        raise InputError(f"{name} of an embedding must be finite; got NaN or infinite values.")
    return matrix
