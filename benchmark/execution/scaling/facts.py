"""What ``run.json`` says of a scaling run: what was asked, and where its sweeps ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from benchmark.analysis.scaling import KIND
from benchmark.datasets.synthetic import N_TEST, SUMMARY
from benchmark.execution.facts import now
from benchmark.execution.scaling.jobs import EPOCHS, Jobs
from benchmark.execution.scaling.request import command_line
from benchmark.plan.job import Job

_CURVE = ("reducer", "device", "threads", "asked_precision")


def scaling_facts(jobs: Jobs, environment: Mapping[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of sweeps that begin now, or that join those of `earlier` facts."""
    request, curves = jobs.request, jobs.curves()
    centres = [stop_at("", 0, jobs.job(curve, request.centre), "") for curve in curves]
    again = [_curve(stop) for stop in centres]
    return {
        "run": request.name,
        "kind": KIND,
        "suite": KIND,
        "dataset": "synthetic",
        "dataset_summary": SUMMARY,
        "centre": asdict(request.centre),
        "n_test": N_TEST,
        "budget_seconds": request.budget,
        "fixed_epochs": EPOCHS,
        "reducers": list(dict.fromkeys([*earlier.get("reducers", []), *request.reducers])),
        "devices": list(dict.fromkeys([*earlier.get("devices", []), *(c.device for c in curves)])),
        "seeds": 1,
        "threads": jobs.threads,
        "stopped": [stop for stop in earlier.get("stopped", []) if _curve(stop) not in again],
        "started_at": earlier.get("started_at") or now(),
        "finished_at": None,
        "wall_seconds": earlier.get("wall_seconds") or 0.0,
        "command": command_line(request),
        "environment": dict(environment),
    }


def stop_at(sweep: str, size: int, job: Job, reason: str) -> dict[str, Any]:
    """Return the row of a sweep for the first size that was left out, and why."""
    return {
        "sweep": sweep,
        "size": size,
        "reducer": job.reducer,
        "device": job.device,
        "threads": job.threads,
        "asked_precision": job.params.get("precision"),
        "n_train": job.n_train,
        "n_test": job.n_test,
        "n_features": job.n_features,
        "n_components": job.params.get("n_components"),
        "reason": reason,
    }


def _curve(stop: Mapping[str, Any]) -> tuple[object, ...]:
    return tuple(stop.get(name) for name in _CURVE)
