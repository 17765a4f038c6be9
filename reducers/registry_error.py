"""What goes wrong when something is looked for by its name, and the name that was perhaps meant."""

from __future__ import annotations

from collections.abc import Iterable


class RegistryError(ValueError):
    """A reducer cannot be found or made; the message is one sentence that says why."""


def suggestion(given: str, allowed: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` when a name close to `given` is allowed, else nothing."""
    from difflib import get_close_matches

    close = get_close_matches(given, list(allowed), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""
