"""What was run, and on what machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmark.reporting.document import Block, Items, Paragraph, Table, Text, prose
from benchmark.reporting.report_data import ReportData
from benchmark.reporting.style import format_seconds

# Values of a list within a line.
_MOST_LISTED = 30


def run_setup(data: ReportData) -> list[Block]:
    """Return what was run and on what machine; facts the run did not keep are left out."""
    facts = data.facts
    several = facts["datasets"] if len(facts.get("datasets") or {}) > 1 else {}
    rows = {
        "data": _join(data.dataset, facts.get("dataset_summary")),
        **_sizes(facts, ""),
        **{k: v for name, said in several.items() for k, v in _sizes(said, f" of {name}").items()},
        "suite": facts.get("suite"),
        "reducers": data.n_reducers,
        "code widths": _numbers(facts.get("components")),
        "seeds": data.frame["seed"].nunique() or facts.get("seeds"),
        "repeats of each timing": facts.get("repeats") if facts.get("repeats") != 1 else None,
        "devices": _join(*data.devices),
        "threads a job": facts.get("threads"),
        "jobs": f"{len(data.frame):,}, of which {int((data.frame['status'] == 'ok').sum()):,} ok",
        "started": facts.get("started_at"),
        "took": None if facts.get("wall_seconds") is None else format_seconds(float(facts["wall_seconds"])),
        "commands": "; ".join(facts.get("commands") or [facts.get("command") or ""]),
        "commits of the code": facts.get("commits"),
    }
    # A merged run holds what several machines measured.
    machines = facts.get("environments") or {"": facts.get("environment") or {}}
    for machine, environment in machines.items():
        # What differs within the run was said already.
        said = {"machine": machine, "git_commit": facts.get("commits")}
        known = {k: v for k, v in environment.items() if not said.get(k)}
        rows |= {f"{name} of {machine}" if machine else name: v for name, v in _machine(known).items()}
    cells = [[name, plain(value)] for name, value in rows.items() if value not in (None, "", [])]
    notes: list[Text] = [*(facts.get("notes") or [])]
    return [*_swapped(data), Table(["", ""], cells), *([Items(notes)] if notes else [])]


def _sizes(facts: Mapping[str, Any], whose: str) -> dict[str, str]:
    rows = _join(_counted(facts, "n_train", "for training"), _counted(facts, "n_test", "for testing"))
    columns = _join(_counted(facts, "n_features"), _counted(facts, "n_classes"))
    return {f"rows{whose}": rows, f"features, classes{whose}": columns}


def _swapped(data: ReportData) -> list[Block]:
    asked = data.facts.get("requested_dataset")
    if not asked or asked == data.dataset:
        return []
    text = (
        "**The data set asked for, {asked}, could not be had: {used} was used in its place, so no number "
        "here is one of {asked}.**"
    )
    return [Paragraph(prose(text, asked=asked, used=data.dataset))]


def _machine(environment: Mapping[str, Any]) -> dict[str, Any]:
    if not environment:
        return {}
    rest = dict(environment)
    cores = {name: rest.pop(f"{name}_cores", None) for name in ("physical", "logical", "usable")}
    counted = _join(*(f"{number} {name}" for name, number in cores.items() if number is not None))
    size, versions, named = rest.pop("memory_gb", None), rest.pop("versions", None), rest.pop("cores", None)
    facts = {
        "processor": rest.pop("cpu", None),
        "cores": counted or named,
        "memory": None if size is None else f"{size} GiB",
        "GPUs": rest.pop("gpus", None) or "none",
        "GPU driver": rest.pop("gpu_driver", None),
    }
    titles = {"blas": "BLAS", "cuda": "CUDA"}
    others = {titles.get(name, name.replace("_", " ")): value for name, value in rest.items()}
    return {**facts, **others, "versions": versions}


def _numbers(values: Any) -> str:
    """Return numbers as a list; of many, how many there are and from which to which."""
    if not isinstance(values, list) or len(values) <= _MOST_LISTED:
        return plain(values)
    return f"{len(values):,} from {min(values)} to {max(values)}"


def _counted(facts: Mapping[str, Any], name: str, purpose: str = "") -> str:
    return f"{facts[name]:,} {purpose}".strip() if isinstance(facts.get(name), int) else ""


def _join(*parts: Any) -> str:
    return ", ".join(plain(part) for part in parts if part not in (None, ""))


def plain(value: Any) -> str:
    """Return a JSON value as a person writes it."""
    if isinstance(value, Mapping):
        if "name" in value:
            rest = {key: item for key, item in value.items() if key != "name"}
            return f"{value['name']} ({plain(rest)})" if rest else str(value["name"])
        return ", ".join(f"{key} {plain(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, (list, tuple)):
        joint = "; " if any(isinstance(item, Mapping) for item in value) else ", "
        return joint.join(plain(item) for item in value)
    return "" if value is None else str(value)
