"""The one exception a user can cause."""

from __future__ import annotations

from reducers.errors import suggestion as suggestion


class InputError(ValueError):
    """Something the user gave is wrong; the message is one sentence that says what and what is allowed.

    The command line prints the message and exits with code 2; nothing else is lost.
    """


def choices(names: object) -> str:
    """Return names as one readable, sorted, comma-separated list."""
    return ", ".join(sorted(str(name) for name in names))  # type: ignore[attr-defined]
