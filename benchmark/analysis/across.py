"""Reducers compared over several datasets: by their ranks, since scores of different data have no mean."""

from __future__ import annotations

from math import comb
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmark.analysis.columns import RANKING, TASK, is_control, leading_metrics, of_one_task
from benchmark.analysis.statistics import CONFIDENCE, holm, signed_rank_p
from benchmark.scoring import METRICS, Metric

# With fewer datasets no test over them can say anything (Demšar 2006 advises more than ten).
FEWEST_DATASETS = 5
_FEWEST_REDUCERS = 3
# What differs beyond these decimals differs by rounding alone.
_DIGITS = 9


class Differences(NamedTuple):
    """What datasets, each counted once, tell of the scores of reducers.

    Attributes
    ----------
    ranks : Series
        Mean rank over the datasets, by reducer; the best first.
    friedman : float
        p that ranks as different as these come from reducers that are alike (Friedman 1937).
    pairs : DataFrame
        p of every pair by Wilcoxon's signed-rank test, after Holm's correction (Demšar 2006, Statistical
        comparisons of classifiers over multiple data sets, JMLR 7); 1 for all where Friedman's test tells
        nothing apart.
    """

    metric: Metric
    n_datasets: int
    ranks: pd.Series[float]
    friedman: float
    pairs: pd.DataFrame

    @property
    def n_pairs(self) -> int:
        """Number of pairs."""
        return comb(len(self.ranks), 2)


def scores_by_dataset(board: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the leading scores of every reducer that has them on all datasets, and who has not.

    Returns
    -------
    scores : DataFrame
        A row a reducer and setting, a column a dataset and leading metric. Of several widths of the
        code it is the one most rows of a dataset have, the widest of several such; `raw` has its own.
        Controls are left out.
    incomplete : list of str
        Those that lack a score.
    """
    rows = board.loc[~is_control(board), [*TASK, *RANKING, "reducer", "setting", "baseline"]]
    label = rows["reducer"] + (" (" + rows["setting"] + ")").fillna("")
    found = {
        (str(dataset), metric.name): _of_one_width(own[own[metric.name].notna()], metric.name)
        for dataset, own in rows.assign(label=label).groupby("dataset")
        for metric in leading_metrics(own)
    }
    columns = pd.MultiIndex.from_tuples(list(found), names=["dataset", "metric"])
    scores = pd.DataFrame(found, index=label.unique(), columns=columns)
    complete = scores.dropna()[: len(scores) if found else 0].astype(float).round(_DIGITS)
    return complete, [name for name in scores.index if name not in complete.index]


def _of_one_width(rows: pd.DataFrame, name: str) -> pd.Series:
    """Return a score by label, of one task and of the rows of the same sizes that reduce nothing."""
    widest_first = rows[~rows["baseline"]].sort_values("n_components", ascending=False, kind="stable")
    own = of_one_task(widest_first)
    sizes = [name for name in TASK if name != "n_components"]
    unreduced = rows[rows["baseline"]].merge(own[sizes].drop_duplicates())
    return pd.concat([own, unreduced]).groupby("label")[name].mean()


def mean_ranks(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the mean rank over the metrics of each dataset, of `scores_by_dataset`; the best first."""
    ranks = scores.apply(lambda column: column.rank(ascending=not METRICS[column.name[1]].higher_is_better))
    by_dataset: pd.DataFrame = ranks.T.groupby(level=0, sort=False).mean().T
    return by_dataset.loc[by_dataset.mean(axis=1).sort_values(kind="stable").index]


def differences(scores: pd.DataFrame) -> list[Differences]:
    """Return what the datasets tell by each metric that enough of them have, of `scores_by_dataset`."""
    names = dict.fromkeys(scores.columns.get_level_values(1)) if len(scores) >= _FEWEST_REDUCERS else ()
    by_metric = {name: scores.loc[:, (slice(None), name)] for name in names}
    enough = {name: own for name, own in by_metric.items() if own.shape[1] >= FEWEST_DATASETS}
    return [_differences(METRICS[name], own) for name, own in enough.items()]


def _differences(metric: Metric, scores: pd.DataFrame) -> Differences:
    from scipy.stats import friedmanchisquare

    ranks = scores.rank(ascending=not metric.higher_is_better).mean(axis=1).sort_values(kind="stable")
    values = scores.loc[ranks.index].to_numpy()
    with np.errstate(invalid="ignore"):
        # Of nothing but equal scores the statistic is 0 / 0.
        friedman = float(np.nan_to_num(friedmanchisquare(*values).pvalue, nan=1.0))
    pairs = np.ones((len(values), len(values)))
    if friedman < 1 - CONFIDENCE:
        first, second = np.triu_indices(len(values), 1)
        p = holm(np.array([signed_rank_p(one) for one in (values[first] - values[second]).round(_DIGITS)]))
        pairs[first, second] = pairs[second, first] = p
    return Differences(
        metric, scores.shape[1], ranks, friedman, pd.DataFrame(pairs, ranks.index, ranks.index)
    )
