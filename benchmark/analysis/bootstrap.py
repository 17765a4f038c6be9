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
# So many jobs have all resamples.
_MOST_JOBS = 500


def row_weights(n_jobs: int = 1) -> Array:
    """Return how often each resample holds a test row, (SLOTS, n_resamples), by the row's slot.

    Poisson with mean 1, as of multinomial draws whose number is random (Chamandy et al. 2012, Estimating
    uncertainty for massive data streams). The first holds every row once. Where there are very many jobs,
    there are fewer resamples, so that a report stays a matter of a minute.
    """
    n_resamples = int(np.clip(RESAMPLES * _MOST_JOBS // n_jobs, RESAMPLES // 10, RESAMPLES))
    weights = np.random.default_rng(0).poisson(1.0, (SLOTS, 1 + n_resamples)).astype(np.float32)
    weights[:, 0] = 1
    return weights


def seed_weights(seeds: Iterable[int], n_resamples: int) -> dict[int, Array]:
    """Return the weight of a seed in each resample, (n_resamples,), by seed.

    Standard normal, as of the multiplier bootstrap (Wu 1986, Jackknife, bootstrap and other resampling
    methods, Annals of Statistics 14): a draw of two or three seeds would have too few outcomes.
    """
    ordered = sorted(set(seeds))
    drawn = np.random.default_rng(1).standard_normal((n_resamples, len(ordered)))
    return dict(zip(ordered, drawn.T, strict=True))


def resample(arrays: Mapping[str, Array], weights: Array) -> dict[str, Array]:
    """Return the scores of a job in every resample of its test rows, (n_resamples,), by name.

    `arrays` are those of the kind "predictions"; a metric whose rows were not kept is absent. `weights`
    are those of the rows by slot, (SLOTS, n_resamples).
    """
    from scipy.sparse import csr_array
    from threadpoolctl import threadpool_limits

    slots, labels = arrays.get("slots", np.empty(0, dtype=np.uint16)), arrays.get("labels")
    ones = np.ones(len(slots), dtype=np.float32)
    by_slot = csr_array((ones, (slots, np.arange(len(slots)))), shape=(SLOTS, len(slots)))
    sums: dict[object, tuple[Array, tuple[int, ...]]] = {}
    found = {}
    for metric in METRICS.values():
        statistic, values = metric.statistic, arrays.get(metric.column)
        if statistic is None or values is None or (labels is None and "labels" in metric.needs):
            continue
        key = metric.column, statistic.tabulate
        if key not in sums:
            matrix, shape = statistic.tabulate(values, labels)
            # The product is narrow and bound by memory: BLAS threads slow it down, on a busy machine tenfold.
            with threadpool_limits(1, user_api="blas"):
                sums[key] = ((by_slot @ matrix).T.astype(np.float32) @ weights).T, shape
        found[metric.name] = statistic.scores(*sums[key])
    return found


def mean_over_seeds(scores: Array, drawn: Array) -> Array:
    """Return a mean over seeds in every resample, (n_resamples,).

    The rows vary within every seed. The seeds vary in their scores of all rows, less what of that variance
    is the rows' own: it would count twice.

    Parameters
    ----------
    scores, drawn : ndarray, shape (n_seeds, n_resamples)
        Scores of the resampled rows, the first of all rows, and the weights of the seeds.
    """
    points, means, n = scores[:, 0], scores.mean(axis=0), len(scores)
    variance = points.var(ddof=1) if n > 1 else 0.0
    if not variance > 0:
        return np.asarray(means)
    of_rows = np.nanmean((scores - points[:, None]).var(axis=0, ddof=1))
    share = np.sqrt(max(1 - of_rows / variance, 0) / (n * (n - 1)))
    return np.asarray(means + share * ((points - points.mean()) @ drawn))
