"""The few statistics there are: a bootstrap, ranks that can be told, tests of pairs, and the Pareto front.

The bootstrap has seeds outside and test rows inside, with the same draws for all that is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.errors import InputError
from benchmark.scoring import METRICS
from benchmark.scoring.row_statistics import SLOTS

Array = NDArray[Any]
CONFIDENCE = 0.95
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


def ranks(estimates: Array, resampled: Array, n_rows: float) -> tuple[Array, Array]:
    """Return the best and the worst rank that each of several scores can have, higher being better.

    Two scores are told apart where the interval of their difference leaves out 0, at 95 % for all pairs
    together (Holm 1979, A simple sequentially rejective multiple test procedure): the best is chosen by the
    same data, so it was compared with all. A score has at best the rank behind all that are told to be
    higher, at worst that before all that are told to be lower.

    Parameters
    ----------
    estimates : ndarray, shape (n,)
    resampled : ndarray, shape (n, n_resamples)
        The scores in resamples that are the same for all, so that differences are paired.
    n_rows : float
        Number of test rows. They tell no more apart than as many equal signs would.

    Returns
    -------
    best, worst : ndarray of int, shape (n,)
    """
    from scipy.stats import norm

    covariance = np.atleast_2d(np.cov(resampled))
    variance = np.diag(covariance)[:, None] + np.diag(covariance) - 2 * covariance
    difference = estimates[:, None] - estimates
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.nan_to_num(np.abs(difference) / np.sqrt(np.maximum(variance, 0)), posinf=np.inf)
    pairs = np.triu_indices(len(estimates), 1)
    p = 2 * norm.sf(np.minimum(z, np.sqrt(n_rows))[pairs])
    apart = np.zeros_like(z, dtype=bool)
    apart[pairs] = holm(p) <= 1 - CONFIDENCE
    higher = (apart | apart.T) & (difference > 0)
    return 1 + higher.sum(axis=0), len(estimates) - higher.sum(axis=1)


def signed_rank_p(differences: Array) -> float:
    """Return the two-sided p of Wilcoxon's signed-rank test, exact with ties and zeros too.

    Zeros have ranks and no sign. SciPy takes a second for a dozen differences with ties, and approximates
    those of more.
    """
    from scipy.stats import rankdata

    # Ranks of ties are halves.
    ranks = (2 * rankdata(np.abs(differences))).astype(int)[differences != 0]
    chance = np.ones(1)
    for rank in ranks:
        chance = (np.pad(chance, (0, rank)) + np.pad(chance, (rank, 0))) / 2
    positive = int(ranks[differences[differences != 0] > 0].sum())
    return min(1.0, 2 * float(chance[: min(positive, ranks.sum() - positive) + 1].sum()))


def holm(p: Array) -> Array:
    """Return p values corrected for being several (Holm 1979), in their order."""
    order = np.argsort(p)
    corrected = np.empty(len(p))
    corrected[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)).clip(max=1)
    return corrected


def pareto_front(cost: ArrayLike, value: ArrayLike) -> NDArray[np.bool_]:
    """Return which points no other point beats: none is at least as cheap and as good, and better in one.

    Parameters
    ----------
    cost, value : array-like, shape (n,)
        Lower cost and higher value are better; a point with a NaN is never on the front.

    Returns
    -------
    mask : ndarray of bool, shape (n,)
        Equal points are all on the front, or none is.

    Raises
    ------
    InputError
        The two are not of the same length.
    """
    costs, values = np.asarray(cost, dtype=np.float64), np.asarray(value, dtype=np.float64)
    if costs.ndim != 1 or costs.shape != values.shape:
        raise InputError(
            f"A Pareto front needs a cost and a value a point; got shapes {costs.shape} and {values.shape}."
        )
    beaten = [
        ((costs <= c) & (values >= v) & ((costs < c) | (values > v))).any()
        for c, v in zip(costs, values, strict=True)
    ]
    front: NDArray[np.bool_] = ~(np.isnan(costs) | np.isnan(values) | np.array(beaten, dtype=bool))
    return front
