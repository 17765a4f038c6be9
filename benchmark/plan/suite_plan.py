"""From what the user asked to the list of jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from benchmark.errors import InputError
from benchmark.plan.job import Job
from benchmark.plan.request_checks import check_request
from benchmark.plan.resolve import choose_device, resolve
from benchmark.plan.suite import Suite
from benchmark.request import Request
from benchmark.results import check_run_name

if TYPE_CHECKING:
    from benchmark.datasets import Dataset

DEFAULT_DATASET = "mnist"
FALLBACK_DATASET = "digits"


@dataclass(frozen=True)
class Plan:
    """The jobs of a run and what they have in common."""

    run: str
    suite: Suite
    dataset: Dataset
    jobs: tuple[Job, ...]
    notes: tuple[str, ...]
    fell_back: bool


def make_plan(request: Request, found_devices: Sequence[str], threads: int) -> Plan:
    """Return the plan of `request` on a machine with `found_devices` and `threads` cores to use.

    Raises
    ------
    InputError
        Something asked for does not exist or is not allowed.
    """
    suite, names = check_request(request)
    dataset, notes = _load(request, suite)
    suite, more = _fit_components(suite, request, dataset)
    run = check_run_name(f"{dataset.name}-{suite.name}" if request.name is None else request.name)
    template = Job(
        run=run,
        dataset=dataset.name,
        source=_source(request, suite, dataset),
        data=dataset.sha256,
        n_train=dataset.n_train,
        n_test=dataset.n_test,
        n_features=dataset.n_features,
        reducer="",
        params={},
        device="",
        threads=threads,
        seed=0,
        code="",
        data_dir=request.data_dir,
        plugins=request.plugins,
        repeats=suite.repeats,
    )
    jobs = _jobs(template, suite, names, request, tuple(found_devices), dataset)
    return Plan(run, suite, dataset, jobs, (*notes, *more), fell_back=bool(notes))


def _load(request: Request, suite: Suite) -> tuple[Dataset, tuple[str, ...]]:
    """Return the dataset; MNIST, where nobody named one and it cannot be had, gives way to digits."""
    from benchmark.datasets import DataUnavailable, load_dataset

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


def _source(request: Request, suite: Suite, dataset: Dataset) -> str:
    named = request.dataset or suite.dataset
    return named if named is not None else dataset.name


def _fit_components(suite: Suite, request: Request, dataset: Dataset) -> tuple[Suite, tuple[str, ...]]:
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
    template: Job,
    suite: Suite,
    names: Sequence[str],
    request: Request,
    found: tuple[str, ...],
    dataset: Dataset,
) -> tuple[Job, ...]:
    jobs, codes = [], dict[str, str]()
    for name, width in product(names, suite.components):
        params, codes[name], supported = resolve(
            name, width, suite, template, dataset, request.precision, codes.get(name)
        )
        base = replace(template, reducer=name, params=params, code=codes[name])
        for asked, seed in product(dict.fromkeys(request.devices), range(suite.seeds)):
            device, reason = choose_device(name, asked, supported, found, request.cluster is not None)
            jobs.append(replace(base, device=device, seed=seed, unavailable=reason))
    return _distinct(jobs)


def _distinct(jobs: Sequence[Job]) -> tuple[Job, ...]:
    """Drop repetitions: ``--device auto --device cpu`` names the same device twice on many machines."""
    return tuple({job.key: job for job in jobs}.values())
