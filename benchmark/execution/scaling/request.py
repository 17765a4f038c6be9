"""What to sweep: the sizes, and whether what the user asked for is allowed."""

from __future__ import annotations

import math
import shlex
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from benchmark.analysis.scaling import SWEEPS, Point
from benchmark.errors import InputError
from benchmark.plan.request_checks import check_request
from benchmark.request import Request

DEFAULT_REDUCERS = ("pca", "random-projection", "sparse", "stacked", "umap")
CENTRE = Point(samples=10_000, features=784, components=10)
# Sizes stand about evenly on a logarithmic scale. Numbers of features are squares, so that methods
# that need images take part.
_SIZES = {
    "samples": tuple(step * 10**power for power in range(3, 9) for step in (1, 3))[:-1],
    "features": tuple(side**2 for side in (8, 12, 20, 28, 40, 56, 80, 112, 160, 224)),
    "components": (2, 5, 10, 25, 50, 100, 250, 500),
}


@dataclass(frozen=True)
class ScalingRequest:
    """What the user asked to sweep; `budget` is how many seconds a point may be predicted to take."""

    reducers: tuple[str, ...] = DEFAULT_REDUCERS
    samples_up_to: int = 1_000_000
    features_up_to: int = 4096
    components_up_to: int = 256
    budget: float = 120.0
    timeout: float | None = None
    name: str = "scale"
    devices: tuple[str, ...] = ("auto",)
    threads: int | None = None
    precision: str | None = None
    fresh: bool = False
    results_dir: str = "results"
    reports_dir: str = "reports"
    plugins: tuple[str, ...] = ()

    @property
    def centre(self) -> Point:
        """The point that the three sweeps have in common: `CENTRE`, or the nearest below that is allowed."""
        return Point(*(max(s for s in self._allowed(w) if s <= getattr(CENTRE, w)) for w in SWEEPS))

    def sizes(self, sweep: str) -> tuple[int, ...]:
        """Return the sizes of a sweep, ascending; a code is narrower than the data it is made of."""
        widest = self.centre.features if sweep == "components" else math.inf
        return tuple(size for size in self._allowed(sweep) if size < widest)

    def _allowed(self, sweep: str) -> tuple[int, ...]:
        return tuple(size for size in _SIZES[sweep] if size <= getattr(self, f"{sweep}_up_to"))

    def measurement(self) -> Request:
        """Return what both kinds of run ask for alike."""
        ours = {field.name: getattr(self, field.name) for field in fields(self)}
        return Request(**{field.name: ours[field.name] for field in fields(Request) if field.name in ours})


def check_scaling(request: ScalingRequest) -> ScalingRequest:
    """Return a request that can be measured; raise `InputError` where something in it cannot."""
    check_request(request.measurement())
    for sweep in SWEEPS:
        given = getattr(request, f"{sweep}_up_to")
        low, high = _SIZES[sweep][0], _SIZES[sweep][-1]
        if not low <= given <= high:
            raise InputError(f"--{sweep}-up-to must be {low:,} to {high:,}; got {given:,}.")
    if not 0 < request.budget < math.inf:
        raise InputError(f"--budget must be a finite number of seconds > 0; got {request.budget:g}.")
    return request


def command_line(request: ScalingRequest) -> str:
    """Return the command line that asks for `request`, without the directories of this machine."""
    asked, usual = asdict(request), asdict(ScalingRequest())
    words = ["python", "-m", "benchmark", "scale"]
    for name, option in (("reducers", "--reducer"), ("devices", "--device")):
        words += (
            [word for value in asked[name] for word in (option, value)] if asked[name] != usual[name] else []
        )
    sizes = tuple(f"{sweep}_up_to" for sweep in SWEEPS)
    for name in (*sizes, "budget", "timeout", "threads", "precision", "name"):
        if asked[name] != usual[name]:
            words += ["--" + name.replace("_", "-"), str(asked[name]).removesuffix(".0")]
    words += [word for path in request.plugins for word in ("--plugin", Path(path).name)]
    return shlex.join(words)
