"""A process for every request: a fork with a session, a directory and an output of its own."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from benchmark.execution.local.supervise import become_child
from benchmark.execution.observers.log import append_output
from reducers.training.epochs import Epoch

_OUTPUT, _REPLY, _EPOCH = "output.txt", "reply.txt", "epoch.json"
_EPOCH_SECONDS = 0.5


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


def fork(body: Callable[[], tuple[str, str]], scratch: Path, private: Iterable[IO[bytes]]) -> int:
    """Start a child that leaves what `body` returns as its reply, and ends; return its process id.

    Parameters
    ----------
    body : callable
        Returns what the reply is, and its text. The child is a copy of this process, and leads a session
        and a group; its exit code is 0 where nothing was raised.
    scratch : path
        The child's directory, for temporary files, for what it prints, and for its reply.
    private : files
        This process's alone: the child has none of them.
    """
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        _settle(parent, scratch, private)
        (scratch / _REPLY).write_text("\n".join(body()), encoding="utf-8")
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


def use_scratch(scratch: Path) -> None:
    """Send what this process prints to a request's directory, and its temporary files, too."""
    output = os.open(scratch / _OUTPUT, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    os.environ["TMPDIR"], tempfile.tempdir = str(scratch), None


def read_reply(scratch: Path) -> tuple[str, str]:
    """Return what the reply of a process is that ended well, and its text; both empty where it left none."""
    with suppress(OSError):
        kind, _, text = (scratch / _REPLY).read_text(encoding="utf-8").partition("\n")
        return kind, text
    return "", ""


def read_epoch(scratch: Path) -> Epoch | None:
    """Return the last epoch that a process told of; None where there is none, or it is just being written."""
    with suppress(OSError, ValueError):
        return Epoch(*json.loads((scratch / _EPOCH).read_text()))
    return None


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
