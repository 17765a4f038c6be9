"""From what the user asked to the list of jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from benchmark.errors import InputError, suggestion
from benchmark.results import check_run_name
from benchmark.suite import Job, Suite, load_suite

if TYPE_CHECKING:
    from benchmark.datasets import Dataset

DEFAULT_DATASET = "mnist"
FALLBACK_DATASET = "digits"
DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Request:
    """What the user asked for; None leaves a choice to the suite."""

    reducers: tuple[str, ...] | None = None
    dataset: str | None = None
    suite: str = "standard"
    devices: tuple[str, ...] = ("auto",)
    seeds: int | None = None
    components: int | None = None
    name: str | None = None
    fresh: bool = False
    threads: int | None = None
    data_dir: str | None = None
    results_dir: str = "results"
    reports_dir: str = "reports"
    plugins: tuple[str, ...] = ()


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
    )
    jobs = _jobs(template, suite, names, request, tuple(found_devices), dataset)
    return Plan(run, suite, dataset, jobs, (*notes, *more), fell_back=bool(notes))


def check_request(request: Request) -> tuple[Suite, tuple[str, ...]]:
    """Return the suite and the reducers asked for; raise `InputError` where either is wrong."""
    names = choose_reducers(request)
    suite = _adjusted(load_suite(request.suite), request)
    _check_suite_reducers(suite, request)
    unknown = [d for d in request.devices if d not in DEVICES]
    if unknown:
        raise InputError(f"A device is one of {', '.join(DEVICES)}; got {unknown[0]!r}.")
    if request.name is not None:
        check_run_name(request.name)
    return suite, names


def _check_suite_reducers(suite: Suite, request: Request) -> None:
    from reducers.registry import find_reducers

    known = list(find_reducers(request.plugins))
    for name, params in suite.reducers.items():
        if name not in known and not name.startswith("sklearn."):
            raise InputError(
                f"The suite '{suite.name}' sets parameters of an unknown reducer {name!r}."
                f"{suggestion(name, known)} Known: {', '.join(known)}."
            )
        for parameter in ("n_components", "random_state", "device"):
            if parameter in params:
                raise InputError(
                    f"The suite '{suite.name}' cannot set {parameter} of '{name}': components, seeds and "
                    f"--device say it for every reducer."
                )


def choose_reducers(request: Request) -> tuple[str, ...]:
    """Return the reducers asked for, or all there are; raise `InputError` where one does not exist."""
    from reducers.registry import RegistryError, find_reducers, load_reducer

    try:
        known = find_reducers(request.plugins)
        if request.reducers is None:
            return tuple(known)
        for name in request.reducers:
            if not name.startswith("sklearn."):
                load_reducer(name, request.plugins)
    except RegistryError as error:
        raise InputError(str(error)) from error
    return tuple(dict.fromkeys(request.reducers))


def _adjusted(suite: Suite, request: Request) -> Suite:
    """Return the suite with what the command line says in place of its own."""
    for name, value in (
        ("seeds", request.seeds),
        ("components", request.components),
        ("threads", request.threads),
    ):
        if value is not None and value < 1:
            raise InputError(f"--{name} must be an integer >= 1; got {value}.")
    if request.seeds is not None:
        suite = replace(suite, seeds=request.seeds)
    if request.components is not None:
        suite = replace(suite, components=(request.components,))
    return suite


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
    jobs = []
    for name, width in product(names, suite.components):
        params, code, supported = _resolve(name, width, suite, template, dataset)
        base = replace(template, reducer=name, params=params, code=code)
        for asked, seed in product(dict.fromkeys(request.devices), range(suite.seeds)):
            device, reason = _choose_device(name, asked, supported, found)
            jobs.append(replace(base, device=device, seed=seed, unavailable=reason))
    return _distinct(jobs)


def _distinct(jobs: Sequence[Job]) -> tuple[Job, ...]:
    """Drop repetitions: ``--device auto --device cpu`` names the same device twice on many machines."""
    return tuple({job.key: job for job in jobs}.values())


def _resolve(
    name: str, width: int, suite: Suite, template: Job, dataset: Dataset
) -> tuple[dict[str, Any], str, tuple[str, ...]]:
    """Return a reducer's whole parameters, the digest of its code, and the devices it runs on."""
    from reducers.parameters import check_parameters
    from reducers.registry import RegistryError, make_reducer
    from reducers.source import source_digest

    given = dict(suite.reducers.get(name, {}))
    try:
        reducer = make_reducer(name, template.plugins, n_components=width, **given)
        check_parameters(reducer)
    except RegistryError as error:
        raise InputError(str(error)) from error
    except (TypeError, ValueError) as error:
        raise InputError(f"The reducer '{name}' cannot be made: {error}") from error
    params = _job_params(reducer.get_params(deep=False), given, width, dataset)
    if {"epochs", "batch_size"} <= set(params):
        params |= suite.epochs(params, template.n_train)
    _check_storable(name, params)
    return params, source_digest(reducer), tuple(reducer.devices)


def _check_storable(name: str, params: Mapping[str, Any]) -> None:
    for parameter, value in params.items():
        try:
            json.dumps(value)
        except (TypeError, ValueError):
            raise InputError(
                f"The reducer '{name}' needs {parameter} to be a value that JSON can hold; got {value!r}."
            ) from None


def _job_params(
    all_params: Mapping[str, Any], given: Mapping[str, Any], width: int, dataset: Dataset
) -> dict[str, Any]:
    """Return the parameters a job carries: all but those that have a column of their own."""
    if "estimator" in all_params:
        return {"n_components": width, **given}
    params = {k: v for k, v in all_params.items() if k not in ("random_state", "device")}
    if params.get("image_shape", ()) is None and dataset.image_shape is not None:
        params["image_shape"] = list(dataset.image_shape)
    return params


def _choose_device(
    name: str, asked: str, supported: tuple[str, ...], found: tuple[str, ...]
) -> tuple[str, str | None]:
    """Return the device to measure on, and why it cannot be, if so."""
    if asked == "auto":
        return next(d for d in ("cuda", "mps", "cpu") if d in supported and d in found), None
    if asked not in supported:
        return asked, f"{name} runs on {', '.join(supported)} only"
    if asked not in found:
        return asked, f"device '{asked}' is not on this machine; found: {', '.join(found)}"
    return asked, None
