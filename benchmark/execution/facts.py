"""What ``run.json`` says of a run: what was asked, of which data, on which machine, how long it took."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmark.plan.suite_plan import DEFAULT_DATASET, Plan
from benchmark.request import Request


def run_facts(
    request: Request, plan: Plan, environment: Mapping[str, Any], earlier: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the facts of a run that begins now, or that goes on from `earlier` facts of the same data."""
    dataset = plan.dataset
    same_data = earlier if earlier.get("dataset_sha256") == dataset.sha256 else {}
    return {
        "run": plan.run,
        "suite": plan.suite.name,
        "suite_summary": plan.suite.summary,
        "dataset": dataset.name,
        "requested_dataset": DEFAULT_DATASET if plan.fell_back else dataset.name,
        "dataset_sha256": dataset.sha256,
        "n_train": dataset.n_train,
        "n_test": dataset.n_test,
        "n_features": dataset.n_features,
        "n_classes": dataset.n_classes,
        "reducers": _joined(same_data.get("reducers", []), (job.reducer for job in plan.jobs)),
        "devices": _joined(same_data.get("devices", []), (job.device for job in plan.jobs)),
        "seeds": plan.suite.seeds,
        "repeats": plan.suite.repeats,
        "components": list(plan.suite.components),
        "min_updates": plan.suite.min_updates,
        "threads": plan.jobs[0].threads if plan.jobs else None,
        "notes": list(plan.notes),
        "started_at": same_data.get("started_at") or now(),
        "finished_at": None,
        # Of all the calls that went into the run: this one adds its own when it ends.
        "wall_seconds": same_data.get("wall_seconds") or 0.0,
        "command": command_line(request),
        "environment": dict(environment),
    }


def now() -> str:
    """Return the time in UTC, to the second, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def command_line(request: Request) -> str:
    """Return the command line that asks for `request`, without the directories of this machine."""
    words = ["python", "-m", "benchmark", "run"]
    words += ["--all"] if request.reducers is None else _repeated("--reducer", request.reducers)
    words += ["--dataset", Path(request.dataset).name] if request.dataset else []
    words += ["--suite", Path(request.suite).name]
    words += _repeated("--device", request.devices) if request.devices != ("auto",) else []
    for option in ("seeds", "components", "precision", "repeats", "threads", "name"):
        value = asdict(request)[option]
        words += [f"--{option}", str(value)] if value is not None else []
    words += ["--timeout", str(request.timeout).removesuffix(".0")] if request.timeout is not None else []
    # The address of a scheduler names a host.
    local = request.cluster is None or request.cluster.startswith("local:")
    words += ["--cluster", request.cluster if local else "ADDRESS"] if request.cluster else []
    words += _repeated("--plugin", (Path(path).name for path in request.plugins))
    return shlex.join(words)


def _repeated(option: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _joined(one: Iterable[str], other: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*one, *other]))
