"""The process that starts all others, as the one who asks it sees it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from socket import SHUT_WR, socket, socketpair
from typing import Any

from benchmark.execution.local.job_process import read_epoch, read_reply, remove_scratch
from benchmark.execution.local.supervise import GRACE_SECONDS, ProcessEnd, terminate_marked
from reducers.training.epochs import Epoch

# The environment variable by which the processes of a server are known.
_MARK = "BENCHMARK_SERVER"
_LOOK_SECONDS = 0.5


class Client:
    """Asks ``benchmark.execution.local.server`` for one thing at a time, and starts it where it does not run.

    `terminate` may be called from another thread, and while an answer is waited for. `command` is what starts
    the server, in place of this interpreter.
    """

    def __init__(self, command: Sequence[str] | None = None) -> None:
        # With -m, Python would look into the working directory first, which may have a benchmark.py.
        lines = f"import sys; sys.path[:] = {sys.path!r}; from benchmark.execution.local import server"
        self._command = command or [sys.executable, "-P", "-c", f"{lines}; server.main()"]
        self._mark = uuid.uuid4().hex
        self._messages = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - the server writes to it
        self._server, self._channel = self._start()
        self._request: dict[str, Any] | None = None
        self._printed = ""

    def ask(self, task: str, timeout: float | None = None, log: Path | None = None, **details: Any) -> None:
        """Send a request; `wait` gives what came of it.

        `task` is one of those of `answer_request`, and `details` are what that needs. Its process may take
        `timeout` seconds from its start; what it prints is appended to `log`.
        """
        if self._server is None or self._server.poll() is not None:
            self._server, self._channel = self._start()
        scratch = tempfile.mkdtemp(prefix="benchmark-")
        request = {"task": task, "timeout": timeout, "log": log and str(log), "scratch": scratch, **details}
        self._request = request
        # A server that has just died is found out when its answer is read.
        with suppress(ConnectionError):
            self._channel.sendall(json.dumps(request).encode() + b"\n")

    def wait(self, trained: Callable[[Epoch], None] | None = None) -> tuple[ProcessEnd, dict[str, Any]]:
        """Wait for what came of the request; return how its process ended, and its reply.

        The end has no code where the server was lost, and the reply is empty where the process did not end
        well. `trained` is told twice a second of the last epoch of what trains, if it is a new one.
        """
        channel, request, told = self._channel, self._request, None
        try:
            assert request, "nobody has ended it meanwhile"
            scratch = Path(request["scratch"])
            while trained and not select.select([channel], [], [], _LOOK_SECONDS)[0]:
                epoch = read_epoch(scratch)
                if epoch and epoch != told:
                    trained(epoch)
                    told = epoch
            with channel.makefile() as answers:
                end = ProcessEnd(*json.loads(answers.readline()))
        except (AssertionError, OSError, ValueError):
            self.terminate()
            return ProcessEnd(), {}
        reply = read_reply(scratch) if end.code == 0 else {}
        self._clean_up()
        return end, reply

    def last_message(self) -> str:
        """Return the last line that the server printed, or what it was asked for last, if that has no log."""
        self._messages.seek(0)
        lines = (self._messages.read() + self._printed).strip().splitlines()
        return lines[-1].strip() if lines else "it said nothing"

    def terminate(self) -> None:
        """End what was asked for, with all it started, and the server, which a new request starts again."""
        server, channel, self._server = self._server, self._channel, None
        if server is None:
            return
        # The end of its input is the server's order to end what runs, and to go.
        with suppress(OSError):
            channel.shutdown(SHUT_WR)
        with suppress(subprocess.TimeoutExpired):
            server.wait(2 * GRACE_SECONDS)
        server.kill()
        if server.wait() != 0:
            # It was killed, and could not end the others.
            terminate_marked(_MARK, self._mark)
        self._clean_up()
        channel.close()

    def _clean_up(self) -> None:
        """Leave nothing of a request but the log of what it printed."""
        request, self._request = self._request, None
        if request is not None:
            self._printed = remove_scratch(Path(request["scratch"]), request["log"])

    def _start(self) -> tuple[subprocess.Popen[bytes] | None, socket]:
        channel, theirs = socketpair()
        with theirs:
            server = subprocess.Popen(
                self._command,
                stdin=theirs.fileno(),
                stdout=self._messages,
                stderr=self._messages,
                env={**os.environ, _MARK: self._mark},
                # Ctrl-C is ours to handle: the terminal sends it to a whole session.
                start_new_session=True,
            )
        return server, channel
