"""What a metric is: a function of an `Embedding`, declared with its range, direction and reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from benchmark.errors import InputError, choices
from benchmark.scoring.embedding import PARTS, Embedding


@dataclass(frozen=True)
class Metric:
    """A declared metric; call it with an `Embedding`.

    Parameters
    ----------
    name : str
        Name of the score; a column of ``results.csv``.
    function : callable
        Takes an `Embedding` and returns the score, or None where it does not apply to that data.
    low, high : float
        Range of the score, ends included; `high` may be infinite.
    higher_is_better : bool or None
        Direction of the score; None for a finding that is neither good nor bad.
    needs : tuple of str
        Parts of the embedding without which the metric does not apply: ``"labels"``,
        ``"inputs"``, ``"reconstruction"``.
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
    """

    name: str
    function: Callable[[Embedding], float | None]
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

    def __post_init__(self) -> None:
        for name in ("title", "label"):
            object.__setattr__(self, name, getattr(self, name) or self.name)
        if not self.name.isidentifier() or is_reserved(self.name):
            raise InputError(
                f"A metric's name must be a Python name, not 'seeds', and must not end in _std, _count, _cpu "
                f"or _difference, which name other columns; got {self.name!r}."
            )
        unknown = set(self.needs) - set(PARTS)
        if unknown:
            raise InputError(
                f"The metric '{self.name}' may need only {choices(PARTS)}; got {choices(map(repr, unknown))}."
            )

    def __call__(self, embedding: Embedding) -> float | None:
        """Return the score of `embedding`, or None where the metric does not apply to it."""
        if not all(embedding.has(part) for part in self.needs):
            return None
        return self.function(embedding)

    @property
    def better(self) -> str:
        """Which scores are better, as tables say it: "higher", "lower", or "–" for neither."""
        return {True: "higher", False: "lower", None: "–"}[self.higher_is_better]

    def format(self, score: float) -> str:
        """Return a score as a table in a terminal shows it."""
        return f"{score:.{self.decimals}f}" if isfinite(self.high) else f"{score:.3g}"


def is_reserved(name: str) -> bool:
    """Whether a summary of scores has a column of this name already, or would have two."""
    return name == "seeds" or name.endswith(("_std", "_count", "_cpu", "_difference"))


def metric(
    *, low: float, high: float, higher_is_better: bool | None, reference: str, needs: tuple[str, ...] = (),
    title: str = "", label: str = "", decimals: int = 3, clustering: str = "",
) -> Callable[[Callable[[Embedding], float | None]], Metric]:  # fmt: skip
    """Declare the decorated function a `Metric`, named after it and summarised by its docstring."""

    def declare(function: Callable[[Embedding], float | None]) -> Metric:
        summary = (function.__doc__ or "").strip().partition("\n")[0]
        return Metric(function.__name__, function, low, high, higher_is_better, needs, reference, summary,
                      title, label, decimals, clustering)  # fmt: skip

    return declare
