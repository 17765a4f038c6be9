"""What a metric is: a function of an `Embedding`, declared with its range, direction and reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar

from benchmark.errors import InputError, choices
from benchmark.scoring.embedding import PARTS, Embedding
from benchmark.scoring.row_statistics import Array, RowStatistic

_SUFFIXES = ("_std", "_count", "_cpu", "_difference", "_ci_low", "_ci_high", "_best_rank", "_worst_rank")


@dataclass(frozen=True)
class Metric:
    """A declared metric; call it with an `Embedding`.

    Parameters
    ----------
    name : str
        Name of the score; a column of ``results.csv``.
    function : callable
        Takes an `Embedding` and returns the score, or None where it does not apply to that data. With a
        `statistic` it returns what that makes the score of: a value a test row, shape (n_test,).
    low, high : float
        Range of the score, ends included; `high` may be infinite.
    higher_is_better : bool or None
        Direction of the score; None for a finding that is neither good nor bad.
    needs : tuple of str
        Parts of the embedding without which the metric does not apply: ``"labels"``, ``"inputs"``,
        ``"reconstruction"``, ``"clusters"`` (the reducer's own), ``"heldout"`` (rows that no fit has seen).
    reference : str
        Where the metric was published.
    summary : str
        One line for tables and help.
    title, label : str
        What heads its column (``"k-NN"``), and what it is called in a sentence or on an axis
        (``"k-NN accuracy"``); both are the name by default.
    decimals : int
        Decimals of the score in a terminal; one without an upper end has significant digits instead.
    clustering : str
        The `benchmark.scoring.clusterings.Clustering` that it judges; empty for other metrics.
    statistic : RowStatistic, optional
        How the score follows from the values of the test rows; without one, its interval is over seeds only.
    column : str
        Under what name the values of the rows are kept; metrics of the same values share it. By default
        the name of the metric.
    """

    plugin_kind: ClassVar[str] = "metric"

    name: str
    function: Callable[[Embedding], Any]
    low: float
    high: float
    higher_is_better: bool | None
    needs: tuple[str, ...]
    reference: str
    summary: str
    title: str = ""
    label: str = ""
    decimals: int = 3
    clustering: str = ""
    statistic: RowStatistic | None = None
    column: str = ""

    def __post_init__(self) -> None:
        for name in ("title", "label", "column"):
            object.__setattr__(self, name, getattr(self, name) or self.name)
        if not self.name.isidentifier() or is_reserved(self.name):
            raise InputError(
                f"A metric's name must be a Python name, not 'seeds', and must not end in "
                f"{', '.join(_SUFFIXES)}, which name other columns; got {self.name!r}."
            )
        unknown = set(self.needs) - set(PARTS)
        if unknown:
            raise InputError(
                f"The metric '{self.name}' may need only {choices(PARTS)}; got {choices(map(repr, unknown))}."
            )

    def __call__(self, embedding: Embedding) -> float | None:
        """Return the score of `embedding`, or None where the metric does not apply to it."""
        return self.measure(embedding)[0]

    def measure(self, embedding: Embedding) -> tuple[float | None, Array | None]:
        """Return the score, and the values of the test rows it is made of; None for what there is not."""
        found = self.function(embedding) if all(embedding.has(part) for part in self.needs) else None
        if self.statistic is None or found is None:
            return found, None
        return self.statistic(found, embedding.y_test), found

    @property
    def better(self) -> str:
        """Which scores are better, as tables say it: "higher", "lower", or "–" for neither."""
        return {True: "higher", False: "lower", None: "–"}[self.higher_is_better]

    def format(self, score: float) -> str:
        """Return a score as a table in a terminal shows it."""
        return f"{score:.{self.decimals}f}" if isfinite(self.high) else f"{score:.3g}"


def is_reserved(name: str) -> bool:
    """Whether a summary of scores has a column of this name already, or would have two."""
    return name == "seeds" or name.endswith(_SUFFIXES)


def metric(
    *, low: float, high: float, higher_is_better: bool | None, reference: str, needs: tuple[str, ...] = (),
    title: str = "", label: str = "", decimals: int = 3, statistic: RowStatistic | None = None,
    column: str = "", clustering: str = "",
) -> Callable[[Callable[[Embedding], Any]], Metric]:  # fmt: skip
    """Declare the decorated function a `Metric`, named after it and summarised by its docstring."""

    def declare(function: Callable[[Embedding], Any]) -> Metric:
        summary = (function.__doc__ or "").strip().partition("\n")[0]
        return Metric(function.__name__, function, low, high, higher_is_better, needs, reference, summary,
                      title, label, decimals, clustering, statistic, column)  # fmt: skip

    return declare
