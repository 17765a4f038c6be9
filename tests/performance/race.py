"""Contenders timed in turns, so that whatever slows the machine slows them alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from benchmark.measure.clock import measured


class Trial(NamedTuple):
    """One fit to be timed, and what it came to; built anew for every round."""

    fit: Callable[[], object]
    quality: Callable[[], float]


# From the round's number, which is its seed.
Contender = Callable[[int], Trial]


@dataclass(frozen=True)
class Result:
    """Seconds and quality of a contender, one a round."""

    seconds: tuple[float, ...]
    quality: tuple[float, ...]

    @property
    def best(self) -> float:
        """Seconds of the fastest round: the one that the rest of the machine disturbed least."""
        return min(self.seconds)

    @property
    def mean_quality(self) -> float:
        """Mean over the rounds."""
        return sum(self.quality) / len(self.quality)

    def figures(self) -> dict[str, Any]:
        """Return what a report keeps."""
        return {"seconds": list(self.seconds), "quality": list(self.quality)}


def race(contenders: Mapping[str, Contender], rounds: int = 3, device: str = "cpu") -> dict[str, Result]:
    """Return the results of fitting all `contenders` in turn, `rounds` times over."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    quality: dict[str, list[float]] = {name: [] for name in contenders}
    for seed in range(rounds):
        for name, contender in contenders.items():
            trial = contender(seed)
            seconds[name].append(stopwatch(trial.fit, device))
            quality[name].append(trial.quality())
    return {name: Result(tuple(seconds[name]), tuple(quality[name])) for name in contenders}


def stopwatch(work: Callable[[], object], device: str = "cpu") -> float:
    """Return the wall seconds of `work`, the device synchronised."""
    with measured(device) as measurement:
        work()
    assert measurement.seconds is not None
    return measurement.seconds
