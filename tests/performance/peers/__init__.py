"""The same work done by other libraries, as their own documentation says to do it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from race import Contender

# Import name to what a table calls it; the extra `peers` installs them.
TRAINERS = {"keras": "Keras", "skorch": "skorch", "pythae": "pythae"}
NOT_INSTALLED = 'the extra "peers" is not installed: pip install -c constraints.txt -e ".[peers]"'


def installed() -> list[str]:
    """Return the trainers of the extra that are installed."""
    return [name for name in TRAINERS if find_spec(name) is not None]


def autoencoders(n: int, precisions: Sequence[str] = ("fp32", "auto")) -> dict[str, Contender]:
    """Return ours in every precision, and every trainer that is installed, on `n` images."""
    from peers import trainers

    ours = {f"ours, {precision}": trainers.ours(n, precision) for precision in precisions}
    makers = {
        "keras": trainers.keras_trainer,
        "skorch": trainers.skorch_trainer,
        "pythae": trainers.pythae_trainer,
    }
    return ours | {TRAINERS[name]: makers[name](n) for name in installed()}
