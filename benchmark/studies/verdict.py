"""Whether a claim holds: computed from what was measured, with a tolerance that is the spread over seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmark.studies.declaration import Evidence, Expectation, Study

State = Literal["holds", "differs", "not measured"]
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Finding:
    """What became of an expectation.

    Attributes
    ----------
    expectation : Expectation
    state : {'holds', 'differs', 'not measured'}
    values : ndarray, shape (n_seeds,)
        Those that were measured.
    problem : str
        Why nothing could be computed, where something was measured.
    """

    expectation: Expectation
    state: State
    values: np.ndarray
    problem: str = ""

    @property
    def mean(self) -> float:
        """Mean over seeds, of which one was measured at least."""
        return float(self.values.mean())

    @property
    def half_width(self) -> float:
        """Half the 95 % interval of the mean; 0 with fewer than two seeds."""
        return _spread(self.values, quantile=(1 + CONFIDENCE) / 2)


def judge(expectation: Expectation, evidence: Evidence) -> Finding:
    """Return whether the evidence meets an expectation.

    A published value is one more draw: it agrees where it lies in the interval that predicts one, at 95 %,
    from the mean and the spread over seeds, or differs by less than its own last digit. A bound holds where
    the one-sided interval of the mean lies beyond it. One seed has no spread: then the last digit decides.
    """
    problem, values = "", np.empty(0)
    try:
        values = np.atleast_1d(np.asarray(expectation.values(evidence), dtype=np.float64))
    # A case that failed leaves others without their counterpart; that costs a row, not the report.
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    values = values[np.isfinite(values)]
    if not len(values):
        return Finding(expectation, "not measured", values, problem)
    mean, about, above, below = values.mean(), expectation.about, expectation.above, expectation.below
    if about is not None:
        spread = _spread(values, (1 + CONFIDENCE) / 2, one_more=True)
        holds = abs(mean - about) <= max(spread, 0.5 * 10.0**-expectation.digits)
    else:
        beyond = mean - above if above is not None else below - mean
        holds = beyond > _spread(values, CONFIDENCE)
    return Finding(expectation, "holds" if holds else "differs", values)


def _spread(values: np.ndarray, quantile: float, *, one_more: bool = False) -> float:
    """Return how far from the mean of the values the true mean lies, or one more value."""
    from scipy.stats import t

    n = len(values)
    if n < 2:
        return 0.0
    return float(t.ppf(quantile, n - 1) * values.std(ddof=1) * np.sqrt(1 / n + one_more))


def findings(study: Study, evidence: Evidence) -> list[Finding]:
    """Return what became of every expectation of a study."""
    return [judge(expectation, evidence) for expectation in study.expectations]


def verdict(found: list[Finding]) -> State:
    """Return the verdict on a study: it differs where one figure does, and holds where all do."""
    states = {finding.state for finding in found}
    if "differs" in states:
        return "differs"
    return "holds" if states == {"holds"} else "not measured"
