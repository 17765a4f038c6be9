"""Runs made on different machines, joined into one: every row keeps the environment it was measured in."""

from __future__ import annotations

import shlex
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from benchmark.errors import InputError
from benchmark.execution.conclude import conclude, origins
from benchmark.plan.settings import difference
from benchmark.plan.suite_plan import data_facts
from benchmark.results import Record, Store, latest, open_store, print_warning
from benchmark.results.artifacts import ARTIFACTS
from benchmark.results.lock import run_lock

# Facts of a run that hold for the whole only where they hold for every part.
_SHARED = (
    "suite_summary", "suite_sha256", "requested_dataset", "dataset_sha256", "n_train", "n_test",
    "n_features", "n_classes", "min_updates", "threads", "repeats",
)  # fmt: skip
# Facts that add up.
_LISTS = ("reducers", "devices", "components", "notes", "commands")
_SUMS = ("wall_seconds", "overhead_seconds")
_COMBINED = (*_LISTS, *_SUMS, "seeds", "suite", "started_at", "finished_at")
_SEVERAL_SUITES = (
    "The merged runs are of several suites ({suites}): rows to which these give other parameters or sizes "
    "stand apart and are never averaged together."
)
_DAMAGED = (OSError, ValueError, EOFError, KeyError, BadZipFile, zlib.error)

Part = tuple[Store, Record]


def merge_runs(
    runs: Sequence[str], name: str, results_dir: str | Path = "results", reports_dir: str | Path = "reports"
) -> Path:
    """Join runs into the run `name`, write its tables and its report, and return the report's path.

    Where the same job was measured on several machines, or with several versions of the libraries,
    all of its rows are kept, each with its environment. Where it was measured more than once on one,
    the row that ended well is kept, and of several such rows the one that started last. Rows of other
    parameters are other jobs, and say in their `setting` what differs.

    A run that was merged from the same runs before is made anew.

    Raises
    ------
    InputError
        A run does not exist, holds other data under the same name, or would be overwritten.
    RunError
        The disk does not take the new run.
    """
    if len(set(runs)) < max(len(runs), 2):
        raise InputError(f"merge joins two different runs or more; got {', '.join(runs)}.")
    if name in runs:
        raise InputError(f"The merged run needs a name of its own; {name!r} is one of the runs to merge.")
    target = Store(results_dir, name)
    _check_free(target, runs)
    stores = [open_store(results_dir, run) for run in runs]
    facts = _join_facts(name, stores)
    parts = _choose(stores)
    with run_lock(target.path):
        _check_free(target, runs)
        target.tidy()
        machines = {"environments": {r.machine: r.environment for _, r in parts}}
        target.save_facts(facts | origins(record for _, record in parts) | machines)
        _copy(parts, target)
        return conclude(target, reports_dir)[1]


def _check_free(target: Store, runs: Sequence[str]) -> None:
    if target.exists() and target.facts().get("merged_from") != list(runs):
        raise InputError(
            f"A run named {target.run!r} is there already and was not merged from these runs: choose another "
            "name with --name."
        )


def _choose(stores: Iterable[Store]) -> list[Part]:
    """Return one record a slot, and where it comes from; a slot is a job on a machine."""
    parts = _told_apart([(store, record) for store in stores for record in latest(store.records())])
    # The sequence numbers of two stores have nothing to do with each other.
    ranked = sorted(parts, key=lambda part: (part[1].status == "ok", part[1].started_at or ""))
    best = {record.slot: (store, record) for store, record in ranked}
    if left_out := len(parts) - len(best):
        print_warning(
            f"{left_out} rows of jobs that were measured more than once on one machine are left out."
        )
    return [best[slot] for slot in dict.fromkeys(record.slot for _, record in parts)]


def _told_apart(parts: Sequence[Part]) -> list[Part]:
    """Return the records, those of several suites with what differs in their parameters as their setting."""
    # One suite may have seeds that the other lacks, and its rows are those of one setting all the same.
    places = [replace(record, seed=0).place for _, record in parts]
    alike: defaultdict[tuple[object, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for place, (_, record) in zip(places, parts, strict=True):
        alike[place].append(record.params)
    apart = []
    for place, (store, record) in zip(places, parts, strict=True):
        known = record.params.items()
        shared = {k: v for k, v in known if all(other.get(k, ...) == v for other in alike[place])}
        setting = ", ".join(filter(None, (record.setting, difference(record.params, shared))))
        apart.append((store, replace(record, setting=setting)))
    return apart


def _copy(parts: Sequence[Part], target: Store) -> None:
    """Fill the target with records and their arrays; what an earlier merge left there goes."""
    for old in target.records_by_key():
        target.forget(old)
    used: set[str] = set()
    for store in {id(store): store for store, _ in parts}.values():
        for shown in store.array_keys("samples"):
            _copy_arrays(store, "samples", shown, target, shown)
    for store, record in parts:
        # The key names what was measured, not where; it names the files too.
        key = record.key if record.key not in used else f"{record.key}-{record.machine}"
        used.add(key)
        for kind in ARTIFACTS:
            _copy_arrays(store, kind, record.key, target, key)
        target.add(replace(record, run=target.run, key=key))


def _copy_arrays(store: Store, kind: str, key: str, target: Store, new_key: str) -> None:
    try:
        arrays = store.load_arrays(kind, key)
    except _DAMAGED:
        print_warning(f"The {kind} of {key} in {store.path} cannot be read and are left out.")
        return
    if arrays:
        target.save_arrays(kind, new_key, arrays)


def _join_facts(name: str, stores: Sequence[Store]) -> dict[str, Any]:
    """Return ``run.json`` of the whole: what its parts agree in, and what they add up to."""
    check_same_data(stores)
    parts = [store.facts() for store in stores]
    runs = [store.run for store in stores]
    joined: dict[str, Any] = {"run": name, "merged_from": runs}
    for fact in _SHARED:
        first, *others = (part.get(fact) for part in parts)
        joined[fact] = first if all(other == first for other in others) else None
    known = {fact: [part[fact] for part in parts if part.get(fact) is not None] for fact in _COMBINED}
    joined["suite"] = ", ".join(dict.fromkeys(known["suite"])) or None
    joined |= {fact: list(dict.fromkeys(chain.from_iterable(known[fact]))) for fact in _LISTS}
    if len({(part.get("suite"), part.get("suite_sha256")) for part in parts}) > 1:
        joined["notes"].append(_SEVERAL_SUITES.format(suites=joined["suite"]))
    joined["datasets"] = {name: said for part in parts for name, said in data_facts(part).items()}
    joined["dataset"] = ", ".join(joined["datasets"])
    joined |= {fact: round(sum(known[fact]), 2) for fact in _SUMS}
    joined["seeds"] = max(known["seeds"], default=None)
    joined["started_at"] = min(known["started_at"], default=None)
    joined["finished_at"] = max(known["finished_at"], default=None)
    joined["command"] = shlex.join(["python", "-m", "benchmark", "merge", *runs, "--name", name])
    return joined


def check_same_data(stores: Sequence[Store]) -> None:
    """Raise `InputError` where runs call different data by the same name, or do not say which they have."""
    seen: dict[str, tuple[str, str]] = {}
    for store in stores:
        data = data_facts(store.facts())
        if not data:
            raise InputError(f"The run {store.run!r} has no run.json that says which data it measured.")
        for name, said in data.items():
            other, known = seen.setdefault(name, (store.run, said["sha256"]))
            if known != said["sha256"]:
                raise InputError(
                    f"The runs {other!r} and {store.run!r} measured different data under the name {name!r}."
                )
