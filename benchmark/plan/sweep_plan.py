"""Three sweeps from a common centre: what a method costs as samples, features or components grow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from itertools import product
from typing import Any

from benchmark.analysis.columns import CURVE
from benchmark.analysis.scaling import KIND, SWEEPS, Point, predict
from benchmark.datasets.synthetic import N_TEST, SUMMARY, Files, Synthetic
from benchmark.plan import Plan
from benchmark.plan.job import Job
from benchmark.plan.job_maker import JobMaker, Machine
from benchmark.plan.suite import Suite, choose_reducers
from benchmark.plan.suite_plan import joined
from benchmark.request import ScaleRequest
from benchmark.results import Record, check_run_name
from reducers.registry import make_reducer

CENTRE = Point(samples=10_000, features=784, components=10)
# Sizes stand about evenly on a logarithmic scale. Numbers of features are squares, so that methods
# that need images take part.
SIZES = {
    "samples": tuple(step * 10**power for power in range(3, 9) for step in (1, 3))[:-1],
    "features": tuple(side**2 for side in (8, 12, 20, 28, 40, 56, 80, 112, 160, 224)),
    "components": (2, 5, 10, 25, 50, 100, 250, 500),
}
# Fixed, whatever a reducer's own are, so that a cost is that of so many passes over the samples.
# UMAP's own number, for one, falls from 500 to 200 above 10,000 samples.
EPOCHS = {"epochs": 2, "pretrain_epochs": 1, "n_epochs": 200}
Curve = tuple[str, str]  # A reducer, and the device it runs on.
Stop = dict[str, Any]  # The row of ``scaling.csv`` for the first size that was left out, and why.


def sizes(request: ScaleRequest, sweep: str) -> tuple[int, ...]:
    """Return the sizes of a sweep, ascending; a code is narrower than the data it is made of."""
    widest = centre(request).features if sweep == "components" else math.inf
    return tuple(size for size in _allowed(request, sweep) if size < widest)


def centre(request: ScaleRequest) -> Point:
    """Return the point that the three sweeps share: `CENTRE`, or the nearest below that is allowed."""
    return Point(
        *(max(s for s in _allowed(request, sweep) if s <= getattr(CENTRE, sweep)) for sweep in SWEEPS)
    )


def _allowed(request: ScaleRequest, sweep: str) -> tuple[int, ...]:
    return tuple(size for size in SIZES[sweep] if size <= getattr(request, f"{sweep}_up_to"))


class SweepPlan(Plan):
    """The plan of a `ScaleRequest`: sweep by sweep and size by size, all curves at once.

    What the jobs of a size took decides whether a curve goes on to the next.
    """

    kind = KIND
    keeps_arrays = False

    def __init__(self, request: ScaleRequest, machine: Machine) -> None:
        self._reducers = choose_reducers(request)
        run = check_run_name(request.name)
        self._maker = JobMaker(request, machine, run)
        super().__init__(run, self._maker.threads)
        self.request, self.centre = request, centre(request)
        self._files = Files()
        asked = product(self._reducers, request.devices)
        # Devices that turn out to be the same are one curve.
        self.curves: list[Curve] = list(
            dict.fromkeys((name, self._job((name, device), self.centre).device) for name, device in asked)
        )

    def undecided(self) -> set[str]:
        """Return the devices of the curves that leave their arithmetic to the run."""
        return {device for name, device in self.curves if self._job((name, device), self.centre).is_undecided}

    def next(self, records: Mapping[str, Record]) -> Sequence[Job]:
        """Return the jobs of the smallest size that a curve of the first unfinished sweep has reached."""
        for sweep in SWEEPS:
            ends = [self._follow(sweep, curve, records) for curve in self.curves]
            reached = [end for end in ends if isinstance(end, Job)]
            if reached:
                smallest = min(_size(job, sweep) for job in reached)
                return [job for job in reached if _size(job, sweep) == smallest]
        return ()

    def prepare(self, job: Job) -> Job:
        """Return a job with the file of its data, which is written where it is not there."""
        return replace(job, source=str(self._files.path(Synthetic(job.n_train, job.n_features))))

    def close(self) -> None:
        """Remove the file."""
        self._files.close()

    def check_room(self, records: Mapping[str, Record]) -> None:
        """Raise `InputError` where the disk has no room for the largest table that is missing."""
        points = {self.centre.at(sweep, size) for sweep in SWEEPS for size in sizes(self.request, sweep)}
        missing = (p for p in points if any(self._job(c, p).key not in records for c in self.curves))
        self._files.check_room(max((Synthetic(p.samples, p.features).n_bytes for p in missing), default=0))

    def describe(self) -> str:
        """Return the number of curves, and where they cross."""
        point = self.centre
        return (
            f"{len(self.curves)} curves through {point.samples:,} samples of {point.features:,} features to "
            f"{point.components} components"
        )

    def label(self, measured: Job | Record) -> str:
        """Return the sizes, the reducer and the device."""
        samples, features = measured.n_train or 0, measured.n_features or 0
        width = measured.params.get("n_components")
        return f"{samples:>11,} x {features:<6,} to {width!s:<4} {measured.reducer} on {measured.device}"

    def facts(self, earlier: Mapping[str, Any], records: Mapping[str, Record]) -> dict[str, Any]:
        """Return what is swept, and where curves end early; what other calls found of others stays."""
        ends = [self._follow(sweep, curve, records) for sweep in SWEEPS for curve in self.curves]
        ours = [_curve(_stop("", 0, self._job(curve, self.centre), "")) for curve in self.curves]
        others = [stop for stop in earlier.get("stopped", []) if _curve(stop) not in ours]
        return {
            "kind": KIND,
            "suite": KIND,
            "dataset": "synthetic",
            "dataset_summary": SUMMARY,
            "centre": asdict(self.centre),
            "n_test": N_TEST,
            "budget_seconds": self.request.budget,
            "fixed_epochs": EPOCHS,
            "reducers": joined(earlier.get("reducers", []), self._reducers),
            "devices": joined(earlier.get("devices", []), (device for _, device in self.curves)),
            "seeds": 1,
            "stopped": others + [end for end in ends if isinstance(end, dict)],
        }

    def _follow(self, sweep: str, curve: Curve, records: Mapping[str, Record]) -> Job | Stop | None:
        """Follow a curve through what is measured: to its next job, to where it stops, or to its end."""
        done: list[tuple[int, Record]] = []
        for size in sizes(self.request, sweep):
            job = self._job(curve, self.centre.at(sweep, size))
            record = records.get(job.key)
            if record is not None:
                done.append((size, record))
                continue
            if done and done[-1][1].status != "ok":
                reason = f"the size before, {done[-1][0]:,}, ended as {done[-1][1].status}"
                return _stop(sweep, size, job, reason)
            seconds, budget = predicted_seconds(done, size) if done else 0.0, self.request.budget
            if seconds > budget:
                return _stop(sweep, size, job, f"predicted to take {seconds:,.0f} s, more than {budget:g} s")
            return job
        return None

    def _job(self, curve: Curve, point: Point) -> Job:
        name, device = curve
        suite = Suite(KIND, reducers={name: _fixed_epochs(name, self.request.plugins)})
        data = Synthetic(point.samples, point.features)
        return self._maker.make(data, suite, name, point.components, device).decided(self.arithmetic)


def _stop(sweep: str, size: int, job: Job, reason: str) -> Stop:
    names = ("reducer", "device", "threads", "n_train", "n_test", "n_features")
    stop = {"sweep": sweep, "size": size, "reason": reason} | {name: getattr(job, name) for name in names}
    return stop | {"asked_precision": job.params.get("precision"), "n_components": job.params["n_components"]}


def _size(job: Job, sweep: str) -> int:
    return int(getattr(Point(job.n_train, job.n_features, job.params["n_components"]), sweep))


def _curve(stop: Stop) -> tuple[object, ...]:
    return tuple(stop.get(name) for name in CURVE)


@cache
def _fixed_epochs(name: str, plugins: tuple[str, ...]) -> dict[str, Any]:
    """Return the numbers of epochs that a reducer gets, as far as it has such parameters."""
    if name.startswith("sklearn."):
        return {}
    own = make_reducer(name, plugins).get_params(deep=False)
    return {parameter: value for parameter, value in EPOCHS.items() if parameter in own}


def predicted_seconds(done: Sequence[tuple[int, Record]], size: int) -> float:
    """Return what a size will take in all: warm-up and scores as before, all else by its power law."""
    known, last = [size for size, _ in done], done[-1][1]
    timed = [(record.fit_seconds or 0.0) + (record.transform_seconds or 0.0) for _, record in done]
    beside = [_beside(record) for _, record in done]
    growing = (predict(known, costs, size) or 0.0 for costs in (timed, beside))
    return (last.warmup_seconds or 0.0) + (last.score_seconds or 0.0) + sum(growing)


def _beside(record: Record) -> float:
    """Return the seconds of a job beside its measured parts, or about what they were where nobody knows."""
    if record.job_seconds is not None:
        return max(record.job_seconds - record.spent_seconds, 0.0)
    # At least it transformed the training set too.
    return (record.transform_seconds or 0.0) * (record.n_train or 0) / N_TEST
