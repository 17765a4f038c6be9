"""A process for every request, a fork with a session, a directory and an output of its own; what it does."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from benchmark.execution.local.supervise import become_child
from benchmark.execution.observers.log import append_output
from benchmark.plan.job import Job
from reducers.training.epochs import Epoch, watch_epochs

if TYPE_CHECKING:
    from benchmark.datasets import Dataset

_OUTPUT, _REPLY, _EPOCH = "output.txt", "reply.json", "epoch.json"
_EPOCH_SECONDS = 0.5


def fork(body: Callable[[], Mapping[str, Any]], scratch: Path, private: Iterable[IO[bytes]]) -> int:
    """Start a child that leaves what `body` returns as its reply, and ends; return its process id.

    The child is a copy of this process, and leads a session and a group; its exit code is 0 where nothing was
    raised. Its directory `scratch` is for temporary files, for what it prints, and for its reply. It has none
    of the files `private`, which are this process's alone.
    """
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        _settle(parent, scratch, private)
        (scratch / _REPLY).write_text(json.dumps(body()), encoding="utf-8")
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        # Not sys.exit: threads that a library or a plugin left behind must not keep the process.
        os._exit(code)


def _settle(parent: int, scratch: Path, private: Iterable[IO[bytes]]) -> None:
    """Make this process, just forked, independent of the one it is a copy of."""
    import faulthandler

    os.setsid()
    become_child(parent)
    for file in private:
        file.close()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    use_scratch(scratch)
    # What a process printed before it was killed counts, and so does where compiled code crashed.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    faulthandler.enable()


def use_scratch(scratch: Path) -> None:
    """Send what this process prints to a request's directory, and its temporary files, too."""
    output = os.open(scratch / _OUTPUT, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    os.environ["TMPDIR"], tempfile.tempdir = str(scratch), None


def read_reply(scratch: Path) -> dict[str, Any]:
    """Return the reply of a process that ended well; empty where it left none."""
    with suppress(OSError):
        return dict(json.loads((scratch / _REPLY).read_text(encoding="utf-8")))
    return {}


def remove_scratch(scratch: Path, log: str | None) -> str:
    """Remove the directory of a request; what was printed goes to the run's log, or else is returned."""
    printed, removed = "", scratch.with_suffix(".removed")
    # Who asks and who answers may both do this: one of them succeeds.
    with suppress(OSError):
        scratch.rename(removed)
        if log is not None:
            append_output(Path(log), removed / _OUTPUT)
        else:
            printed = (removed / _OUTPUT).read_text(errors="replace")
    shutil.rmtree(removed, ignore_errors=True)
    return printed


class EpochFile:
    """Keeps the last epoch in a file of the request's directory, for whoever waits for the reply.

    It is called between two epochs, on the clock, so it writes a few bytes twice a second at most.
    """

    def __init__(self, scratch: Path) -> None:
        self._path, self._due = scratch / _EPOCH, 0.0

    def __call__(self, epoch: Epoch) -> None:
        """Write an epoch, where it is time for one."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + _EPOCH_SECONDS
            with suppress(OSError):
                self._path.write_text(json.dumps(epoch))


def read_epoch(scratch: Path) -> Epoch | None:
    """Return the last epoch that a process told of; None where there is none, or it is just being written."""
    with suppress(OSError, ValueError):
        return Epoch(*json.loads((scratch / _EPOCH).read_text()))
    return None


def answer_request(request: Mapping[str, Any], dataset: Dataset | None) -> dict[str, Any]:
    """Return what came of a request, as JSON can hold it.

    A task "facts" gives the "environment" and the "devices" of this machine; "precision" a "precision";
    "job" the "record" of a job, as text, or the "problem" that kept its arrays from being stored. `dataset`
    is the job's, where the caller has it in memory already.
    """
    if request["task"] == "facts":
        from benchmark.measure.environment import available_devices, environment

        return {"environment": environment(), "devices": available_devices()}
    if request["task"] == "precision":
        import torch

        from benchmark.measure.threads import limit_threads
        from reducers.training.precision import native_precision

        with limit_threads(request["threads"]):
            return {"precision": native_precision("auto", torch.device(request["device"]))}
    return _measure(Job.from_dict(request["job"]), request, dataset)


def compile_reducer(job: Job, dataset: Dataset | None) -> float:
    """Warm a job's reducer up on the job's own rows; return the seconds that took.

    This process can be forked afterwards: numba's own threads start again in a child, and those of
    OpenMP and BLAS, some of which do not, never start here.
    """
    from threadpoolctl import threadpool_limits

    from benchmark.measure.preparation import make_job_reducer, samples_for, warm_up
    from benchmark.measure.threads import limit_threads

    begun = time.perf_counter()
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
    return time.perf_counter() - begun


def _measure(job: Job, request: Mapping[str, Any], dataset: Dataset | None) -> dict[str, Any]:
    """Measure a job and store its arrays; return its record."""
    from benchmark.measure.measurement import measure
    from benchmark.measure.outcome import Outcome, make_record
    from benchmark.results import RunError, Store

    with watch_epochs(EpochFile(Path(request["scratch"]))):
        outcome = measure(job, dataset)
    if outcome.warmup_seconds is not None:
        # The first job of a template bears what was compiled for it and all that come after it.
        outcome.warmup_seconds += request.get("compile_seconds", 0.0)
    try:
        text = make_record(job, outcome, request["environment"]).to_json()
    except (TypeError, ValueError) as error:
        failure = Outcome("failed", f"what was measured cannot be stored: {error}")
        return {"record": make_record(job, failure, request["environment"]).to_json()}
    store = Store(request["results_dir"], job.run)
    try:
        for kind, arrays in outcome.artifacts.items():
            store.save_arrays(kind, job.key, arrays)
    except RunError as error:
        return {"problem": str(error)}
    return {"record": text}
