"""Intervals and ranks of the scores of a leaderboard."""

from __future__ import annotations

from math import isfinite

import numpy as np
import pandas as pd

from benchmark.analysis.columns import GROUP, TASK, dtype_of, score_columns
from benchmark.analysis.statistics import (
    CONFIDENCE,
    Array,
    mean_over_seeds,
    ranks,
    resample,
    row_weights,
    seed_weights,
)
from benchmark.analysis.tables import ended_well
from benchmark.results import Store
from benchmark.scoring import METRICS, Metric
from benchmark.scoring.row_statistics import SLOTS

LEADERBOARD = "leaderboard.csv"
_SUFFIXES = ("_ci_low", "_ci_high", "_best_rank", "_worst_rank")
# With two seeds a t-interval is 12.7 standard errors wide on either side and says nothing.
FEWEST_SEEDS = 3
# Where none of n rows is wrong, at most 3 in n of all are, at 95 % (Hanley & Lippman-Hand 1983, JAMA 249).
_RULE_OF_THREE = 3
_SINGLE_PRECISION = 1e-6


def with_ranks(board: pd.DataFrame, frame: pd.DataFrame, store: Store) -> pd.DataFrame:
    """Return a leaderboard with intervals and ranks of every score, from what the jobs kept of their rows.

    Parameters
    ----------
    board, frame : DataFrame
        A `leaderboard`, and the table of jobs it was made of.
    store : Store
        Holds the arrays of the jobs.

    Returns
    -------
    board : DataFrame
        For a score ``x`` with ``x_ci_low`` and ``x_ci_high``, the ends of a 95 % interval by a bootstrap of
        seeds and test rows; where a job kept no rows, by Student's t over three seeds or more, else NA.
        ``x_best_rank`` and ``x_worst_rank`` are those among the rows of the same task, see `ranks`; NA
        for a baseline, and for all where one of the others kept no rows.
    """
    made = {name: _by_seeds(board, name) for name in score_columns(frame)}
    jobs = ended_well(frame).merge(board[list(GROUP)].reset_index(), on=list(GROUP))
    weights = row_weights(max(len(jobs), 1))
    for _, rows in board.groupby(list(TASK), dropna=False):
        own = jobs[jobs["index"].isin(rows.index)]
        drawn = seed_weights(own["seed"], weights.shape[1])
        found = {
            place: resampled_means(seeds, store, weights, drawn) for place, seeds in own.groupby("index")
        }
        for name in made.keys() & METRICS.keys():
            known = [place for place in rows.index if name in found[place]]
            if known:
                resampled = np.array([found[place][name] for place in known])
                resampled = resampled[:, np.isfinite(resampled).all(axis=0)]
                made[name][:, known] = _by_rows(METRICS[name], board.loc[known], resampled)
            if rows.loc[~rows["baseline"] & rows[name].notna() & ~rows.index.isin(known), name].size:
                made[name][2:, rows.index] = np.nan
    columns = {
        name + end: pd.array(values, "Int64" if end.endswith("rank") else "Float64")
        for name, ends in made.items()
        for end, values in zip(_SUFFIXES, ends, strict=True)
    }
    return pd.concat([board, pd.DataFrame(columns, index=board.index)], axis=1)


def load_leaderboard(store: Store) -> pd.DataFrame:
    """Return ``leaderboard.csv`` of a run, which its report was made of."""
    words = {name: "string" for name in GROUP if dtype_of(name) == "string"}
    return pd.read_csv(store.path / LEADERBOARD, dtype=words, keep_default_na=False, na_values=[""])


def _by_seeds(board: pd.DataFrame, name: str) -> Array:
    """Return the intervals of a score over seeds, and no ranks: an array (4, n) as of `_SUFFIXES`."""
    from scipy.stats import t

    mean, std, count = (_floats(board[name + end]) for end in ("", "_std", "_count"))
    count = np.where(count < FEWEST_SEEDS, np.nan, count)
    ends = np.array(t.interval(CONFIDENCE, count - 1, mean, np.maximum(std, 1e-300) / np.sqrt(count)))
    if name in METRICS:
        ends = ends.clip(METRICS[name].low, METRICS[name].high)
    return np.vstack([ends, np.full_like(ends, np.nan)])


def resampled_means(
    jobs: pd.DataFrame, store: Store, weights: Array, drawn: dict[int, Array]
) -> dict[str, Array]:
    """Return the means over seeds in every resample, by name, of the metrics whose rows every job kept."""
    scores = [resample(load_rows(store, key), weights) for key in jobs["key"]]
    seeds = np.array([drawn[seed] for seed in jobs["seed"]])
    names = set.intersection(*(set(found) for found in scores))
    return {name: mean_over_seeds(np.array([found[name] for found in scores]), seeds) for name in names}


def _by_rows(metric: Metric, rows: pd.DataFrame, resampled: Array) -> Array:
    """Return the intervals and ranks, (4, n), of rows of a task from their resampled scores.

    The width of an interval is that of the resampled scores, about the score: an index of clusters is
    larger, by chance agreement, in resamples than in data, and only its spread is of interest.
    """
    estimates, n_test = _floats(rows[metric.name]), _floats(rows["n_test"])
    centred = resampled - resampled.mean(axis=1, keepdims=True) + estimates[:, None]
    low, high = np.quantile(centred, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=1)
    # Where no resample differs from another, they say nothing of rows that are not there.
    fixed = high - low <= _SINGLE_PRECISION * np.maximum(np.abs(low), np.abs(high))
    bounded = metric.statistic is not None and metric.statistic.is_mean and isfinite(metric.high)
    share = _RULE_OF_THREE / n_test if bounded else np.nan
    margins = np.where(fixed, share * (metric.high - metric.low), 0.0)
    ends = np.clip([low - margins, high + margins], metric.low, metric.high)
    found, ranked = np.full_like(ends, np.nan), ~rows["baseline"].to_numpy(bool)
    sign = 1 if metric.higher_is_better else -1
    found[:, ranked] = ranks(sign * estimates[ranked], sign * resampled[ranked], n_test.min())
    return np.vstack([ends, found])


def _floats(column: pd.Series) -> Array:
    values: Array = column.to_numpy(float, na_value=np.nan)
    return values


def load_rows(store: Store, key: str) -> dict[str, Array]:
    """Return what a job kept of its test rows; nothing where that is missing or damaged."""
    try:
        arrays = store.load_arrays("predictions", key)
    except Exception:  # a damaged file makes parsers raise anything
        return {}
    slots = arrays.get("slots")
    if slots is None or slots.dtype.kind != "u" or slots.ndim != 1 or (slots >= SLOTS).any():
        return {}
    fit = all(array.shape == slots.shape and array.dtype.kind in "biuf" for array in arrays.values())
    return arrays if fit else {}
