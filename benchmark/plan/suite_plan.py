"""A suite on datasets: every reducer, setting, width, device and seed is a job."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, TypeVar

from benchmark.analysis.columns import CONTROLS
from benchmark.datasets import Dataset, DataUnavailable, load_dataset
from benchmark.datasets.data_options import DataOptions
from benchmark.datasets.samples import samples_key, shown_samples
from benchmark.errors import InputError
from benchmark.plan import Plan
from benchmark.plan.job import Job
from benchmark.plan.job_maker import JobMaker, Machine
from benchmark.plan.selection import select
from benchmark.plan.settings import Setting, find_settings
from benchmark.plan.suite import Suite, choose_clusterings, choose_reducers, find_suite
from benchmark.request import Request
from benchmark.results import Record, check_run_name, title
from benchmark.scoring.declared import scoring_digest

if TYPE_CHECKING:
    from benchmark.results.artifacts import Arrays

T = TypeVar("T")

DEFAULT_DATASET = "mnist"
FALLBACK_DATASET = "digits"
# Chance scores as much in wider codes, which take longer to score.
_SHUFFLED_WIDTH = 2
_SIZES = ("n_train", "n_test", "n_features", "n_classes")


class SuitePlan(Plan):
    """The plan of a `Request`.

    Attributes
    ----------
    suite : Suite
        With what the request says in place of its own.
    datasets : dict of Dataset
        By what each was asked for as: a name, or the path of a file.
    jobs : tuple of Job
        All of them, seed by seed, so that one dataset after the other is loaded.

    Raises
    ------
    InputError
        Something asked for does not exist or is not allowed.
    """

    def __init__(self, request: Request, machine: Machine) -> None:
        names = choose_reducers(request)
        self.suite = find_suite(request)
        settings = find_settings(request.settings, {name: self.suite.settings(name) for name in names})
        self.datasets, fallback = _load(request, self.suite)
        _check_names(self.datasets)
        names_of_data = [data.name for data in self.datasets.values()]
        self.dataset = ", ".join(names_of_data)
        self.requested_dataset = DEFAULT_DATASET if fallback else self.dataset
        default_name = f"{'+'.join(names_of_data)}-{self.suite.name}"
        run = check_run_name(default_name if request.name is None else request.name)
        maker = JobMaker(request, machine, run)
        super().__init__(run, maker.threads)
        self.notes = fallback
        self.components: list[int] = []
        jobs: dict[str, Job] = {}
        for source, data in self.datasets.items():
            suite, narrowed = _narrow_components(self.suite, request, data)
            self.notes = (*self.notes, *data.notes, *narrowed)
            self.components = joined(self.components, suite.components)
            jobs |= _jobs(maker, source, data, suite, settings, request)
        if not jobs:
            raise InputError(
                f"The control 'labels' needs classes, and {self.dataset} has none: name others too."
            )
        self.jobs = tuple(jobs.values())
        self._select = request.select
        self.total = len(self.jobs) if self._select is None else None

    def undecided(self) -> set[str]:
        """Return the devices of the jobs that leave their arithmetic to the run."""
        return {job.device for job in self.jobs if job.is_undecided}

    def next(self, records: Mapping[str, Record]) -> Sequence[Job]:
        """Return every job that is not in `records`; where settings are chosen, first those that choose."""
        jobs = [job.decided(self.arithmetic) for job in self.jobs]
        wanted = jobs if self._select is None else select(jobs, records, self._select)
        return [job for job in wanted if job.key not in records]

    def describe(self) -> str:
        """Return the number of jobs, and the sizes of the data."""
        data = (
            f"{data.name} ({data.n_train:,} training and {data.n_test:,} test samples of {data.n_features} "
            "features)"
            for data in self.datasets.values()
        )
        chosen = f", of which {self._select} chooses the best settings," if self._select else ""
        return f"{len(self.jobs)} jobs{chosen} on {', '.join(data)}"

    def label(self, measured: Job | Record) -> str:
        """Return reducer, setting, device and seed, and the data where there are several."""
        where = f" of {measured.dataset}" if len(self.datasets) > 1 else ""
        trial = "" if measured.part == "test" else ", held out"
        trial += ", transductive" if measured.scored_on == "all" else ""
        return f"{title(measured)} on {measured.device}, seed {measured.seed}{where}{trial}"

    def difference(self, facts: Mapping[str, Any]) -> str:
        """Return in which data, or in which suite, the facts differ from this plan."""
        # What an older version did not write down cannot differ.
        held, mine = _shown(data_facts(facts)), _shown(self._data_facts())
        if held and held != mine:
            return f"it holds {held}, and this call measures {mine}"
        name, digest = facts.get("suite", self.suite.name), facts.get("suite_sha256", self.suite.sha256)
        if name != self.suite.name:
            return f"it holds the suite '{name}', and this is '{self.suite.name}'"
        same = digest == self.suite.sha256
        return "" if same else f"it holds the suite '{name}' as it was before it was changed"

    def facts(self, earlier: Mapping[str, Any], records: Mapping[str, Record]) -> dict[str, Any]:
        """Return what is measured on what, by this call and those before."""
        data = self._data_facts()
        # A run of one dataset says what it says without a name, too.
        sole = next(iter(data.values())) if len(data) == 1 else {}
        return {
            "suite": self.suite.name,
            "suite_summary": self.suite.summary,
            "suite_sha256": self.suite.sha256,
            "dataset": self.dataset,
            "requested_dataset": self.requested_dataset,
            **{"dataset_sha256" if name == "sha256" else name: value for name, value in sole.items()},
            "datasets": data,
            "reducers": joined(earlier.get("reducers", []), (job.reducer for job in self.jobs)),
            "devices": joined(earlier.get("devices", []), (job.device for job in self.jobs)),
            "seeds": max(self.suite.seeds, earlier.get("seeds", 0)),
            "repeats": self.suite.repeats,
            "components": joined(earlier.get("components", []), self.components),
            "min_updates": self.suite.min_updates,
            "notes": joined(earlier.get("notes", []), self.notes),
        }

    def samples(self, kept: Collection[str]) -> Mapping[str, Arrays]:
        """Return the test samples that are shown, by dataset: those of the first seed."""
        by_key = {samples_key(data.sha256): data for data in self.datasets.values()}
        found = {key: shown_samples(data) for key, data in by_key.items() if key not in kept}
        return {key: samples for key, samples in found.items() if samples}

    def _data_facts(self) -> dict[str, dict[str, Any]]:
        names = ("sha256", *_SIZES)
        return {d.name: {name: getattr(d, name) for name in names} for d in self.datasets.values()}


def data_facts(facts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return checksum and sizes of the data of a run by their name, from its ``run.json``, if it says so."""
    sole = {"sha256": facts.get("dataset_sha256"), **{n: facts[n] for n in _SIZES if n in facts}}
    known = facts.get("datasets") or {facts.get("dataset"): sole}
    return {name: data for name, data in known.items() if name and isinstance(data.get("sha256"), str)}


