"""What a study is: cases that are measured, and expectations that their records meet or do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.measure.trial import Task
from benchmark.results import Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from benchmark.results.artifacts import Arrays

KIND = "studies"  # of ``run.json``


@dataclass(frozen=True)
class Case:
    """One thing that a study measures, once a seed.

    Attributes
    ----------
    reducer : str
        Its name, with `params`; of a task, what the row is called.
    params : mapping
        What differs from the reducer's defaults, or what a task takes.
    width : int
        Width of the code.
    task : Task, optional
        A function of a module, which measures in place of fitting and scoring a reducer.
    seeds : int
        At most so many; what does not depend on the seed needs one.
    clusterings : tuple of str
        What the codes of a reducer are judged by.
    protocol : {'heldout', 'transductive'}
        Of a reducer: whether it is scored on the test set, or fitted and scored on all samples.
    """

    reducer: str
    params: Mapping[str, Any] = field(default_factory=dict)
    width: int = 10
    task: Task | None = None
    seeds: int = 1_000
    clusterings: tuple[str, ...] = ("kmeans",)
    protocol: str = "heldout"


class Evidence:
    """What was measured for a study: the records of each case by seed, and their arrays.

    Parameters
    ----------
    records : mapping
        The records of each case, in the order of their seeds; those that did not end well are left out.
    load : callable
        Returns the arrays of a kind that a record's job kept; it may be none.
    """

    def __init__(
        self,
        records: Mapping[str, Sequence[Record]],
        load: Callable[[str, Record], Arrays] = lambda kind, record: {},
    ) -> None:
        self.records = {case: [r for r in found if r.status == "ok"] for case, found in records.items()}
        self._load = load

    def scores(self, case: str, metric: str) -> np.ndarray:
        """Return a score of every seed, shape (n_seeds,); NaN where there is none."""
        found = [record.scores.get(metric) for record in self.records.get(case, [])]
        return np.array(found, dtype=np.float64)

    def losses(self, case: str, stage: str = "training") -> np.ndarray:
        """Return the training loss by seed and epoch, shape (n_seeds, n_epochs)."""
        return np.array([
            [epoch["loss"] for epoch in record.history if epoch.get("stage") == stage]
            for record in self.records.get(case, [])
        ])  # fmt: skip

    def arrays(self, case: str, kind: str = "evidence") -> Arrays:
        """Return the arrays of a kind that the job of the first seed of a case kept."""
        found = self.records.get(case)
        return self._load(kind, found[0]) if found else {}


Values = Callable[[Evidence], Any]


def score(case: str, metric: str) -> Values:
    """Return what reads a score of a case from the evidence, shape (n_seeds,)."""
    return lambda evidence: evidence.scores(case, metric)


def gain(of: str, over: str, metric: str) -> Values:
    """Return what computes a score of a case less that of another, shape (n_seeds,)."""
    return lambda evidence: evidence.scores(of, metric) - evidence.scores(over, metric)


def ratio(of: str, over: str, metric: str) -> Values:
    """Return what computes a score of a case over that of another, shape (n_seeds,)."""
    return lambda evidence: evidence.scores(of, metric) / evidence.scores(over, metric)


@dataclass(frozen=True)
class Expectation:
    """One figure of a claim, and how a measured value is judged by it.

    Attributes
    ----------
    what : str
        What the figure is.
    values : callable
        Returns it from the evidence, a value a seed; NaN or nothing where it was not measured.
    about, above, below : float, optional
        The published value; or a bound: 0 for a difference that is claimed to be there. One of the three.
    digits : int
        Decimals that were published, and are shown.
    """

    what: str
    values: Values
    about: float | None = None
    above: float | None = None
    below: float | None = None
    digits: int = 3


@dataclass(frozen=True)
class Study:
    """A published claim, how it is measured, and what is expected.

    Attributes
    ----------
    id, name : str
        As the command line takes it: ``S11``, ``kmeans-on-codes``.
    claim, source : str
        What was published, and where.
    cases : mapping
        What is measured, by a name that the report shows.
    expectations : tuple of Expectation
    about : str
        What it is, in two sentences for a student.
    teaches : str
        What one learns from what came out.
    reason : str
        Why it differs, where that was found.
    figures : mapping
        What draws the evidence, or returns None where there is nothing to draw, by the caption.
    seeds : int
        How many seeds, where the user does not say.
    """

    id: str
    name: str
    claim: str
    source: str
    cases: Mapping[str, Case]
    expectations: tuple[Expectation, ...]
    about: str
    teaches: str = ""
    reason: str = ""
    figures: Mapping[str, Callable[[Evidence], Figure | None]] = field(default_factory=dict)
    seeds: int = 3
