"""A suite on a dataset: every reducer, width, device and seed is a job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from benchmark.datasets import Dataset, DataUnavailable, load_dataset
from benchmark.errors import InputError
from benchmark.plan import Plan
from benchmark.plan.job import Job
from benchmark.plan.job_maker import JobMaker, Machine
from benchmark.plan.suite import Suite, choose_clusterings, choose_reducers, find_suite
from benchmark.request import Request
from benchmark.results import Record, check_run_name

DEFAULT_DATASET = "mnist"
FALLBACK_DATASET = "digits"


class SuitePlan(Plan):
    """The plan of a `Request`.

    Parameters
    ----------
    request : Request
    machine : Machine

    Attributes
    ----------
    suite : Suite
        With what the request says in place of its own.
    dataset : Dataset
    jobs : tuple of Job
        All of them, seed by seed, so that one dataset after the other is loaded.

    Raises
    ------
    InputError
        Something asked for does not exist or is not allowed.
    """

    def __init__(self, request: Request, machine: Machine) -> None:
        names = choose_reducers(request)
        suite = find_suite(request)
        self.dataset, fallback = _load(request, suite)
        self.suite, narrowed = _narrow_components(suite, request, self.dataset)
        self.requested_dataset = DEFAULT_DATASET if fallback else self.dataset.name
        default_name = f"{self.dataset.name}-{self.suite.name}"
        run = check_run_name(default_name if request.name is None else request.name)
        maker = JobMaker(request, machine, run)
        super().__init__(run, maker.threads)
        self.notes = (*fallback, *narrowed)
        self.jobs = tuple(_jobs(maker, self.dataset, self.suite, names, request))
        self.total = len(self.jobs)

    def undecided(self) -> set[str]:
        """Return the devices of the jobs that leave their arithmetic to the run."""
        return {job.device for job in self.jobs if job.is_undecided}

    def next(self, records: Mapping[str, Record]) -> Sequence[Job]:
        """Return every job that is not in `records`."""
        jobs = (job.decided(self.arithmetic) for job in self.jobs)
        return [job for job in jobs if job.key not in records]

    def describe(self) -> str:
        """Return the number of jobs, and the size of the data."""
        data = self.dataset
        return (
            f"{len(self.jobs)} jobs on {data.name} ({data.n_train:,} training and {data.n_test:,} test "
            f"samples of {data.n_features} features)"
        )

    def label(self, measured: Job | Record) -> str:
        """Return reducer, device and seed."""
        return f"{measured.reducer} on {measured.device}, seed {measured.seed}"

    def continues(self, facts: Mapping[str, Any]) -> bool:
        """Whether the facts are of the same data."""
        return facts.get("dataset_sha256") == self.dataset.sha256

    def facts(self, earlier: Mapping[str, Any], records: Mapping[str, Record]) -> dict[str, Any]:
        """Return what is measured on what; reducers and devices are those of the calls before, too."""
        data = self.dataset
        return {
            "suite": self.suite.name,
            "suite_summary": self.suite.summary,
            "dataset": data.name,
            "requested_dataset": self.requested_dataset,
            "dataset_sha256": data.sha256,
            **{size: getattr(data, size) for size in ("n_train", "n_test", "n_features", "n_classes")},
            "reducers": joined(earlier.get("reducers", []), (job.reducer for job in self.jobs)),
            "devices": joined(earlier.get("devices", []), (job.device for job in self.jobs)),
            "seeds": self.suite.seeds,
            "repeats": self.suite.repeats,
            "components": list(self.suite.components),
            "min_updates": self.suite.min_updates,
            "notes": list(self.notes),
        }


def _load(request: Request, suite: Suite) -> tuple[Dataset, tuple[str, ...]]:
    """Return the dataset; MNIST, where nobody named one and it cannot be had, gives way to digits."""

    def load(name: str) -> Dataset:
        return load_dataset(
            name, data_dir=request.data_dir, seed=0, n_train=suite.n_train, n_test=suite.n_test
        )

    named = request.dataset or suite.dataset
    if named is not None:
        return load(named), ()
    try:
        return load(DEFAULT_DATASET), ()
    except DataUnavailable as error:
        note = f"{error} This run therefore measures '{FALLBACK_DATASET}' instead of '{DEFAULT_DATASET}'."
        return load(FALLBACK_DATASET), (note,)


def _narrow_components(suite: Suite, request: Request, dataset: Dataset) -> tuple[Suite, tuple[str, ...]]:
    """Narrow the suite's code to half the data's width; too large a width asked for is an error instead."""
    widest = min(dataset.n_features, dataset.n_train)
    if request.components is not None:
        if request.components > widest:
            raise InputError(
                f"--components must be 1 to {widest} for {dataset.name}; got {request.components}."
            )
        return suite, ()
    if max(suite.components) < widest:
        return suite, ()
    half = max(widest // 2, 1)
    components = tuple(dict.fromkeys(min(width, half) for width in suite.components))
    note = f"{dataset.name} has {dataset.n_features} features, so codes have at most {half} components."
    return replace(suite, components=components), (note,)


def _jobs(
    maker: JobMaker, dataset: Dataset, suite: Suite, names: Sequence[str], request: Request
) -> Iterable[Job]:
    """Return the jobs seed by seed: a seed decides split and sub-sample, which are then loaded once."""
    source = request.dataset or suite.dataset or dataset.name
    wanted = product(range(suite.seeds), names, suite.components, request.devices)
    jobs = (
        maker.make(dataset, suite, name, width, asked, seed=seed, source=source, data_dir=request.data_dir)
        for seed, name, width, asked in wanted
    )
    clusterings = choose_clusterings(request)
    jobs = (replace(job, clusterings=clusterings) for job in jobs)
    # ``--device auto --device cpu`` names the same device twice on many machines.
    return {job.key: job for job in jobs}.values()


def joined(one: Iterable[str], other: Iterable[str]) -> list[str]:
    """Return both lists as one without repetitions."""
    return list(dict.fromkeys([*one, *other]))
