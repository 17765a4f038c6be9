"""Which of a run's rows to take for a purpose, within a budget, and which are as good."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from benchmark.analysis.columns import of_one_task
from benchmark.analysis.ranking import with_ranks
from benchmark.analysis.tables import leaderboard, load_table
from benchmark.errors import InputError, choices
from benchmark.results import Store
from benchmark.scoring import METRICS, Metric

# What a purpose is judged by; without labels, by the second.
GOALS = {
    "clustering": ("kmeans_nmi",),
    "classification": ("knn_accuracy",),
    "reconstruction": ("reconstruction_mse",),
    "visualisation": ("knn_accuracy", "trustworthiness"),
}
_PLANE = 2  # what can be drawn


@dataclass(frozen=True)
class Recommendation:
    """What to take.

    Attributes
    ----------
    metric : Metric
        What it was judged by.
    rows : DataFrame
        The rows that are not told apart from the best, the cheapest to fit first: that is to be taken.
    left_out : dict of DataFrame
        Rows that were not considered, by the reason.
    """

    metric: Metric
    rows: pd.DataFrame
    left_out: dict[str, pd.DataFrame]


def recommend(
    store: Store, goal: str, seconds: float | None = None, memory: float | None = None
) -> Recommendation:
    """Return what to take of a run.

    Parameters
    ----------
    store : Store
    goal : {'clustering', 'classification', 'reconstruction', 'visualisation'}
        For the last, codes of two dimensions are considered alone.
    seconds, memory : float, optional
        The most that a fit may take, warm-up included, and its peak of memory, in MiB.

    Raises
    ------
    InputError
        There is no such goal, or nothing in the run fits it.
    """
    if goal not in GOALS:
        raise InputError(f"--for must be {choices(GOALS)}; got {goal!r}.")
    frame = load_table(store)
    rest = leaderboard(frame)
    rest = rest[~rest["baseline"]]
    metric = next((METRICS[name] for name in GOALS[goal] if rest[name].notna().any()), None)
    if metric is None:
        raise InputError(f"The run {store.run!r} measured nothing that speaks for {goal}.")
    left_out: dict[str, pd.DataFrame] = {}
    for reason, met in _limits(rest, metric, goal, seconds, memory).items():
        kept = met[rest.index]
        left_out[reason], rest = rest[~kept], rest[kept]
    task = of_one_task(rest)
    left_out["of other data, sizes or width"], rest = rest[~rest.index.isin(task.index)], task
    if rest.empty:
        reasons = "; ".join(f"{len(rows)} {reason}" for reason, rows in left_out.items() if len(rows))
        raise InputError(f"Nothing in the run {store.run!r} is left to recommend for {goal}: {reasons}.")
    ranked = with_ranks(rest.reset_index(drop=True), frame, store)
    ranked = ranked.sort_values(metric.name, ascending=not metric.higher_is_better, kind="stable")
    first = ranked[(ranked[f"{metric.name}_best_rank"] == 1).fillna(False)]
    rows = (ranked[:1] if first.empty else first).sort_values(
        "fit_seconds", kind="stable", na_position="last"
    )
    return Recommendation(metric, rows, {reason: rows for reason, rows in left_out.items() if len(rows)})


def _limits(
    rows: pd.DataFrame, metric: Metric, goal: str, seconds: float | None, memory: float | None
) -> dict[str, pd.Series]:
    """Return which rows meet a limit, by what is said of those that do not."""
    met = {f"without {metric.label}": rows[metric.name].notna()}
    if goal == "visualisation":
        met["not of two dimensions (--components 2 measures such)"] = rows["n_components"] == _PLANE
    if seconds is not None:
        spent = rows["fit_seconds"] + rows["warmup_seconds"].fillna(0)
        met[f"that take more than {seconds:g} s"] = spent <= seconds
    if memory is not None:
        met[f"that need more than {memory:g} MiB"] = rows["peak_memory_mb"] <= memory
    return {reason: rows_met.fillna(False).astype(bool) for reason, rows_met in met.items()}
