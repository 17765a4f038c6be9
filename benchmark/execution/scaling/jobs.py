"""The ordinary jobs that the points of a sweep are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from benchmark.analysis.scaling import Point
from benchmark.datasets.synthetic import N_TEST, Synthetic
from benchmark.execution.scaling.request import ScalingRequest
from benchmark.plan.job import Job
from benchmark.plan.resolve import choose_device, resolve
from benchmark.plan.suite import Suite

# Fixed, whatever a reducer's own are, so that a cost is that of so many passes over the samples.
# UMAP's own number, for one, falls from 500 to 200 above 10,000 samples.
EPOCHS = {"epochs": 2, "pretrain_epochs": 1, "n_epochs": 200}


@dataclass(frozen=True)
class Curve:
    """One line of a sweep: a reducer on a device (``auto`` is the best that it runs on)."""

    reducer: str
    device: str


class Jobs:
    """Makes the job of a curve at a point.

    Parameters
    ----------
    request : ScalingRequest
    found_devices : tuple of str
        Devices of this machine.
    threads : int
        Threads a job may use.
    """

    def __init__(self, request: ScalingRequest, found_devices: tuple[str, ...], threads: int) -> None:
        self.request, self.found, self.threads = request, found_devices, threads
        self._epochs = cache(self._find_epochs)
        self._made: dict[tuple[Curve, Point], Job] = {}

    def curves(self) -> tuple[Curve, ...]:
        """Return the curves of every sweep; devices that turn out to be the same are one."""
        distinct: dict[tuple[str, str], Curve] = {}
        for reducer in dict.fromkeys(self.request.reducers):
            for asked in self.request.devices:
                device = self.job(Curve(reducer, asked), self.request.centre).device
                distinct.setdefault((reducer, device), Curve(reducer, device))
        return tuple(distinct.values())

    def job(self, curve: Curve, point: Point) -> Job:
        """Return the job of a curve at a point, but for the `source` of its data."""
        place = curve, point
        if place not in self._made:
            self._made[place] = self._make(curve, point)
        return self._made[place]

    def _make(self, curve: Curve, point: Point) -> Job:
        table = Synthetic(point.samples, point.features)
        name = curve.reducer
        suite = Suite("scaling", reducers={name: self._epochs(name)}, components=(point.components,))
        template = _template(self.request, table, self.threads)
        params, code, supported = resolve(
            name, point.components, suite, template, table.described(), self.request.precision
        )
        device, reason = choose_device(name, curve.device, supported, self.found)
        return replace(template, reducer=name, params=params, code=code, device=device, unavailable=reason)

    def _find_epochs(self, name: str) -> dict[str, Any]:
        from reducers.registry import make_reducer

        if name.startswith("sklearn."):
            return {}
        own = make_reducer(name, self.request.plugins).get_params(deep=False)
        return {parameter: value for parameter, value in EPOCHS.items() if parameter in own}


def _template(request: ScalingRequest, table: Synthetic, threads: int) -> Job:
    return Job(
        run=request.name,
        dataset=table.name,
        source="",
        data=table.sha256,
        n_train=table.n_train,
        n_test=N_TEST,
        n_features=table.n_features,
        reducer="",
        params={},
        device="",
        threads=threads,
        seed=0,
        code="",
        plugins=request.plugins,
    )
