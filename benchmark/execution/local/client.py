"""The process that starts all others, as the one who asks it sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmark.execution.local.job_process import read_reply, remove_scratch
from benchmark.execution.local.supervise import GRACE_SECONDS, ProcessEnd, terminate_marked

# The environment variable by which the processes of a server are known.
_MARK = "BENCHMARK_SERVER"


class Client:
    """Asks ``benchmark.execution.local.server`` for one thing at a time, and starts it where it does not run.

    `terminate` may be called from another thread, and while an answer is waited for.

    Parameters
    ----------
    command : sequence of str, optional
        What starts the server, in place of this interpreter.
    """

    def __init__(
        self, command: Sequence[str] = (sys.executable, "-m", "benchmark.execution.local.server")
    ) -> None:
        self._command, self._mark = command, uuid.uuid4().hex
        self._messages = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - the server writes to it
        self._server: subprocess.Popen[bytes] | None = None
        self._request: dict[str, Any] | None = None
        self._printed = ""

    def ask(self, task: str, timeout: float | None = None, log: Path | None = None, **details: Any) -> None:
        """Send a request; `wait` gives what came of it.

        Parameters
        ----------
        task : str
            One of those of `benchmark.execution.local.job_tasks`; `details` are what that needs.
        timeout : float, optional
            Seconds that its process may take, from its start.
        log : path, optional
            Where what it prints is appended.
        """
        if self._server is None or self._server.poll() is not None:
            self._server = self._start()
        assert self._server.stdin is not None
        scratch = tempfile.mkdtemp(prefix="benchmark-")
        request = {"task": task, "timeout": timeout, "log": log and str(log), "scratch": scratch, **details}
        self._request = request
        # A server that has just died is found out when its answer is read.
        with suppress(BrokenPipeError):
            self._server.stdin.write(json.dumps(request).encode() + b"\n")
            self._server.stdin.flush()

    def wait(self) -> tuple[ProcessEnd, str, str]:
        """Wait for what came of the request.

        Returns
        -------
        end : ProcessEnd
            How the process ended that was given the request; without a code where the server was lost.
        kind, reply : str
            What it replied; empty where it did not end well.
        """
        server, request = self._server, self._request
        try:
            assert server is not None
            assert server.stdout is not None
            assert request is not None
            end = ProcessEnd(**json.loads(server.stdout.readline()))
        except (AssertionError, OSError, ValueError):
            self.terminate()
            return ProcessEnd(), "", ""
        kind, reply = read_reply(Path(request["scratch"])) if end.code == 0 else ("", "")
        self._clean_up()
        return end, kind, reply

    def last_message(self) -> str:
        """Return the last line that the server printed, or what it was asked for last, if that has no log."""
        self._messages.seek(0)
        lines = (self._messages.read() + self._printed).strip().splitlines()
        return lines[-1].strip() if lines else "it said nothing"

    def terminate(self) -> None:
        """End what was asked for, with all it started, and the server, which a new request starts again."""
        server, self._server = self._server, None
        if server is None:
            return
        assert server.stdin is not None
        assert server.stdout is not None
        # The end of its input is the server's order to end what runs, and to go.
        with suppress(OSError):
            server.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            server.wait(2 * GRACE_SECONDS)
        server.kill()
        if server.wait() != 0:
            # It was killed, and could not end the others.
            terminate_marked(_MARK, self._mark)
        self._clean_up()
        server.stdout.close()

    def _clean_up(self) -> None:
        """Leave nothing of a request but the log of what it printed."""
        request, self._request = self._request, None
        if request is not None:
            self._printed = remove_scratch(Path(request["scratch"]), request["log"])

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            env={**os.environ, _MARK: self._mark},
            # Ctrl-C is ours to handle: the terminal sends it to a whole session.
            start_new_session=True,
        )
