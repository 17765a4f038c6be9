"""What goes wrong when a reducer is looked for."""

from __future__ import annotations


class RegistryError(ValueError):
    """A reducer cannot be found or made; the message is one sentence that says why."""
