"""The one exception a user can cause."""


class InputError(ValueError):
    """Something the user gave is wrong; the message is one sentence that says what and what is allowed.

    The command line prints the message and exits with code 2; nothing else is lost.
    """


def choices(names: object) -> str:
    """Return names as one readable, sorted, comma-separated list."""
    return ", ".join(sorted(str(name) for name in names))  # type: ignore[attr-defined]


def suggestion(given: str, allowed: list[str]) -> str:
    """Return `` Did you mean 'x'?`` when a name close to `given` is allowed, else nothing."""
    from difflib import get_close_matches

    close = get_close_matches(given, allowed, n=1)
    return f" Did you mean '{close[0]}'?" if close else ""
