"""The exceptions whose message is all that a user has to see."""

from __future__ import annotations

from collections.abc import Iterable

from reducers.registry_error import suggestion as suggestion


class InputError(ValueError):
    """Something the user gave is wrong; the message is one sentence that says what and what is allowed.

    The command line prints the message and exits with code 2; nothing else is lost. Names and values
    of foreign files stand in messages, so a message is put on one line, its control characters are
    written out, and where it is longer than 800 characters its middle is left out.
    """

    def __init__(self, message: str) -> None:
        line = _cut(" ".join(message.split()))
        super().__init__(_cut("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)))


class RunError(RuntimeError):
    """A run cannot go on, because of a disk or a process; the message is one sentence.

    The command line prints it and exits with code 1; what was stored before is kept.
    """


def _cut(text: str) -> str:
    return text if len(text) <= 800 else f"{text[:500]} ... {text[-250:]}"


def choices(names: Iterable[object]) -> str:
    """Return names as one readable, sorted, comma-separated list."""
    return ", ".join(sorted(map(str, names)))