def _shown(data: Mapping[str, Mapping[str, Any]]) -> str:
    return " and ".join(f"{name} (SHA-256 {said['sha256'][:16]})" for name, said in sorted(data.items()))


def _check_names(datasets: Mapping[str, Dataset]) -> None:
    known: dict[str, str] = {}
    for source, data in datasets.items():
        other = known.setdefault(data.name, source)
        if other != source:
            raise InputError(f"Two datasets are named {data.name!r}, {other} and {source}: rename one.")


def _data_options(request: Request) -> DataOptions:
    return DataOptions(**{field.name: getattr(request, field.name) for field in fields(DataOptions)})


def _load(request: Request, suite: Suite) -> tuple[dict[str, Dataset], tuple[str, ...]]:
    """Return the datasets; MNIST, where nobody named one and it cannot be had, gives way to digits."""
    load = partial(
        load_dataset, data_dir=request.data_dir, n_train=suite.n_train, n_test=suite.n_test,
        options=_data_options(request), plugins=request.plugins,
    )  # fmt: skip
    named = request.dataset or (suite.dataset and (suite.dataset,))
    if named:
        return {name: load(name) for name in dict.fromkeys(named)}, ()
    try:
        return {DEFAULT_DATASET: load(DEFAULT_DATASET)}, ()
    except DataUnavailable as error:
        note = f"{error} This run therefore measures '{FALLBACK_DATASET}' instead of '{DEFAULT_DATASET}'."
        return {FALLBACK_DATASET: load(FALLBACK_DATASET)}, (note,)


def _narrow_components(suite: Suite, request: Request, dataset: Dataset) -> tuple[Suite, tuple[str, ...]]:
    """Narrow the suite's code to half the data's width; too large a width asked for is an error instead."""
    widest = min(dataset.n_features, dataset.n_train)
    if request.components is not None:
        if max(request.components) > widest:
            raise InputError(
                f"--components must be 1 to {widest} for {dataset.name}; got {max(request.components)}."
            )
        return suite, ()
    if max(suite.components) < widest:
        return suite, ()
    half = max(widest // 2, min(2, widest - 1), 1)
    components = tuple(dict.fromkeys(min(width, half) for width in suite.components))
    note = f"{dataset.name} has {dataset.n_features} features, so codes have at most {half} components."
    return replace(suite, components=components), (note,)


def _jobs(
    maker: JobMaker, source: str, dataset: Dataset, suite: Suite,
    settings: Mapping[str, Sequence[Setting]], request: Request,
) -> dict[str, Job]:  # fmt: skip
    """Return the jobs seed by seed: a seed decides split and sub-sample, which are then loaded once."""
    reducers = [(name, setting) for name, several in settings.items() for setting in several]
    clusterings = choose_clusterings(request)
    digest, options = scoring_digest(clusterings, request.plugins), _data_options(request).as_facts()
    # ``--device auto --device cpu`` names the same device twice on many machines: one job by its key.
    jobs: dict[str, Job] = {}
    for seed, (name, setting) in product(range(suite.seeds), reducers):
        for width, asked in product(*_widths_and_devices(name, dataset, suite, request)):
            job = maker.make(
                dataset, suite, name, width, asked, setting=setting, seed=seed, source=source,
                data_dir=request.data_dir,
            )  # fmt: skip
            job = replace(
                job, clusterings=clusterings, scoring=digest, data_options=options,
                keep_model=request.keep_models,
            ).under(request.protocol)  # fmt: skip
            jobs[job.key] = job
    return jobs


def _widths_and_devices(
    name: str, dataset: Dataset, suite: Suite, request: Request
) -> tuple[Sequence[int], Sequence[str]]:
    """Return what a reducer is measured at; of the controls, one width: none where there are no classes."""
    if name not in CONTROLS:
        return suite.components, request.devices
    if name == "shuffled":
        return (min(_SHUFFLED_WIDTH, dataset.n_features),), ("cpu",)
    return (dataset.n_classes,) if dataset.is_labelled else (), ("cpu",)


def joined(one: Iterable[T], other: Iterable[T]) -> list[T]:
    """Return both lists as one without repetitions."""
    return list(dict.fromkeys([*one, *other]))
