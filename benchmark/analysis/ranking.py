"""Intervals and ranks of the scores of a leaderboard."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from benchmark.analysis.bootstrap import Array, Draws, resampled_means, row_weights
from benchmark.analysis.columns import GROUP, TASK, dtype_of, score_columns
from benchmark.analysis.statistics import bootstrap_interval, ranks, t_interval
from benchmark.results import Store
from benchmark.scoring import METRICS, Metric
from benchmark.scoring.row_statistics import SLOTS

if TYPE_CHECKING:
    import pandas as pd

LEADERBOARD = "leaderboard.csv"
_SUFFIXES = ("_ci_low", "_ci_high", "_best_rank", "_worst_rank")
# With two seeds a t-interval is 12.7 standard errors wide on either side and says nothing.
_FEWEST_SEEDS = 3
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
    import pandas as pd

    made = {name: _by_seeds(board, name) for name in score_columns(frame)}
    jobs = frame[frame["status"] == "ok"].merge(board[list(GROUP)].reset_index(), on=list(GROUP))
    weights = row_weights()
    for _, rows in board.groupby(list(TASK), dropna=False):
        places = rows.index.to_numpy()
        for name, resampled in _resampled(places, jobs, store, weights).items():
            sampled = np.isfinite(resampled).any(axis=1)
            if sampled.any():
                own = board.iloc[places[sampled]]
                made[name][:2, places[sampled]] = _intervals(METRICS[name], own, resampled[sampled])
                made[name][2:, places] = _ranks(METRICS[name], rows, resampled)
    columns = {
        name + end: pd.array(values, "Int64" if end.endswith("rank") else "Float64")
        for name, found in made.items()
        for end, values in zip(_SUFFIXES, found, strict=True)
    }
    return pd.concat([board, pd.DataFrame(columns, index=board.index)], axis=1)


def load_leaderboard(store: Store) -> pd.DataFrame:
    """Return ``leaderboard.csv`` of a run, which its report was made of."""
    import pandas as pd

    words = {name: "string" for name in GROUP if dtype_of(name) == "string"}
    return pd.read_csv(store.path / LEADERBOARD, dtype=words, keep_default_na=False, na_values=[""])


def _resampled(places: Array, jobs: pd.DataFrame, store: Store, weights: Array) -> dict[str, Array]:
    """Return the resampled scores of the rows of a board that stand at `places`."""
    own = jobs[jobs["index"].isin(places)]
    listed = ((int(np.searchsorted(places, index)), int(seed), load_rows(store, str(key)))
              for index, seed, key in zip(own["index"], own["seed"], own["key"], strict=True))  # fmt: skip
    return resampled_means(len(places), listed, Draws(weights, own["seed"]))


def _by_seeds(board: pd.DataFrame, name: str) -> Array:
    """Return the intervals of a score over seeds, and no ranks: an array (4, n) as of `_SUFFIXES`."""
    mean, std, count = (floats(board[name + end]) for end in ("", "_std", "_count"))
    ends: Array = np.where(count < _FEWEST_SEEDS, np.nan, t_interval(mean, std, count))
    if name in METRICS:
        ends = ends.clip(METRICS[name].low, METRICS[name].high)
    return np.vstack([ends, np.full_like(ends, np.nan)])


def _intervals(metric: Metric, rows: pd.DataFrame, resampled: Array) -> Array:
    """Return the ends of the intervals of a task's rows, (2, n)."""
    low, high = bootstrap_interval(floats(rows[metric.name]), _complete(resampled))
    # Where no resample differs from another, they say nothing of rows that are not there.
    fixed = high - low <= _SINGLE_PRECISION * np.maximum(np.abs(low), np.abs(high))
    bounded = metric.statistic is not None and metric.statistic.is_mean and isfinite(metric.high)
    share = _RULE_OF_THREE / floats(rows["n_test"]) if bounded else np.nan
    margins = np.where(fixed, share * (metric.high - metric.low), 0.0)
    ends: Array = np.clip([low - margins, high + margins], metric.low, metric.high)
    return ends


def _ranks(metric: Metric, rows: pd.DataFrame, resampled: Array) -> Array:
    """Return the best and the worst rank of a task's rows, (2, n)."""
    found, estimates = np.full((2, len(rows)), np.nan), floats(rows[metric.name])
    ranked = np.isfinite(estimates) & ~rows["baseline"].to_numpy(bool)
    if ranked.any() and np.isfinite(resampled[ranked]).any(axis=1).all():
        sign = 1 if metric.higher_is_better else -1
        values = sign * _complete(resampled[ranked])
        found[:, ranked] = ranks(sign * estimates[ranked], values, floats(rows["n_test"]).min())
    return found


def _complete(resampled: Array) -> Array:
    """Return the resamples in which no row is missing."""
    return resampled[:, np.isfinite(resampled).all(axis=0)]


def floats(column: pd.Series) -> Array:
    """Return the numbers of a column, NaN where there is none."""
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
