"""The process that starts a fresh one for every job, its libraries imported once.

Run as ``python -m benchmark.execution.local.server``. It reads requests from standard input, one line of
JSON each, and answers on standard output: first the process id of the job, then its outcome. A line
that comes while a job runs, or the end of the input, is the order to end the job. Everything else
that is printed, by us or by a library, goes to standard error.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from benchmark.execution.local.ending import Watch, adopt_orphans, end_all, ignore_signals
from benchmark.execution.local.isolation import OUTPUT, Child, clear_up, fork, spawn
from benchmark.execution.observers.log import append_output

if TYPE_CHECKING:
    from benchmark.datasets import Dataset

# Forking is safe where no library has started threads or a GPU at import: known for Linux only.
CAN_FORK = sys.platform == "linux"


def main() -> None:
    """Serve until standard input ends; with ``--once``, answer a single request in this process."""
    # Asking CUDA whether it is there must not initialise it: a forked process could not use it then.
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if "--once" in sys.argv[1:]:
        _tell(replies, answer(json.loads(sys.stdin.read()), None))
        return
    ignore_signals()
    adopt_orphans()
    if CAN_FORK:
        _import_libraries()
    # Without a buffer of ours, `select` sees all there is to read.
    orders = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    watch, shared = Watch(orders), _SharedDataset()
    # Where the one who asked is gone, there is nobody to answer.
    with suppress(BrokenPipeError):
        while line := orders.readline():
            request = json.loads(line)
            dataset = shared.get(request["job"]) if CAN_FORK and "job" in request else None
            _serve(request, dataset, watch, (orders, replies))
    # Interpreters that have imported much take long to leave in an orderly way.
    os._exit(0)


class _SharedDataset:
    """The dataset of the last job, which forked processes share with this one."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] | None = None
        self._dataset: Dataset | None = None

    def get(self, job: dict[str, Any]) -> Dataset | None:
        """Return the dataset of `job`; None where it cannot be loaded, which the job will find out itself."""
        from benchmark.measure.measurement import load_job_dataset
        from benchmark.plan.job import Job

        wanted = tuple(job[name] for name in ("source", "data", "data_dir", "seed", "n_train", "n_test"))
        if wanted != self._of:
            # The one before is let go first: two of them might not fit.
            self._of = self._dataset = None
            try:
                self._of, self._dataset = wanted, load_job_dataset(Job.from_dict(job))
            except Exception:
                self._of = self._dataset = None
        return self._dataset


def answer(request: dict[str, Any], dataset: Dataset | None) -> dict[str, Any]:
    """Return the reply to a request: the facts of this machine, or the record of a job.

    Where the disk does not take a job's arrays, the reply holds the ``problem`` instead.
    """
    if "job" not in request:
        from benchmark.measure.environment import available_devices, environment

        return {"environment": environment(), "devices": available_devices()}
    from benchmark.measure.measurement import make_record, run_job
    from benchmark.plan.job import Job
    from benchmark.results import Record, RunError, Store

    job = Job.from_dict(request["job"])
    result = run_job(job, request["environment"], dataset)
    try:
        text = result.record.to_json()
        Record.from_json(text)
    except (TypeError, ValueError) as error:
        reason = f"what was measured cannot be stored: {error}"
        return {"record": make_record(job, "failed", request["environment"], error=reason).to_json()}
    store = Store(request["results_dir"], job.run)
    try:
        if result.embedding:
            store.save_arrays("embeddings", job.key, result.embedding)
        if result.view:
            store.save_arrays("views", job.key, result.view)
    except RunError as error:
        return {"problem": str(error)}
    return {"record": text}


def _serve(
    request: dict[str, Any], dataset: Dataset | None, watch: Watch, link: tuple[IO[bytes], IO[bytes]]
) -> None:
    """Answer one request in a process of its own, leave nothing of it, and report how it ended."""
    if CAN_FORK:
        child = fork(lambda: json.dumps(answer(request, dataset)), link)
    else:
        child = spawn(
            [sys.executable, "-m", "benchmark.execution.local.server", "--once"], json.dumps(request)
        )
    try:
        _tell(link[1], {"pid": child.pid, "scratch": str(child.scratch)})
    finally:
        # Also where nobody listens any more.
        end = watch.wait(child.pid, request.get("timeout"))
        end_all(child.pid)
        reply = _gather(child, request.get("log"))
    _tell(link[1], {"reply": reply if end.code == 0 else "", **vars(end)})


def _gather(child: Child, log: str | None) -> str:
    """Return what a child answered; what it printed goes to the run's log, else to standard error."""
    printed = child.scratch / OUTPUT
    if log is not None:
        append_output(Path(log), printed)
    else:
        with suppress(OSError):
            sys.stderr.write(printed.read_text(errors="replace"))
            sys.stderr.flush()
    clear_up(child.scratch)
    with child.reply as reply:
        reply.seek(0)
        return reply.read()


def _tell(replies: IO[bytes], message: dict[str, Any]) -> None:
    replies.write(json.dumps(message).encode() + b"\n")
    replies.flush()


def _import_libraries() -> None:
    import numpy  # noqa: F401
    import sklearn.cluster
    import sklearn.ensemble
    import sklearn.linear_model
    import sklearn.neighbors  # noqa: F401
    import torch  # noqa: F401

    import benchmark.measure.measurement
    import benchmark.scoring  # noqa: F401
    import reducers.methods.autoencoders.dense_network
    import reducers.training.loop  # noqa: F401

    gc.collect()
    # Objects that are never collected are never written to, so forked processes share their pages.
    gc.freeze()


if __name__ == "__main__":
    main()
