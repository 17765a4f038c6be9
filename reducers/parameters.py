"""Parameters as declarations: a default, what is allowed, and one check that explains itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from numbers import Integral, Real
from typing import Any


@dataclass(frozen=True)
class Allowed:
    """What values a parameter may take: a predicate, and the same in words for the error."""

    holds: Callable[[Any], bool]
    words: str


def _parameter(default: Any, holds: Callable[[Any], bool], words: str, kw_only: Any = MISSING) -> Any:
    allowed = Allowed(holds, words)
    if default is None:
        allowed = Allowed(lambda value: value is None or holds(value), f"{words} or None")
    return field(default=default, kw_only=kw_only, metadata={"allowed": allowed})


def _is_integer(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_real(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _are_sizes(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(_is_integer(v) and v >= 1 for v in value)


def one_of(default: str, *others: str) -> Any:
    """Declare a parameter that is one of several words; the first is the default."""
    allowed = (default, *(other for other in others if other != default))
    words = "one of " + ", ".join(repr(word) for word in allowed)
    return _parameter(default, lambda value: isinstance(value, str) and value in allowed, words)


def integer(default: int | None, low: int, *, positional: bool = False) -> Any:
    """Declare an integer parameter of at least `low`; None is allowed where it is the default.

    A `positional` one stays so in a subclass.
    """
    words, kw_only = f"an integer >= {low}", False if positional else MISSING
    return _parameter(default, lambda value: _is_integer(value) and value >= low, words, kw_only)


def seed(default: int | None) -> Any:
    """Declare a random seed: an integer that is not negative, or None for a fresh one."""
    return _parameter(default, lambda v: v is None or (_is_integer(v) and v >= 0), "an integer >= 0 or None")


def number(
    default: float | None, low: float, high: float = math.inf, *, above: bool = False, below: bool = False
) -> Any:
    """Declare a real parameter in [low, high]; `above` and `below` leave out the bound itself.

    Where None is the default, it is allowed too.
    """

    def holds(value: Any) -> bool:
        if not _is_real(value):
            return False
        return bool((low < value if above else low <= value) and (value < high if below else value <= high))

    upper = "" if high == math.inf else f" and {'<' if below else '<='} {high:g}"
    return _parameter(default, holds, f"a number {'>' if above else '>='} {low:g}{upper}")


def image_shape() -> Any:
    """Declare the height and width of an image, or None."""

    return _parameter(
        None, lambda value: _are_sizes(value) and len(value) == 2, "(height, width), two integers >= 1,"
    )


def flag(default: bool) -> Any:
    """Declare a parameter that is true or false."""
    return _parameter(default, lambda value: isinstance(value, bool), "True or False")


def instance_of(default: Any, kind: type, words: str) -> Any:
    """Declare a parameter that is an object of a type, which `words` name."""
    return _parameter(default, lambda value: isinstance(value, kind), words)


def sizes(default: tuple[int, ...], *, empty: bool = True) -> Any:
    """Declare a sequence of layer sizes, each at least 1."""

    words = "a sequence of integers >= 1" + ("" if empty else ", not empty")
    return _parameter(default, lambda value: _are_sizes(value) and (empty or len(value) > 0), words)


def check_parameters(reducer: Any) -> None:
    """Raise ValueError for the first declared parameter whose value is not allowed.

    The message names the reducer, the parameter, what is allowed and the value received.
    """
    for parameter in fields(reducer):
        allowed = parameter.metadata.get("allowed")
        value = getattr(reducer, parameter.name)
        if allowed is not None and not allowed.holds(value):
            raise ValueError(
                f"The reducer '{reducer.name}' needs {parameter.name} to be {allowed.words}; got {value!r}."
            )
