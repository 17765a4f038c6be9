"""What a process of its own is asked for: facts of this machine, its arithmetic, or a measured job."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmark.execution.local.job_process import EpochFile
from benchmark.plan.job import Job

if TYPE_CHECKING:
    from benchmark.datasets import Dataset


def answer_request(request: Mapping[str, Any], dataset: Dataset | None) -> tuple[str, str]:
    """Return what came of a request: what it is, and the text of it.

    A task "facts" gives facts of this machine, in JSON; "precision" an arithmetic; "job" the
    "record" of a job, in JSON, or the "problem" that kept its arrays from being stored. `dataset` is the
    job's, where the caller has it in memory already.
    """
    if request["task"] == "facts":
        from benchmark.measure.environment import available_devices, environment

        return "facts", json.dumps({"environment": environment(), "devices": available_devices()})
    if request["task"] == "precision":
        import torch

        from benchmark.measure.threads import limit_threads
        from reducers.training.precision import native_precision

        with limit_threads(request["threads"]):
            return "precision", native_precision("auto", torch.device(request["device"]))
    return _measure(Job.from_dict(request["job"]), request, dataset)


def compile_reducer(job: Job, dataset: Dataset | None) -> float:
    """Warm a job's reducer up on the job's own rows; return the seconds that took.

    This process can be forked afterwards: numba's own threads start again in a child, and those of
    OpenMP and BLAS, some of which do not, never start here.
    """
    from threadpoolctl import threadpool_limits

    from benchmark.measure.preparation import make_job_reducer, samples_for, warm_up
    from benchmark.measure.threads import limit_threads

    begun = perf_counter()
    os.environ["NUMBA_THREADING_LAYER"] = "workqueue"
    with limit_threads(job.threads), threadpool_limits(1):
        # Without data, or where something is wrong, the job finds out itself.
        try:
            if dataset is not None:
                reducer = make_job_reducer(job)
                train, test = (samples_for(reducer, rows) for rows in dataset.rows())
                warm_up(reducer, train, test, job.device)
        except (Exception, SystemExit):
            traceback.print_exc()
    return perf_counter() - begun


def _measure(job: Job, request: Mapping[str, Any], dataset: Dataset | None) -> tuple[str, str]:
    """Measure a job and store its arrays; return its record as text, which is written here once."""
    from benchmark.measure.measurement import measure
    from benchmark.measure.outcome import Outcome, make_record
    from benchmark.results import RunError, Store
    from reducers.training.epochs import watch_epochs

    with watch_epochs(EpochFile(Path(request["scratch"]))):
        outcome = measure(job, dataset)
    environment = request["environment"]
    if outcome.warmup_seconds is not None:
        # The first job of a template bears what was compiled for it and all that come after it.
        compiling = request.get("compile_seconds", 0.0)
        outcome = replace(outcome, warmup_seconds=outcome.warmup_seconds + compiling)
    try:
        text = make_record(job, outcome, environment).to_json()
    except (TypeError, ValueError) as error:
        failure = Outcome("failed", f"what was measured cannot be stored: {error}")
        return "record", make_record(job, failure, environment).to_json()
    store = Store(request["results_dir"], job.run)
    try:
        for kind, arrays in outcome.artifacts.items():
            store.save_arrays(kind, job.key, arrays)
    except RunError as error:
        return "problem", str(error)
    return "record", text
