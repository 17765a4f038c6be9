"""A process of its own for every request, with its own session, temporary directory and output."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmark.execution.local.ending import die_with_parent, heed_signals

OUTPUT = "output.txt"


@dataclass
class Child:
    """A process that answers one request.

    Attributes
    ----------
    pid : int
        Its process id, and that of its group and session.
    scratch : path
        Its directory for temporary files, which ends with it; `OUTPUT` there holds what it printed.
    reply : file
        What it answered.
    """

    pid: int
    scratch: Path
    reply: IO[str]


def fork(answer: Callable[[], str], private: Sequence[IO[bytes]]) -> Child:
    """Start a child that is a copy of this process and writes what `answer` returns to its reply.

    The files in `private` are this process's alone: the child has none of them.
    """
    scratch, reply = _prepared()
    pid = os.fork()
    if pid:
        return Child(pid, scratch, reply)
    code = 1
    try:
        _settle(scratch, private)
        reply.write(answer())
        reply.flush()
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        # Not sys.exit: threads that a library or a plugin left behind must not keep the process.
        os._exit(code)


def spawn(command: Sequence[str], request: str) -> Child:
    """Start a child that runs a command and reads its request, on systems where forking is not safe."""
    scratch, reply = _prepared()
    with (scratch / OUTPUT).open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=reply,
            stderr=output,
            text=True,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(scratch)},
        )
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write(request)
        process.stdin.close()
    # The caller waits for it by its id.
    process.returncode = 0
    return Child(process.pid, scratch, reply)


def clear_up(scratch: Path) -> None:
    """Remove the temporary files of a child that ended."""
    shutil.rmtree(scratch, ignore_errors=True)


def _prepared() -> tuple[Path, IO[str]]:
    """Return a child's directory and the file for its reply, which has no name."""
    return Path(tempfile.mkdtemp(prefix="benchmark-")), tempfile.TemporaryFile("w+")


def _settle(scratch: Path, private: Sequence[IO[bytes]]) -> None:
    """Make this process, just forked, independent of the one it is a copy of."""
    import faulthandler

    os.setsid()
    die_with_parent()
    heed_signals()
    for file in private:
        file.close()
    output = os.open(scratch / OUTPUT, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for handle, stream in ((os.open(os.devnull, os.O_RDONLY), 0), (output, 1), (output, 2)):
        os.dup2(handle, stream)
    # What a process printed before it was killed counts, and so does where compiled code crashed.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    faulthandler.enable()
    os.environ["TMPDIR"], tempfile.tempdir = str(scratch), None
