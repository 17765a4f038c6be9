"""Records to tables, and what the tables say: leaderboard, speed-up, failures, statistics."""

from benchmark.analysis.columns import COLUMNS, DTYPES
from benchmark.analysis.statistics import mean, pareto_front, standard_deviation, t_interval
from benchmark.analysis.tables import (
    failures,
    leaderboard,
    load_table,
    save_tables,
    speedup,
    to_frame,
)

__all__ = [
    "COLUMNS",
    "DTYPES",
    "failures",
    "leaderboard",
    "load_table",
    "mean",
    "pareto_front",
    "save_tables",
    "speedup",
    "standard_deviation",
    "t_interval",
    "to_frame",
]
