"""What jobs will take, by the records of earlier runs: nothing is measured for it, and nothing guessed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from benchmark.analysis.scaling import EXPONENTS, SWEEPS
from benchmark.datasets.split import test_size
from benchmark.plan.job import Job
from benchmark.results import Record

# What costs are scaled by, or the data decide; a record that tells of a job agrees in all other parameters.
_SCALED = ("n_components", "epochs", "pretrain_epochs", "image_shape")
# Exponents by sweep, of a reducer, a device and a cost: "fit" or "memory".
_Laws = Mapping[tuple[str, str, str], Mapping[str, float]]


class Cost(NamedTuple):
    """What a job will take, None where nothing is known, and how that was found.

    `by` is "measured" of a job of the same sizes, "exponents" where a scaling run tells how its costs grow,
    "rows" or "epochs" where they are taken to be in proportion to these, else "unknown".
    """

    seconds: float | None = None
    memory_mb: float | None = None
    by: str = "unknown"


def estimate(jobs: Sequence[Job], results_dir: str | Path, machine: str | None) -> dict[str, Cost]:
    """Return what jobs will take, by key; those that cannot be measured are left out.

    Of the records in `results_dir` of `machine` (see `Record.machine`; None where that is not known) with the
    same reducer, device, threads and parameters, the one nearest in size tells; of several, the median.
    """
    possible = [job for job in jobs if job.unavailable is None]
    names = {job.key.rsplit("-", 3)[0] for job in possible}
    paths = Path(results_dir).glob("*/jobs/*.json") if names and machine else ()
    known: dict[tuple[object, ...], list[Record]] = {}
    for record in read_quietly(path for path in paths if path.stem.rsplit("-", 3)[0] in names):
        if (record.machine, record.status) == (machine, "ok") and record.timing != "shared":
            known.setdefault(_meaning(record), []).append(record)
    laws = _laws(results_dir) if known else {}
    # Seeds cost the same.
    works = {job.key: (*_meaning(job), *_sizes(job).values(), job.repeats) for job in possible}
    unlike = {works[job.key]: job for job in possible}
    costs = {work: _cost(job, known.get(_meaning(job), []), laws) for work, job in unlike.items()}
    return {key: costs[work] for key, work in works.items()}


def read_quietly(paths: Iterable[Path]) -> Iterator[Record]:
    """Yield the records that can be read; the other files stay as they are, and nothing is said of them."""
    for path in paths:
        with suppress(OSError, ValueError):
            if path.is_file():  # a pipe would wait
                yield Record.from_json(path.read_text(encoding="utf-8"))


def _cost(job: Job, known: Sequence[Record], laws: _Laws) -> Cost:
    wanted = _sizes(job)
    sized = [record for record in known if all([*wanted.values(), *_sizes(record).values()])]
    timed = [record for record in sized if record.job_seconds is not None] or sized
    changes = [{n: size / _sizes(record)[n] for n, size in wanted.items()} for record in timed]
    distances = [math.fsum(abs(math.log(ratio)) for ratio in ratios.values()) for ratios in changes]
    found = zip(timed, changes, distances, strict=True)
    costs = [_scaled(r, job, ratios, laws) for r, ratios, far in found if far == min(distances)]
    return sorted(costs, key=lambda cost: cost.seconds or 0.0)[len(costs) // 2] if costs else Cost()


def _scaled(record: Record, job: Job, ratios: Mapping[str, float], laws: _Laws) -> Cost:
    """Return what a record tells of a job: warm-up as it was, the fit by its law, all else by rows."""
    rows, passes = ratios["samples"], ratios["epochs"]
    growth, by = _growth(ratios, laws.get((job.reducer, job.device, "fit"), {}))
    memory = record.peak_memory_mb
    if memory is not None:
        memory *= _growth(ratios, laws.get((job.reducer, job.device, "memory"), {}))[0]
    if record.job_seconds is None:
        return Cost(None, memory, by)
    timed = (record.fit_seconds or 0.0) * growth * passes + (record.transform_seconds or 0.0) * rows
    beside = (record.score_seconds or 0.0) + max(record.job_seconds - record.spent_seconds, 0.0)
    return Cost((record.warmup_seconds or 0.0) + timed * job.repeats + beside * rows, memory, by)


def _growth(ratios: Mapping[str, float], powers: Mapping[str, float]) -> tuple[float, str]:
    """Return the factor of a cost whose sizes change by these ratios, epochs aside, and how it is known."""
    changed = {name: ratios[name] for name in SWEEPS if ratios[name] != 1}
    if not changed:
        return 1.0, "measured" if ratios["epochs"] == 1 else "epochs"
    if changed.keys() <= powers.keys():
        return math.prod(ratio ** powers[name] for name, ratio in changed.items()), "exponents"
    return ratios["samples"], "rows"


def _laws(results_dir: str | Path) -> _Laws:
    import pandas as pd

    laws: dict[tuple[str, str, str], dict[str, float]] = {}
    for path, cost in product(sorted(Path(results_dir).glob(f"*/{EXPONENTS}")), ("fit", "memory")):
        with suppress(OSError, ValueError, KeyError):  # a damaged file
            known = pd.read_csv(path).dropna(subset=f"{cost}_exponent")
            # Of several curves the one of most points tells; a cost is never taken to fall.
            for row in known.sort_values("ok").to_dict("records"):
                powers = laws.setdefault((row["reducer"], row["device"], cost), {})
                powers[row["sweep"]] = max(row[f"{cost}_exponent"], 0.0)
    return laws


def _meaning(measured: Job | Record) -> tuple[object, ...]:
    others = {name: value for name, value in measured.params.items() if name not in _SCALED}
    said = json.dumps(others, sort_keys=True, default=str)
    return measured.reducer, measured.device, measured.threads, said


def _sizes(measured: Job | Record) -> dict[str, Any]:
    """Return what costs grow with: the sizes of `SWEEPS`, and epochs; None for what is not known."""
    rows, epochs = measured.n_train, measured.params.get("epochs")
    if isinstance(measured, Job) and measured.part == "validation":
        rows = measured.n_train - test_size(measured.n_train)
    sizes = dict(zip(SWEEPS, (rows, measured.n_features, measured.params.get("n_components")), strict=True))
    return {**sizes, "epochs": epochs if type(epochs) is int and epochs > 0 else 1}
