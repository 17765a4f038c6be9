"""The process that starts a fresh one for every request, its libraries imported once.

Started by `benchmark.execution.local.client`. Its standard input is a socket: from there it reads requests,
one line of JSON each, and there it tells, a line of JSON each, how the process of a request ended. The end
of the input, also while a process runs, is the order to end it and to go. Standard output and standard
error are for all else that is printed, by us or by a library.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from socket import socketpair
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from benchmark.execution.local.job_process import (
    answer_request,
    compile_reducer,
    fork,
    remove_scratch,
    use_scratch,
)
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
    channel = os.fdopen(os.dup(sys.stdin.fileno()), "r+b", buffering=0)
    become_supervisor()
    if PRELOADS:
        for library in _LIBRARIES:
            import_module(library)
        _share_objects()
    Server(channel).serve()
    # Interpreters that have imported much take long to leave in an orderly way.
    os._exit(0)


class Template(NamedTuple):
    """A process in which a reducer was compiled, and which starts the jobs of that reducer.

    It reads requests from `channel`; its answer to each is a byte when it has compiled what that needs, and
    then how its job ended, as a line of JSON.
    """

    pid: int
    channel: IO[bytes]


class Server:
    """Starts a process for every request, leaves nothing of it, and reports how it ended.

    What can be read from the unbuffered `channel` are requests, its end is the order to end what runs.
    """

    def __init__(self, channel: IO[bytes]) -> None:
        self._channel = channel
        self._supervisor = Supervisor(channel.fileno())
        self._templates: dict[str, Template] = {}
        # That of the last job: read and checked once for all jobs of a seed, whose processes share it.
        self._dataset: dict[tuple[object, ...], Dataset] = {}

    def serve(self) -> None:
        """Answer requests until there are no more, and leave nothing behind."""
        request = None
        # Where the one who asked is gone, there is nobody to answer.
        with suppress(ConnectionError):
            while line := self._channel.readline():
                request = json.loads(line)
                if request.get("job", {}).get("template"):
                    self._run_by_template(request)
                else:
                    self.run(request)
        terminate_descendants()
        if request:
            remove_scratch(Path(request["scratch"]), request["log"])

    def run(self, request: dict[str, Any]) -> None:
        """Answer one request in a process of its own."""
        dataset = self._load(request["job"]) if PRELOADS and "job" in request else None
        pid = fork(lambda: answer_request(request, dataset), Path(request["scratch"]), self._channels())
        self._report(pid, self._supervisor.wait(pid, request["timeout"]))

    def _run_by_template(self, request: dict[str, Any]) -> None:
        """Let the template that a job names answer it, which is made where none waits."""
        name = request["job"]["template"]
        waited = name in self._templates
        if not waited:
            self._templates[name] = self._start_template(Path(request["scratch"]))
        template = self._templates[name]
        with suppress(ConnectionError):
            template.channel.write(json.dumps(request).encode() + b"\n")
        # The time limit is that of the compilation; a template looks after the limit of its job itself.
        for timeout in (request["timeout"], None):
            if end := self._supervisor.wait(template.pid, timeout, template.channel.fileno()):
                break
            waited = False
        else:
            # The first byte of the line said that it was there.
            self._channel.write(b"[" + template.channel.readline())
            return
        self._templates.pop(name).channel.close()
        # One that was killed while it waited takes nothing along.
        if waited:
            self._run_by_template(request)
        else:
            self._report(template.pid, end)

    def _start_template(self, scratch: Path) -> Template:
        ours, theirs = (os.fdopen(end.detach(), "r+b", buffering=0) for end in socketpair())
        with theirs:
            return Template(fork(lambda: self._be_template(theirs), scratch, [ours, *self._channels()]), ours)

    def _be_template(self, channel: IO[bytes]) -> dict[str, Any]:
        """Compile what the first request needs, in a process just forked, and run the jobs of all of them."""
        become_supervisor()
        # A copy of the server, which serves the one that it was copied from.
        self._channel, self._supervisor, self._templates = channel, Supervisor(channel.fileno()), {}
        # As in `serve`: who asked may be gone.
        with suppress(ConnectionError):
            for number, line in enumerate(iter(channel.readline, b"")):
                request = json.loads(line)
                use_scratch(Path(request["scratch"]))
                if number == 0:
                    # It counts as warm-up, and within the time limit.
                    seconds = compile_reducer(Job.from_dict(request["job"]), self._load(request["job"]))
                    request["compile_seconds"] = seconds
                    if request["timeout"] is not None:
                        request["timeout"] = max(request["timeout"] - seconds, 0)
                    _share_objects()
                channel.write(b".")
                self.run(request)
        return {}

    def _report(self, pid: int, end: ProcessEnd | None) -> None:
        """End what a process left, but for templates, which wait for their next jobs; tell how it ended."""
        terminate_group(pid)
        terminate_descendants(spare={template.pid for template in self._templates.values()})
        assert end is not None
        self._channel.write(json.dumps(end).encode() + b"\n")

    def _channels(self) -> list[IO[bytes]]:
        return [self._channel, *(template.channel for template in self._templates.values())]

    def _load(self, job: dict[str, Any]) -> Dataset | None:
        """Return the dataset of `job`; None where it cannot be loaded, which the job will find out itself."""
        from benchmark.datasets.dataset import is_foreign_name
        from benchmark.measure.preparation import load_job_dataset

        # A plugin's function might start threads, which a fork does not survive.
        if is_foreign_name(job["source"]):
            return None
        identity = tuple(job[name] for name in ("source", "data", "data_dir", "seed", "n_train", "n_test"))
        if identity not in self._dataset:
            # The one before is let go first: two of them might not fit.
            self._dataset.clear()
            with suppress(Exception):
                self._dataset[identity] = load_job_dataset(Job.from_dict(job))
        return self._dataset.get(identity)


def _share_objects() -> None:
    """Keep objects from being collected, so never written to: forked processes share their memory."""
    gc.collect()
    gc.freeze()
