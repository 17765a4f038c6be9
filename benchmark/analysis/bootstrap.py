"""The bootstrap of scores: seeds outside, test rows inside, the same draws for all that is compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.scoring import METRICS
from benchmark.scoring.row_statistics import SLOTS

Array = NDArray[Any]
RESAMPLES = 1_000


def row_weights() -> Array:
    """Return how often each resample holds a test row, (SLOTS, 1 + RESAMPLES), by the row's slot.

    Poisson with mean 1, as of multinomial draws whose number is random (Chamandy et al. 2012, Estimating
    uncertainty for massive data streams). The first holds every row once.
    """
    weights = np.random.default_rng(0).poisson(1.0, (SLOTS, 1 + RESAMPLES)).astype(np.float32)
    weights[:, 0] = 1
    return weights


class Draws:
    """How often each resample holds a seed, and a test row: weights that do not depend on what is compared.

    Parameters
    ----------
    rows : ndarray, shape (SLOTS, n_resamples)
        The weights of rows by their slot, see `row_weights`; a row keeps its own in every seed.
    seeds : iterable of int
        Of S seeds, each resample has S - 1, with which the variance of a mean over seeds comes out unbiased
        (Rao & Wu 1988, Resampling inference with complex survey data, JASA 83); one is always there.
    """

    def __init__(self, rows: Array, seeds: Iterable[int]) -> None:
        self.rows = rows
        rng, n_resamples = np.random.default_rng(1), rows.shape[1]
        ordered = sorted(set(seeds))
        shares = np.full(len(ordered), 1 / len(ordered))
        drawn = rng.multinomial(max(len(ordered) - 1, 1), shares, n_resamples)
        self.seeds = dict(zip(ordered, drawn.T, strict=True))

    def resample(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Return the scores, by name, of a job in every resample of its test rows.

        `arrays` are those of the kind "predictions"; a metric whose rows were not kept is absent.
        """
        from scipy.sparse import csr_array

        if "slots" not in arrays:
            return {}
        slots, labels = arrays["slots"], arrays.get("labels", np.empty(0))
        ones = np.ones(len(slots), dtype=np.float32)
        by_slot = csr_array((ones, (slots, np.arange(len(slots)))), shape=(SLOTS, len(slots)))
        sums: dict[object, tuple[Array, tuple[int, ...]]] = {}
        found = {}
        for metric in METRICS.values():
            statistic, values = metric.statistic, arrays.get(metric.column)
            if statistic is None or values is None:
                continue
            key = metric.column, statistic.tabulate
            if key not in sums:
                matrix, shape = statistic.tabulate(values, labels)
                sums[key] = ((by_slot @ matrix).T.astype(np.float32) @ self.rows).T, shape
            found[metric.name] = statistic.scores(*sums[key])
        return found


def resampled_means(
    n_rows: int, jobs: Iterable[tuple[int, int, Mapping[str, Array]]], draws: Draws
) -> dict[str, Array]:
    """Return the means over seeds in every resample, (n_rows, n_resamples), of the metrics that allow it.

    Parameters
    ----------
    n_rows : int
        Number of configurations.
    jobs : iterable of (row, seed, arrays)
        The configuration and the seed of a job, and its arrays of the kind "predictions".
    draws : Draws

    Returns
    -------
    means : dict of array
        By the name of a metric. NaN where a resample holds no seed of a configuration, and in all of
        its resamples where a job of it kept no rows.
    """
    from threadpoolctl import threadpool_limits

    names = [name for name, metric in METRICS.items() if metric.statistic]
    found: dict[str, list[list[Array]]] = {name: [[] for _ in range(n_rows)] for name in names}
    drawn: list[list[Array]] = [[] for _ in range(n_rows)]
    missing = np.full(draws.rows.shape[1], np.nan)
    for row, seed, arrays in jobs:
        drawn[row].append(draws.seeds[seed])
        # The products are narrow and bound by memory: BLAS threads slow them down, on a busy machine tenfold.
        with threadpool_limits(1, user_api="blas"):
            scores = draws.resample(arrays)
        for name in names:
            found[name][row].append(scores.get(name, missing))
    return {
        name: np.array([_mean(np.array(d), np.array(s)) for d, s in zip(drawn, rows, strict=True)])
        for name, rows in found.items()
    }


def _mean(drawn: Array, scores: Array) -> Array:
    """Return a mean over seeds in every resample, (n_resamples,), from weights and scores (n, n_resamples).

    The rows vary within every seed. The seeds vary in their scores of all rows, less what of that variance
    is the rows' own: it would count twice.
    """
    points, means = scores[:, 0], scores.mean(axis=0)
    variance = points.var(ddof=1) if len(points) > 1 else 0.0
    if not variance > 0:
        return np.asarray(means)
    of_rows = np.nanmean((scores - points[:, None]).var(axis=0, ddof=1))
    with np.errstate(invalid="ignore"):
        varied = points @ drawn / drawn.sum(axis=0) - points.mean()
    return np.asarray(means + np.sqrt(max(1 - of_rows / variance, 0)) * varied)
