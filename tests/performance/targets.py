"""What the measured figures are held against; every target of the report stands here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A limit of a figure, in the figure's own unit.

    Attributes
    ----------
    limit : float
    upper : bool
        Whether the figure is to stay at or below the limit; else at or above it.
    text : str
        The limit as a table shows it.
    """

    limit: float
    upper: bool
    text: str

    def met(self, value: float) -> bool:
        """Return whether `value` is on the right side of the limit."""
        return value <= self.limit if self.upper else value >= self.limit


# Share of the bare products' rate. A network's activations, its optimiser and the shuffling cost the rest.
DENSE_SHARE = Target(0.8, upper=False, text="at least 0.80 of the library")
CONVOLUTION_SHARE = Target(0.8, upper=False, text="at least 0.80 of the library")
# Seconds of the other over ours.
NOT_SLOWER = Target(1.0, upper=False, text="not slower")
RBM_SPEED = Target(1.5, upper=False, text="at least 1.5 times as fast")
SAME_LOSS = Target(0.02, upper=True, text="within 2 %")
PSEUDO_LIKELIHOOD = Target(0.0, upper=False, text="not lower")
SAME_ERROR = Target(1e-4, upper=True, text="within 0.01 %")
# Relative error of a time that is known beforehand.
CLOCK = Target(0.02, upper=True, text="within 2 %")
# Wall time of a run above the sum of its warm-up, fit, transform and scoring, relative to that sum.
OVERHEAD = Target(0.05, upper=True, text="at most 5 %")
# Seconds.
HELP = Target(0.3, upper=True, text="at most 0.3 s")
LISTING = Target(0.5, upper=True, text="at most 0.5 s")
JOB_READY = Target(0.5, upper=True, text="at most 0.5 s")
# Of all scores of 60,000 and 10,000 codes, by their width.
SCORING = {
    "10": Target(15.0, upper=True, text="at most 15 s"),
    "784": Target(60.0, upper=True, text="at most 60 s"),
}
# Seconds of the transform over those of the fit.
TRANSFORM = Target(1.0, upper=True, text="not slower than the fit")
