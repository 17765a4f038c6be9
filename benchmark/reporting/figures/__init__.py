"""The figures of a report: each a function from data to a matplotlib figure, or None for no data."""

from benchmark.reporting.figures.card import card_figure, losses_figure, reconstructions_figure
from benchmark.reporting.figures.embeddings import clusterings_figure, confusions_figure, embeddings_figure
from benchmark.reporting.figures.inside import inside_figure
from benchmark.reporting.figures.pareto import pareto_figure
from benchmark.reporting.figures.times import times_figure

__all__ = [
    "card_figure", "clusterings_figure", "confusions_figure", "embeddings_figure", "inside_figure",
    "losses_figure", "pareto_figure", "reconstructions_figure", "times_figure",
]  # fmt: skip
