"""Parameter declarations: what they accept and refuse at their bounds, and how they say so."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from reducers import find_reducers, load_reducer, make_reducer
from reducers.base import Reducer
from reducers.parameters import check_parameters, flag, integer, number, one_of, seed, sizes


class Probe(Reducer):
    """One parameter of every kind."""

    name = "probe"
    reference = "none"

    word: str = one_of("b", "a", "b", "c")
    count: int = integer(3, low=2)
    share: float = number(0.5, low=0.0, high=1.0)
    rate: float = number(0.1, low=0.0, above=True)
    level: float = number(0.1, low=0.0, high=1.0, above=True)
    start: int | None = seed(0)
    switch: bool = flag(False)
    widths: tuple[int, ...] = sizes(())
    stages: tuple[int, ...] = sizes((4,), empty=False)


ACCEPTED: list[tuple[str, Any]] = [
    ("word", "a"),
    ("word", "c"),
    ("count", 2),
    ("count", np.int64(2)),
    ("count", 10**12),
    ("share", 0),
    ("share", 1),
    ("share", np.float32(0.25)),
    ("rate", 1e-300),
    ("rate", 1e300),
    ("rate", 1),
    ("level", 1.0),
    ("start", None),
    ("start", 0),
    ("start", 2**40),
    ("switch", True),
    ("widths", ()),
    ("widths", [1, 2]),
    ("stages", (1,)),
    ("stages", [np.int32(7)]),
]

REFUSED: list[tuple[str, Any, str]] = [
    ("word", "d", "one of 'b', 'a', 'c'"),
    ("word", 1, "one of 'b', 'a', 'c'"),
    ("word", ["a"], "one of 'b', 'a', 'c'"),
    ("count", 1, "an integer >= 2"),
    ("count", 2.0, "an integer >= 2"),
    ("count", True, "an integer >= 2"),
    ("count", "3", "an integer >= 2"),
    ("count", None, "an integer >= 2"),
    ("share", -1e-9, "a number >= 0 and <= 1"),
    ("share", 1.0 + 1e-9, "a number >= 0 and <= 1"),
    ("share", True, "a number >= 0 and <= 1"),
    ("share", math.nan, "a number >= 0 and <= 1"),
    ("share", "0.5", "a number >= 0 and <= 1"),
    ("share", 0.5 + 0j, "a number >= 0 and <= 1"),
    ("rate", 0.0, "a number > 0"),
    ("rate", math.inf, "a number > 0"),
    ("level", 0.0, "a number > 0 and <= 1"),
    ("level", 1.5, "a number > 0 and <= 1"),
    ("start", -1, "an integer >= 0 or None"),
    ("start", 0.0, "an integer >= 0 or None"),
    ("start", False, "an integer >= 0 or None"),
    ("switch", 1, "True or False"),
    ("switch", "yes", "True or False"),
    ("widths", 5, "a sequence of integers >= 1"),
    ("widths", "12", "a sequence of integers >= 1"),
    ("widths", (0,), "a sequence of integers >= 1"),
    ("widths", (3, 2.5), "a sequence of integers >= 1"),
    ("widths", (True,), "a sequence of integers >= 1"),
    ("stages", (), "a sequence of integers >= 1, not empty"),
]


@pytest.mark.parametrize(("name", "value"), ACCEPTED)
def test_allowed_values_pass(name: str, value: Any) -> None:
    check_parameters(Probe(**{name: value}))


@pytest.mark.parametrize(("name", "value", "words"), REFUSED)
def test_other_values_are_refused_in_one_sentence(name: str, value: Any, words: str) -> None:
    with pytest.raises(ValueError, match="probe") as caught:
        check_parameters(Probe(**{name: value}))
    assert str(caught.value) == f"The reducer 'probe' needs {name} to be {words}; got {value!r}."


def test_the_first_word_is_the_default_and_none_is_listed_twice() -> None:
    assert Probe().word == "b"


def test_the_check_comes_with_fit_and_not_with_the_constructor() -> None:
    wrong = Probe(count=0)
    with pytest.raises(ValueError, match=r"needs count to be an integer >= 2; got 0\."):
        wrong.fit(np.zeros((3, 2)))


def test_an_override_keeps_the_declaration_of_its_own_class() -> None:
    class Wider(Probe):
        count: int = integer(1, low=1)

    check_parameters(Wider(count=1))
    with pytest.raises(ValueError, match="count"):
        check_parameters(Probe(count=1))


@pytest.mark.parametrize("name", find_reducers())
def test_the_defaults_of_every_reducer_are_allowed(name: str) -> None:
    check_parameters(make_reducer(name))


@pytest.mark.parametrize("name", find_reducers())
def test_every_parameter_of_every_reducer_says_what_is_allowed(name: str) -> None:
    undeclared = [p.name for p in fields(load_reducer(name)) if "allowed" not in p.metadata]
    assert undeclared == []


@pytest.mark.parametrize("name", ["rbm", "sparse"])
def test_a_momentum_of_one_which_forgets_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="momentum"):
        check_parameters(make_reducer(name, momentum=1.0))
