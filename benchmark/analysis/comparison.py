"""Two runs beside each other: what became better, worse, faster or slower, and what noise may explain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm, ttest_ind

from benchmark.analysis.columns import GROUP, is_control, score_columns
from benchmark.analysis.ranking import FEWEST_SEEDS, resampled_means
from benchmark.analysis.statistics import CONFIDENCE, holm, row_weights, seed_weights
from benchmark.analysis.tables import ended_well, load_table
from benchmark.errors import InputError
from benchmark.results import Store
from benchmark.scoring import METRICS

# What tells configurations apart, wherever and by whichever version they were measured.
_KEYS = [name for name in GROUP if name not in ("machine", "timing", "code", "version")]
_TIMES = ("fit_seconds", "transform_seconds")
# A time that changed by less is the same, however small its noise: clocks of processors wander as much.
LEAST_RATIO = 1.05
_SHORTEST = 1e-9
UNKNOWN = "noise unknown"


@dataclass(frozen=True)
class Change:
    """What became of one figure of one configuration.

    Attributes
    ----------
    row : dict
        The configuration, by the columns that tell it apart.
    name : str
        Score or time.
    before, after : float
        Means over the seeds.
    margin : float
        Half of a 95 % interval of the change: of the difference, or of the logarithm of the ratio of times;
        NaN where it is not known.
    p : float
        Of no change; NaN where it is not known.
    verdict : str
        "better", "worse", "faster", "slower", "no change told" or "noise unknown".
    """

    row: dict[str, Any]
    name: str
    before: float
    after: float
    margin: float
    p: float
    verdict: str = UNKNOWN


def compare(one: Store, other: Store) -> list[Change]:
    """Return every figure that both runs have, `other` being the later one.

    A change of a score is told where the interval of the difference leaves out 0, over resamples of seeds
    and test rows that both share; one of a time by Welch's t of the logarithms over three seeds or more, and
    where it is `LEAST_RATIO` at least. All are told at 95 % together (Holm). Times of two machines do not
    compare.

    Raises
    ------
    InputError
        The runs share no configuration.
    """
    tables = [ended_well(load_table(store)) for store in (one, other)]
    groups = [dict(list(table[~is_control(table)].groupby(_KEYS, dropna=False))) for table in tables]
    shared = [key for key in groups[0] if key in groups[1]]
    if not shared:
        raise InputError(
            f"The runs {one.run!r} and {other.run!r} share no configuration: data, sizes, reducer, setting, "
            "width, device, precision and threads must be the same."
        )
    changes = [change for key in shared for change in _changes(groups[0][key], groups[1][key], one, other)]
    p = np.array([change.p for change in changes])
    known = ~np.isnan(p)
    told = np.zeros(len(p), dtype=bool)
    told[known] = holm(p[known]) <= 1 - CONFIDENCE
    return [
        replace(change, verdict=_verdict(change, told[place])) if known[place] else change
        for place, change in enumerate(changes)
    ]


def _changes(a: pd.DataFrame, b: pd.DataFrame, one: Store, other: Store) -> Iterator[Change]:
    row = {name: a[name].iloc[0] for name in _KEYS}
    weights = row_weights()
    drawn = seed_weights([*a["seed"], *b["seed"]], weights.shape[1])
    means = [resampled_means(jobs, store, weights, drawn) for jobs, store in ((a, one), (b, other))]
    names = [name for name in score_columns(a) if name in METRICS and name in b]
    if {*a["timing"], *b["timing"]} == {"exclusive"} and len({*a["machine"], *b["machine"]}) == 1:
        names += _TIMES
    for name in names:
        before, after = (table[name].dropna().to_numpy(float) for table in (a, b))
        if not len(before) or not len(after):
            continue
        if name in _TIMES:
            noise = _welch(*(np.log(np.maximum(times, _SHORTEST)) for times in (before, after)))
        elif name in means[0] and name in means[1]:
            noise = _resampled(means[1][name] - means[0][name], float(after.mean() - before.mean()))
        else:
            noise = _welch(before, after)
        yield Change(row, name, float(before.mean()), float(after.mean()), *noise)


def _resampled(changes: np.ndarray, difference: float) -> tuple[float, float]:
    """Return half the interval of a difference, and the p of none, from its values in every resample."""
    deviation = float(np.nanstd(changes))
    if deviation == 0:
        return 0.0, float(difference == 0)
    return float(norm.ppf((1 + CONFIDENCE) / 2) * deviation), float(2 * norm.sf(abs(difference) / deviation))


def _welch(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Return half the interval of the difference of means, and the p of none; NaN with too few seeds."""
    if min(len(a), len(b)) < FEWEST_SEEDS:
        return float("nan"), float("nan")
    if a.std() == b.std() == 0:
        return 0.0, float(a.mean() == b.mean())
    found = ttest_ind(b, a, equal_var=False)
    low, high = found.confidence_interval(CONFIDENCE)
    return float(high - low) / 2, float(found.pvalue)


def _verdict(change: Change, told: bool) -> str:
    if change.name in _TIMES:
        ratio = change.after / max(change.before, _SHORTEST)
        if not told or 1 / LEAST_RATIO < ratio < LEAST_RATIO:
            return "no change told"
        return "slower" if ratio > 1 else "faster"
    higher = METRICS[change.name].higher_is_better
    if not told or higher is None or change.after == change.before:
        return "no change told"
    return "better" if (change.after > change.before) == higher else "worse"
