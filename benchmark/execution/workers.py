"""Where a job runs: an isolated process on this machine."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from benchmark.results import Record, Store
from benchmark.suite import Job


class WorkerError(RuntimeError):
    """The process that starts the jobs does not answer."""


class LocalWorker:
    """Runs one job at a time, each in a process of its own.

    Attributes
    ----------
    environment : dict
        Facts of the machine, as every record carries them.
    devices : tuple of str
        Devices found.
    """

    def __init__(self) -> None:
        self._messages = tempfile.TemporaryFile("w+")  # noqa: SIM115 - the server writes to it
        self._server: subprocess.Popen[str] | None = None
        self._pid: int | None = None
        facts = self._facts()
        self.environment: dict[str, Any] = facts["environment"]
        self.devices: tuple[str, ...] = tuple(facts["devices"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, job: Job, store: Store, timeout: float | None = None) -> Record:
        """Run a job to its end, or to `timeout` seconds; return its record, whatever happened to it.

        What the job prints, tracebacks included, is appended to ``run.log`` of the run.
        """
        from benchmark.execution.job import make_record

        started = time.monotonic()
        store.path.mkdir(parents=True, exist_ok=True)
        request = {
            "job": asdict(job),
            "environment": self.environment,
            "results_dir": str(store.path.parent),
            "log": str(store.path / "run.log"),
        }
        try:
            reply = self._ask(request, timeout)
        except TimeoutError:
            self.kill()
            error = f"stopped at the limit of {timeout:g} s"
            return make_record(job, "timeout", self.environment, error=error)
        if reply["code"] == 0 and reply["reply"]:
            return Record.from_json(json.loads(reply["reply"])["record"])
        seconds = time.monotonic() - started
        return make_record(job, "killed", self.environment, error=_how_it_ended(reply["code"], seconds))

    def kill(self) -> None:
        """End the job at hand, and everything it started, at once."""
        if self._pid is not None:
            _kill(self._pid)
            self._pid = None
        self.close()

    def close(self) -> None:
        """End the process that starts the jobs; the next job starts a new one."""
        if self._server is None:
            return
        self._server.kill()
        self._server.wait()
        for stream in (self._server.stdin, self._server.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        self._server = None

    def _facts(self) -> dict[str, Any]:
        reply = self._ask({"facts": True}, timeout=120)
        if reply["code"] != 0:
            self._messages.seek(0)
            raise WorkerError(f"The worker process failed to start: {self._messages.read()[-2000:]}")
        facts: dict[str, Any] = json.loads(reply["reply"])
        return facts

    def _ask(self, request: Mapping[str, Any], timeout: float | None) -> dict[str, Any]:
        server = self._started()
        assert server.stdin is not None
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            server.stdin.write(json.dumps(request) + "\n")
            server.stdin.flush()
            self._pid = self._read(deadline)["pid"]
            reply = self._read(deadline)
        except (BrokenPipeError, EOFError):
            self.kill()
            return {"code": -signal.SIGKILL, "reply": ""}
        self._pid = None
        return reply

    def _read(self, deadline: float | None) -> dict[str, Any]:
        assert self._server is not None
        assert self._server.stdout is not None
        stream = self._server.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            if not selector.select(left):
                raise TimeoutError
        line = stream.readline()
        if not line:
            raise EOFError
        message: dict[str, Any] = json.loads(line)
        return message

    def _started(self) -> subprocess.Popen[str]:
        if self._server is None or self._server.poll() is not None:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "benchmark.execution.server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._messages,
                text=True,
                # Ctrl-C is ours to handle: the terminal sends it to a whole session.
                start_new_session=True,
            )
        return self._server


def _kill(pid: int) -> None:
    for end in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError, AttributeError):
            end(pid, signal.SIGKILL)


def _how_it_ended(code: int, seconds: float) -> str:
    if code == 0:
        return f"the process ended without a result after {seconds:.1f} s"
    if code < 0:
        with suppress(ValueError):
            return f"the process was ended by {signal.Signals(-code).name} after {seconds:.1f} s"
    return f"the process exited with code {code} after {seconds:.1f} s"
