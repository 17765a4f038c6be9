"""What jobs will take, by the records of earlier runs: nothing is measured for it, and nothing guessed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

from benchmark.analysis.columns import EXPONENTS, SWEEPS
from benchmark.datasets.split import test_size
from benchmark.plan.job import Job
from benchmark.results import Record

# What costs are scaled by, or the data decide; a record that tells of a job agrees in all other parameters.
_SCALED = ("n_components", "epochs", "pretrain_epochs", "image_shape")
_Meaning = tuple[str, str, str, int]
_Sizes = tuple[int, int, int, int]
_Powers = Mapping[str, float]


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
    possible = {job.key: job for job in jobs if job.unavailable is None}
    names = {key.rsplit("-", 3)[0] for key in possible}
    paths = Path(results_dir).glob("*/jobs/*.json") if names and machine else ()
    known: dict[_Meaning, dict[_Sizes, list[Record]]] = {}
    for record in read_quietly(path for path in paths if path.stem.rsplit("-", 3)[0] in names):
        told = (record.machine, record.status) == (machine, "ok") and record.timing != "shared"
        if told and min(_sizes(record)) > 0:
            known.setdefault(_meaning(record), {}).setdefault(_sizes(record), []).append(record)
    medians = {meaning: list(map(_median, of.values())) for meaning, of in known.items()}
    laws = _laws(results_dir) if known else {}

    @cache
    def cost(meaning: _Meaning, sizes: _Sizes, repeats: int) -> Cost:
        told = medians.get(meaning) if min(sizes) > 0 else None
        if not told:
            return Cost()
        steps = [[a / b for a, b in zip(sizes, _sizes(record), strict=True)] for record in told]
        far = [math.fsum(abs(math.log(ratio)) for ratio in ratios) for ratios in steps]
        place = min(range(len(told)), key=lambda i: (told[i].job_seconds is None, far[i]))
        record, ratios = told[place], dict(zip((*SWEEPS, "epochs"), steps[place], strict=True))
        fit, memory = (laws.get((*meaning[:2], name), {}) for name in ("fit", "memory"))
        return _scaled(record, repeats, ratios, fit, memory)

    return {key: cost(_meaning(job), _sizes(job), job.repeats) for key, job in possible.items()}


def read_quietly(paths: Iterable[Path]) -> Iterator[Record]:
    """Yield the records that can be read; the other files stay as they are, and nothing is said of them."""
    for path in paths:
        with suppress(OSError, ValueError):
            if path.is_file():  # a pipe would wait
                yield Record.from_json(path.read_text(encoding="utf-8"))


def _median(records: list[Record]) -> Record:
    timed = [(record.job_seconds, record) for record in records if record.job_seconds is not None]
    return sorted(timed, key=lambda pair: pair[0])[len(timed) // 2][1] if timed else records[0]


def _scaled(record: Record, repeats: int, ratios: Mapping[str, float], fit: _Powers, memory: _Powers) -> Cost:
    """Return what a record tells of a job: warm-up as it was, the fit by its law, all else by rows."""
    rows, (growth, by) = ratios["samples"], _growth(ratios, fit)
    peak = record.peak_memory_mb and record.peak_memory_mb * _growth(ratios, memory)[0]
    if record.job_seconds is None:
        return Cost(None, peak, by)
    fitted = (record.fit_seconds or 0.0) * growth * ratios["epochs"]
    timed = repeats * (fitted + (record.transform_seconds or 0.0) * rows)
    beside = (record.score_seconds or 0.0) + max(record.job_seconds - record.spent_seconds, 0.0)
    return Cost((record.warmup_seconds or 0.0) + timed + beside * rows, peak, by)


def _growth(ratios: Mapping[str, float], powers: _Powers) -> tuple[float, str]:
    """Return the factor of a cost whose sizes change by these ratios, epochs aside, and how it is known."""
    changed = {name: ratios[name] for name in SWEEPS if ratios[name] != 1}
    if not changed:
        return 1.0, "measured" if ratios["epochs"] == 1 else "epochs"
    if changed.keys() <= powers.keys():
        return math.prod(ratio ** powers[name] for name, ratio in changed.items()), "exponents"
    return ratios["samples"], "rows"


def _laws(results_dir: str | Path) -> Mapping[tuple[str, str, str], _Powers]:
    """Return exponents by sweep, of a reducer, a device and a cost: "fit" or "memory"."""
    import pandas as pd

    laws: dict[tuple[str, str, str], dict[str, float]] = {}
    for path, cost in product(sorted(Path(results_dir).glob(f"*/{EXPONENTS}")), ("fit", "memory")):
        with suppress(OSError, ValueError, KeyError, TypeError):  # a damaged file
            known = pd.read_csv(path).dropna(subset=f"{cost}_exponent")
            # Of several curves the one of most points tells; a cost is never taken to fall.
            for row in known.sort_values("ok").to_dict("records"):
                powers = laws.setdefault((row["reducer"], row["device"], cost), {})
                powers[row["sweep"]] = max(row[f"{cost}_exponent"], 0.0)
    return laws


def _meaning(measured: Job | Record) -> _Meaning:
    others = {name: value for name, value in measured.params.items() if name not in _SCALED}
    said = json.dumps(others, sort_keys=True, default=str)
    return measured.reducer, measured.device, said, measured.threads


def _sizes(measured: Job | Record) -> _Sizes:
    """Return what costs grow with: the sizes of `SWEEPS`, and epochs; 0 for what is not known."""
    rows, params = measured.n_train or 0, measured.params
    if isinstance(measured, Job) and measured.part == "validation":
        rows -= test_size(rows)
    width, epochs = (params[name] if type(params.get(name)) is int else 0 for name in _SCALED[:2])
    return rows, measured.n_features or 0, width, epochs or 1
