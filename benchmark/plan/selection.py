"""The best of a reducer's settings, chosen on training samples that were held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmark.plan.job import Job
from benchmark.results import Record
from benchmark.scoring import METRICS


def select(jobs: Sequence[Job], records: Mapping[str, Record], metric: str) -> list[Job]:
    """Return the jobs of the settings that were chosen; of reducers with several, first those that choose.

    `jobs` are every setting on the test set, `records` what was measured so far, by key; the score named
    `metric` decides, by its mean over seeds.
    """
    settings: dict[tuple[object, ...], dict[str, list[Job]]] = {}
    for job in jobs:
        place = job.dataset, job.reducer, job.params["n_components"], job.device
        settings.setdefault(place, {}).setdefault(job.setting, []).append(job)
    return [job for several in settings.values() for job in _chosen(several, records, metric)]


def _chosen(
    settings: Mapping[str, Sequence[Job]], records: Mapping[str, Record], metric: str
) -> Sequence[Job]:
    if len(settings) == 1:
        return next(iter(settings.values()))
    trials = {s: [replace(job, part="validation") for job in jobs] for s, jobs in settings.items()}
    every = [job for several in trials.values() for job in several]
    if any(job.key not in records for job in every):
        return every
    scores = {s: [records[job.key].scores.get(metric) for job in jobs] for s, jobs in trials.items()}
    means = {s: sum(filter(None, values)) / len(values) for s, values in scores.items() if None not in values}
    if not means:
        # Whatever is wrong with all of them, the first one's row will say.
        return next(iter(settings.values()))
    best = (max if METRICS[metric].higher_is_better else min)(means, key=lambda setting: means[setting])
    said = f"best of {len(settings)} by {metric} on a fifth of the training set"
    return [replace(job, chosen=said) for job in settings[best]]
