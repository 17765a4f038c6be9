"""The rule for names that name a directory: of runs, and of the data sets that runs are named after."""

from __future__ import annotations

import re

from benchmark.errors import InputError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")


def check_run_name(name: str, what: str = "A run's name") -> str:
    """Return `name` if it can safely name a directory, else raise `InputError`."""
    if not _NAME.fullmatch(name) or ".." in name:
        raise InputError(
            f"{what} is 1 to 100 letters, digits, '.', '_', '+' or '-' and begins with a letter "
            f"or digit; got {name!r}."
        )
    return name
