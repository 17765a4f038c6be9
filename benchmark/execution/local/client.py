"""The process that starts the jobs, as the one who asks it sees it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmark.execution.local.ending import PATIENCE, end_group
from benchmark.execution.local.isolation import OUTPUT, clear_up
from benchmark.execution.observers.log import append_output

# What is known of a job whose starter was ended beside it.
_LOST: Mapping[str, Any] = {
    "code": None,
    "reply": "",
    "seconds": None,
    "peak_memory_mb": None,
    "timed_out": False,
}


class Client:
    """Asks ``benchmark.execution.local.server`` for one thing at a time, and starts it where it does not run.

    `end` may be called from another thread, and while an outcome is waited for.

    Parameters
    ----------
    command : sequence of str, optional
        What starts the server, in place of this interpreter.
    """

    def __init__(
        self, command: Sequence[str] = (sys.executable, "-m", "benchmark.execution.local.server")
    ) -> None:
        self._command = command
        self._messages = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - the server writes to it
        self._server: subprocess.Popen[bytes] | None = None
        self._asked: Mapping[str, Any] | None = None
        self._child: dict[str, Any] | None = None

    def ask(self, request: Mapping[str, Any]) -> None:
        """Send a request; `outcome` gives what came of it."""
        if self._server is None or self._server.poll() is not None:
            self._server = self._start()
        assert self._server.stdin is not None
        self._asked = request
        # A server that has just died is found out when its answer is read.
        with suppress(BrokenPipeError):
            self._server.stdin.write(json.dumps(request).encode() + b"\n")
            self._server.stdin.flush()

    def outcome(self) -> dict[str, Any]:
        """Wait for what came of the request.

        Returns
        -------
        dict
            ``reply`` (text, empty where there is none), ``code`` (of exit; negative: a signal; None:
            the server was lost, and ``words`` are its last), ``seconds``, ``peak_memory_mb``,
            ``timed_out``.
        """
        try:
            self._child = self._read()
            outcome = self._read()
        except (OSError, ValueError):
            self.end()
            return {**_LOST, "words": self.last_words()}
        self._asked = self._child = None
        return outcome

    def end(self) -> None:
        """End what was asked for, with all it started, and the server, which a new request starts again."""
        server = self._server
        if server is None:
            return
        assert server.stdin is not None
        assert server.stdout is not None
        # The end of its input is the server's order to end the job, to clear up, and to go.
        with suppress(OSError):
            server.stdin.close()
        if self._asked is not None:
            with suppress(subprocess.TimeoutExpired):
                server.wait(2 * PATIENCE)
        server.kill()
        server.wait()
        self._clear_up()
        server.stdout.close()
        self._server = self._asked = None

    def last_words(self) -> str:
        """Return the last line that the server wrote to its standard error."""
        self._messages.seek(0)
        lines = self._messages.read().strip().splitlines()
        return lines[-1].strip() if lines else "it said nothing"

    def _clear_up(self) -> None:
        """Do for a job what the server can no longer do, if it was killed."""
        child, self._child = self._child, None
        if child is not None and Path(child["scratch"]).exists():
            end_group(child["pid"])
            if self._asked is not None and self._asked.get("log"):
                append_output(Path(self._asked["log"]), Path(child["scratch"]) / OUTPUT)
            clear_up(Path(child["scratch"]))

    def _read(self) -> dict[str, Any]:
        server = self._server
        if server is None:
            raise BrokenPipeError("the server was ended")
        assert server.stdout is not None
        message: dict[str, Any] = json.loads(server.stdout.readline())
        return message

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            # Ctrl-C is ours to handle: the terminal sends it to a whole session.
            start_new_session=True,
        )
