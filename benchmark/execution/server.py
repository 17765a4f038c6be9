"""The process that forks a fresh one for every job, its libraries imported once.

Run as ``python -m benchmark.execution.server``. It reads requests from standard input, one line of
JSON each, and answers on standard output: first the process id of the job, then its outcome.
Everything else that is printed, by us or by a library, goes to standard error.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.datasets import Dataset

# Forking is safe where no library has started threads or a GPU at import: known for Linux only.
CAN_FORK = sys.platform == "linux"


def main() -> None:
    """Serve until standard input ends; with ``--once``, answer a single request in this process."""
    # Asking CUDA whether it is there must not initialise it: a forked process could not use it then.
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if "--once" in sys.argv[1:]:
        replies.write(json.dumps(answer(json.loads(sys.stdin.read()), None)))
        return
    _die_with_parent()
    if CAN_FORK:
        _import_libraries()
    shared = _SharedDataset()
    for line in sys.stdin:
        request = json.loads(line)
        dataset = shared.get(request["job"]) if CAN_FORK and "job" in request else None
        _serve(request, dataset, replies)


class _SharedDataset:
    """The dataset of the last job, which forked processes share with this one."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] | None = None
        self._dataset: Dataset | None = None

    def get(self, job: dict[str, Any]) -> Dataset | None:
        """Return the dataset of `job`; None where it cannot be loaded, which the job will find out itself."""
        from benchmark.execution.job import load_job_dataset
        from benchmark.suite import Job

        wanted = tuple(job[name] for name in ("source", "data", "data_dir", "seed", "n_train", "n_test"))
        if wanted != self._of:
            try:
                self._of, self._dataset = wanted, load_job_dataset(Job.from_dict(job))
            except Exception:
                self._of = self._dataset = None
        return self._dataset


def answer(request: dict[str, Any], dataset: Dataset | None) -> dict[str, Any]:
    """Return the reply to a request: the facts of this machine, or the record of a job."""
    if "job" not in request:
        from benchmark.execution.environment import available_devices, environment

        return {"environment": environment(), "devices": available_devices()}
    from benchmark.execution.job import run_job
    from benchmark.results import Store
    from benchmark.suite import Job

    job = Job.from_dict(request["job"])
    result = run_job(job, request["environment"], dataset)
    store = Store(request["results_dir"], job.run)
    if result.embedding:
        store.save_arrays("embeddings", job.key, result.embedding)
    if result.view:
        store.save_arrays("views", job.key, result.view)
    return {"record": result.record.to_json()}


def _serve(request: dict[str, Any], dataset: Dataset | None, replies: IO[str]) -> None:
    """Answer one request in a process of its own and report how that ended."""
    with tempfile.TemporaryFile("w+") as output:
        pid = _fork(request, dataset, output) if CAN_FORK else _spawn(request, output)
        replies.write(json.dumps({"pid": pid}) + "\n")
        status = os.waitpid(pid, 0)[1]
        if CAN_FORK:
            # Whatever the job left running belongs to its session and ends with it.
            _kill_group(pid)
        output.seek(0)
        text = output.read()
        code = os.waitstatus_to_exitcode(status)
        replies.write(json.dumps({"reply": text if code == 0 else "", "code": code}) + "\n")


def _fork(request: dict[str, Any], dataset: Dataset | None, output: IO[str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        _die_with_parent()
        os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
        _redirect(request.get("log"))
        output.write(json.dumps(answer(request, dataset)))
        output.flush()
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        # Not sys.exit: threads that a library or a plugin left behind must not keep the process.
        os._exit(code)


def _spawn(request: dict[str, Any], output: IO[str]) -> int:
    command = [sys.executable, "-m", "benchmark.execution.server", "--once"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, text=True)
    assert process.stdin is not None
    process.stdin.write(json.dumps(request))
    process.stdin.close()
    return process.pid


def _redirect(log: str | None) -> None:
    """Append what this process prints from here on to the run's log."""
    if log is None:
        return
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(handle, stream.fileno())


def _import_libraries() -> None:
    import numpy  # noqa: F401
    import sklearn.cluster
    import sklearn.ensemble
    import sklearn.linear_model
    import sklearn.neighbors  # noqa: F401
    import torch  # noqa: F401

    import benchmark.execution.job
    import benchmark.scoring  # noqa: F401
    import reducers.autoencoders.networks
    import reducers.autoencoders.training  # noqa: F401

    gc.collect()
    # Objects that are never collected are never written to, so forked processes share their pages.
    gc.freeze()


def _die_with_parent() -> None:
    """Ask Linux to end this process when the one that started it dies, however it dies."""
    if sys.platform != "linux":
        return
    import ctypes

    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def _kill_group(pid: int) -> None:
    from contextlib import suppress

    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
