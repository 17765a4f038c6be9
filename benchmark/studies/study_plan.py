"""The plan of studies: every case of every study, once a seed; what two studies share is measured once."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark.datasets import load_dataset
from benchmark.errors import InputError, suggestion
from benchmark.measure.trial import Task, task_path
from benchmark.plan import Plan
from benchmark.plan.job import Job
from benchmark.plan.job_maker import JobMaker, Machine
from benchmark.plan.settings import Setting
from benchmark.plan.suite import Suite
from benchmark.plan.suite_plan import joined
from benchmark.request import StudyRequest
from benchmark.results import Record, check_run_name
from benchmark.studies import heads, letters, networks
from benchmark.studies.catalog import STUDIES
from benchmark.studies.declaration import KIND, Case, Study
from reducers import make_reducer

_SHARED = (heads, letters, networks)
# Parameters that say how long something is trained.
_LENGTHS = ("epochs", "pretrain_epochs", "label_epochs", "n_epochs", "steps", "rounds")


@dataclass(frozen=True)
class Effort:
    """How much of the data is used, and which share of the passes over them."""

    n_train: int | None = None
    n_test: int | None = None
    share: float = 1.0
    seeds: int = 1_000


EFFORTS = {"standard": Effort(), "quick": Effort(3_000, 1_000, 0.05, 1), "tiny": Effort(300, 100, 0.0, 1)}


def choose_studies(names: Sequence[str] | None) -> dict[str, Study]:
    """Return studies by their identifiers, asked for by these or by name; all of them for None."""
    if names is None:
        return dict(STUDIES)
    by_name = {word.lower(): s for s in STUDIES.values() for word in (s.id, s.name)}
    for name in names:
        if name.lower() not in by_name:
            raise InputError(
                f"No study is called {name!r}.{suggestion(name.lower(), by_name)} Known: "
                f"{', '.join(STUDIES)}; 'python -m benchmark studies' lists their names."
            )
    return {study.id: study for study in (by_name[name.lower()] for name in names)}


class StudyPlan(Plan):
    """The plan of a `StudyRequest`.

    Parameters
    ----------
    request : StudyRequest
    machine : Machine
    """

    kind = KIND

    def __init__(self, request: StudyRequest, machine: Machine) -> None:
        self._request, self._effort = request, EFFORTS[request.suite]
        self.studies = choose_studies(request.studies)
        default = KIND if request.suite == "standard" else f"{KIND}-{request.suite}"
        run = check_run_name(request.name or default)
        self._maker = JobMaker(request, machine, run)
        super().__init__(run, self._maker.threads)
        n_train, n_test = self._effort.n_train, self._effort.n_test
        self._suite = Suite(KIND, n_train=n_train, n_test=n_test)
        self._data = load_dataset(request.dataset, data_dir=request.data_dir, n_train=n_train, n_test=n_test)
        self._cases = {
            name: {case: self._jobs_of(study, study.cases[case]) for case in study.cases}
            for name, study in self.studies.items()
        }
        self._jobs = {job.key: job for by in self._cases.values() for jobs in by.values() for job in jobs}
        self.total = len(self._jobs)

    def undecided(self) -> set[str]:
        """Return the devices of the jobs that leave their arithmetic to the run."""
        return {job.device for job in self._jobs.values() if job.is_undecided}

    def next(self, records: Mapping[str, Record]) -> Sequence[Job]:
        """Return every job that is not in `records`, seed by seed."""
        jobs = sorted(self._jobs.values(), key=lambda job: job.seed)
        decided = {job.key: job for job in (job.decided(self.arithmetic) for job in jobs)}
        return [job for key, job in decided.items() if key not in records]

    def describe(self) -> str:
        """Return the number of studies and jobs, and the data."""
        data = f"{self._data.name} ({self._data.n_train:,} training samples)"
        return f"{len(self.studies)} studies, {self.total} jobs on {data}"

    def label(self, measured: Job | Record) -> str:
        """Return what is measured, the width of its code, device and seed."""
        setting = f" ({measured.setting})" if measured.setting else ""
        return f"{measured.reducer}{setting} on {measured.device}, seed {measured.seed}"

    def difference(self, facts: Mapping[str, Any]) -> str:
        """Return in which data the facts differ from this plan."""
        if facts.get("dataset_sha256", self._data.sha256) == self._data.sha256:
            return ""
        return f"it holds studies on {facts.get('dataset')}, and this call's are on {self._data.name}"

    def facts(self, earlier: Mapping[str, Any], records: Mapping[str, Record]) -> dict[str, Any]:
        """Return which records belong to which case of which study."""
        cases = {
            name: {case: [job.decided(self.arithmetic).key for job in jobs] for case, jobs in by_case.items()}
            for name, by_case in self._cases.items()
        }
        data, jobs = self._data, self._jobs.values()
        sizes = {name: getattr(data, name) for name in ("n_train", "n_test", "n_features", "n_classes")}
        return {
            "kind": KIND,
            "suite": self._request.suite,
            "dataset": data.name,
            "dataset_sha256": data.sha256,
            **sizes,
            "reducers": joined(earlier.get("reducers", []), (job.reducer for job in jobs)),
            "devices": joined(earlier.get("devices", []), (job.device for job in jobs)),
            "seeds": max((len(keys) for by in cases.values() for keys in by.values()), default=0),
            "studies": {**earlier.get("studies", {}), **cases},
        }

    def _jobs_of(self, study: Study, case: Case) -> list[Job]:
        seeds = min(self._request.seeds or min(study.seeds, self._effort.seeds), case.seeds)
        return [self._job(case, seed, device) for device in self._request.devices for seed in range(seeds)]

    def _job(self, case: Case, seed: int, device: str) -> Job:
        task, params = case.task, shortened(case, self._effort.share)
        job = self._maker.make(
            self._data, self._suite, "raw" if task else case.reducer, case.width, device, seed=seed,
            source=self._request.dataset, data_dir=self._request.data_dir,
            setting=Setting({} if task else params, ""),
        )  # fmt: skip
        if task is None:
            return replace(job, clusterings=_clusterings(case)).under(case.protocol)
        said = ", ".join(f"{name}={value}" for name, value in case.params.items() if name not in _LENGTHS)
        return replace(
            job, reducer=case.reducer, params={"n_components": case.width, **params}, setting=said,
            task=task_path(task), code=_digest(task),
        )  # fmt: skip


def _clusterings(case: Case) -> tuple[str, ...]:
    """Return what all studies judge the codes of a case by: it is measured once for all of them."""
    cases = (other for study in STUDIES.values() for other in study.cases.values())
    # How often and by what it is judged apart, cases that are equal are the same measurement.
    alike = (
        other for other in cases if replace(other, clusterings=case.clusterings, seeds=case.seeds) == case
    )
    return tuple(joined(case.clusterings, (name for other in alike for name in other.clusterings)))


def shortened(case: Case, share: float) -> dict[str, Any]:
    """Return the parameters of a case, with a share of its epochs, of which one stays at least."""
    params = dict(case.params)
    if share == 1.0:
        return params
    known = {} if case.task else make_reducer(case.reducer).get_params(deep=False)
    lengths = {name: value for name, value in (known | params).items() if name in _LENGTHS and value}
    return params | {name: max(1, round(share * value)) for name, value in lengths.items()}


def _digest(task: Task) -> str:
    """Return a digest of the code of a task: its function, and what that uses of studies' modules."""
    found: dict[str, str] = {}
    _reach(sys.modules[task.__module__], task.__name__, found)
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]


def _reach(module: ModuleType, name: str, found: dict[str, str]) -> None:
    """Add to `found` what a name of a module stands for, and all that this uses, each by where it is."""
    node = _definitions(module).get(name)
    if node is None:
        origin = sys.modules.get(getattr(getattr(module, name, None), "__module__", ""))
        if origin in _SHARED and origin is not module:
            _reach(origin, name, found)
    elif (place := f"{module.__name__}:{name}") not in found:
        found[place] = ast.dump(node)
        for used in ast.walk(node):
            if isinstance(used, ast.Name):
                _reach(module, used.id, found)


@cache
def _definitions(module: ModuleType) -> dict[str, ast.stmt]:
    """Return the functions, classes and constants of a module by name."""
    found: dict[str, ast.stmt] = {}
    for node in ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            found |= {
                n.id: node for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)
            }
    return found
