"""The figures of a report: each a function from data to a matplotlib figure, or None for no data."""

from benchmark.reporting.figures.card import card_figure
from benchmark.reporting.figures.clustering_heat_map import clusterings_figure
from benchmark.reporting.figures.confusions import confusions_figure
from benchmark.reporting.figures.critical_differences import critical_differences_figure
from benchmark.reporting.figures.embeddings import embeddings_figure
from benchmark.reporting.figures.inside import inside_figure
from benchmark.reporting.figures.losses import losses_figure
from benchmark.reporting.figures.pareto import pareto_figure
from benchmark.reporting.figures.reconstructions import reconstructions_figure
from benchmark.reporting.figures.times import times_figure

__all__ = [
    "card_figure",
    "clusterings_figure",
    "confusions_figure",
    "critical_differences_figure",
    "embeddings_figure",
    "inside_figure",
    "losses_figure",
    "pareto_figure",
    "reconstructions_figure",
    "times_figure",
]
