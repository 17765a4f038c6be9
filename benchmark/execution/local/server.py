"""The process that starts a fresh one for every request, its libraries imported once.

Started by `benchmark.execution.local.client`. It reads requests from standard input, one line of
JSON each, and tells on standard output, a line of JSON each, how the process of a request ended. The end
of the input, also while a process runs, is the order to end it and to go. Everything else that is
printed, by us or by a library, goes to standard error.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from benchmark.execution.local.job_process import fork, remove_scratch, use_scratch
from benchmark.execution.local.job_tasks import answer_request, compile_reducer
from benchmark.execution.local.supervise import (
    ProcessEnd,
    Supervisor,
    become_supervisor,
    terminate_descendants,
    terminate_group,
)
from benchmark.plan.job import Job

if TYPE_CHECKING:
    from benchmark.datasets import Dataset

# Forking is safe where no library has started threads or a GPU at import: known for Linux only.
# Elsewhere a bare interpreter is forked, and every job imports what it needs itself.
PRELOADS = sys.platform == "linux"
_LIBRARIES = (
    "numpy", "sklearn.cluster", "sklearn.ensemble", "sklearn.linear_model", "sklearn.neighbors", "torch",
    "benchmark.measure.measurement", "benchmark.scoring", "reducers.training.dense_network",
    "reducers.training.loop",
)  # fmt: skip


def main() -> None:
    """Serve until standard input ends."""
    # Asking CUDA whether it is there must not initialise it: a forked process could not use it then.
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
    # Without buffers of ours, `select` sees all there is to read.
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    orders = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    become_supervisor()
    if PRELOADS:
        for library in _LIBRARIES:
            import_module(library)
        _share_objects()
    Server(orders, replies, DatasetCache()).serve()
    # Interpreters that have imported much take long to leave in an orderly way.
    os._exit(0)


class DatasetCache:
    """The dataset of the last job: read and checked once for all jobs of a seed, whose processes share it."""

    def __init__(self) -> None:
        self._identity: tuple[object, ...] | None = None
        self._dataset: Dataset | None = None

    def get(self, job: dict[str, Any]) -> Dataset | None:
        """Return the dataset of `job`; None where it cannot be loaded, which the job will find out itself."""
        from benchmark.datasets.dataset import is_foreign_name
        from benchmark.measure.preparation import load_job_dataset

        # A plugin's function might start threads, which a fork does not survive.
        if is_foreign_name(job["source"]):
            return None
        identity = tuple(job[name] for name in ("source", "data", "data_dir", "seed", "n_train", "n_test"))
        if identity != self._identity:
            # The one before is let go first: two of them might not fit.
            self._identity = self._dataset = None
            with suppress(Exception):
                self._dataset = load_job_dataset(Job.from_dict(job))
                self._identity = identity
        return self._dataset


class Template(NamedTuple):
    """A process in which a reducer was compiled, and which starts the jobs of that reducer.

    It reads `requests`; its answer to each is a byte when it has compiled what that needs, and then how its
    job ended, as a line of JSON.
    """

    pid: int
    requests: IO[bytes]
    answers: IO[bytes]


class Server:
    """Starts a process for every request, leaves nothing of it, and reports how it ended.

    Parameters
    ----------
    orders, replies : files, unbuffered
        The end of `orders` is the order to end what runs; `replies` is told how it ended.
    datasets : DatasetCache
    private : files
        More files of this process that those it starts have no part in.
    """

    def __init__(
        self, orders: IO[bytes], replies: IO[bytes], datasets: DatasetCache, *private: IO[bytes]
    ) -> None:
        self._orders, self._replies, self._datasets = orders, replies, datasets
        self._private = (orders, replies, *private)
        self._supervisor = Supervisor(orders.fileno())
        self._templates: dict[str, Template] = {}

    def serve(self) -> None:
        """Answer requests until there are no more, and leave nothing behind."""
        request = None
        # Where the one who asked is gone, there is nobody to answer.
        with suppress(BrokenPipeError):
            while line := self._orders.readline():
                request = json.loads(line)
                if "template" in request:
                    self._run_by_template(request)
                else:
                    self.run(request)
        terminate_descendants()
        if request:
            remove_scratch(Path(request["scratch"]), request["log"])

    def run(self, request: dict[str, Any]) -> None:
        """Answer one request in a process of its own."""
        dataset = self._datasets.get(request["job"]) if PRELOADS and "job" in request else None
        private = [*self._private, *self._pipes()]
        pid = fork(lambda: answer_request(request, dataset), Path(request["scratch"]), private)
        self._report(pid, self._supervisor.wait(pid, request["timeout"]))

    def _run_by_template(self, request: dict[str, Any]) -> None:
        """Let the template that a request names answer it; the first such request makes the template."""
        name = request["template"]
        template = self._templates.get(name)
        if template is None or os.waitpid(template.pid, os.WNOHANG)[0]:
            template = self._templates[name] = self._start_template(Path(request["scratch"]))
        with suppress(BrokenPipeError):
            template.requests.write(json.dumps(request).encode() + b"\n")
        # The time limit is that of the compilation; a template looks after the limit of its job itself.
        for timeout in (request["timeout"], None):
            if end := self._supervisor.wait(template.pid, timeout, template.answers.fileno()):
                for pipe in self._templates.pop(name)[1:]:
                    pipe.close()
                self._report(template.pid, end)
                return
        # The first byte of the line said that it was there.
        self._replies.write(b"{" + template.answers.readline())

    def _start_template(self, scratch: Path) -> Template:
        (their_requests, requests), (answers, their_answers) = _pipe(), _pipe()
        private = [self._replies, requests, answers, *self._pipes()]
        pid = fork(lambda: self._be_template(their_requests, their_answers), scratch, private)
        their_requests.close()
        their_answers.close()
        return Template(pid, requests, answers)

    def _be_template(self, requests: IO[bytes], answers: IO[bytes]) -> tuple[str, str]:
        """Compile what the first request needs, in a process just forked, and run the jobs of all of them."""
        become_supervisor()
        server = Server(self._orders, answers, self._datasets, requests)
        compiled = False
        # As in `serve`: who asked may be gone.
        with suppress(BrokenPipeError):
            while line := requests.readline():
                request = json.loads(line)
                use_scratch(Path(request["scratch"]))
                if not compiled:
                    compiled = self._compile_for(request)
                answers.write(b".")
                server.run(request)
        return "", ""

    def _compile_for(self, request: dict[str, Any]) -> bool:
        """Compile what a job needs, which counts as its warm-up and within its time limit; return True."""
        seconds = compile_reducer(Job.from_dict(request["job"]), self._datasets.get(request["job"]))
        request["compile_seconds"] = seconds
        if request["timeout"] is not None:
            request["timeout"] = max(request["timeout"] - seconds, 0)
        _share_objects()
        return True

    def _report(self, pid: int, end: ProcessEnd | None) -> None:
        """End what a process left, but for templates, which wait for their next jobs; tell how it ended."""
        terminate_group(pid)
        terminate_descendants(spare={template.pid for template in self._templates.values()})
        assert end is not None
        self._replies.write(json.dumps(asdict(end)).encode() + b"\n")

    def _pipes(self) -> list[IO[bytes]]:
        return [pipe for template in self._templates.values() for pipe in template[1:]]


def _pipe() -> tuple[IO[bytes], IO[bytes]]:
    """Return the two ends of a pipe, without buffers: to read from, and to write to."""
    reading, writing = os.pipe()
    return os.fdopen(reading, "rb", buffering=0), os.fdopen(writing, "wb", buffering=0)


def _share_objects() -> None:
    """Keep objects from being collected, so never written to: forked processes share their memory."""
    gc.collect()
    gc.freeze()
