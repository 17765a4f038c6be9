"""What ``auto`` is decided to be: by times that are made up, so that the answer is known."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from reducers.checks import make_data
from reducers.methods.autoencoders.plain import Plain
from reducers.training import precision
from reducers.training.precision import native_precision

CPU = torch.device("cpu")
Seconds = Callable[[bool], float]


@pytest.fixture(autouse=True)
def decided_anew() -> Iterator[None]:
    precision._is_worth_it.cache_clear()
    yield
    precision._is_worth_it.cache_clear()


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> Callable[[Seconds], list[bool]]:
    """Let the processor have the instructions, and take the times given; return a list of what was timed."""

    def with_times(seconds: Seconds) -> list[bool]:
        timed: list[bool] = []

        def fake(half: bool) -> float:
            timed.append(half)
            return seconds(half)

        monkeypatch.setattr(precision, "has_bf16", lambda: True)
        monkeypatch.setattr(precision, "_seconds", fake)
        return timed

    return with_times


def times(gain: float, noise: float = 0.0, busy: float = 0.0) -> Seconds:
    """Seconds of a layer that is `gain` times as fast in half precision.

    `noise` is the standard deviation of their logarithm; a share `busy` of them takes ten times as long.
    """
    rng = np.random.default_rng(0)

    def seconds(half: bool) -> float:
        disturbed = 10.0 if rng.random() < busy else 1.0
        return float(np.exp(noise * rng.normal())) * disturbed / (gain if half else 1.0)

    return seconds


def test_what_was_asked_for_is_taken_and_auto_depends_on_the_device() -> None:
    assert [native_precision(p, CPU) for p in ("fp32", "bf16")] == ["fp32", "bf16"]
    assert native_precision("auto", "cpu") in ("fp32", "bf16")
    assert native_precision("auto", torch.device("mps")) == "fp32"


@pytest.mark.parametrize(
    ("gain", "expected"), [(2.0, "bf16"), (1.25, "bf16"), (1.15, "fp32"), (1.0, "fp32"), (0.6, "fp32")]
)
@pytest.mark.parametrize(("noise", "busy"), [(0.0, 0.0), (0.05, 0.0), (0.02, 0.3)])
def test_auto_is_half_precision_only_where_the_processor_gains_a_fifth(
    native: Callable[[Seconds], list[bool]], gain: float, noise: float, busy: float, expected: str
) -> None:
    native(times(gain, noise, busy))
    assert native_precision("auto", CPU) == expected


def test_without_the_instructions_nothing_is_timed(
    native: Callable[[Seconds], list[bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    timed = native(times(2.0))
    monkeypatch.setattr(precision, "has_bf16", lambda: False)
    assert native_precision("auto", CPU) == "fp32"
    assert timed == []


def test_a_clear_answer_is_found_soon_and_a_close_one_is_looked_at_for_longer(
    native: Callable[[Seconds], list[bool]],
) -> None:
    rounds = []
    for gain in (3.0, 1.25):
        precision._is_worth_it.cache_clear()
        timed = native(times(gain, noise=0.1))
        assert native_precision("auto", CPU) == "bf16"
        rounds.append(len(timed) // 2)
    assert 10 < rounds[0] < 25 < rounds[1]


def test_what_cannot_be_told_is_single_precision_after_a_while(
    native: Callable[[Seconds], list[bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Now faster by far, now slower: the median lies on neither side.
    rounds = itertools.cycle([2.0, 2.0, 0.5, 0.5])
    clock = itertools.count(step=0.01)
    timed = native(lambda half: next(rounds) if half else 1.2)
    monkeypatch.setattr(precision.time, "perf_counter", lambda: next(clock))
    assert native_precision("auto", CPU) == "fp32"
    # Two seconds by a clock that takes a hundredth for a round.
    assert len(timed) // 2 == pytest.approx(200, abs=5)


def test_the_decision_is_made_once_in_a_process(native: Callable[[Seconds], list[bool]]) -> None:
    timed = native(times(2.0))
    first = native_precision("auto", CPU)
    made = len(timed)
    assert native_precision("auto", CPU) == first
    assert len(timed) == made > 0


def test_each_of_the_two_comes_first_as_often(native: Callable[[Seconds], list[bool]]) -> None:
    timed = native(times(1.3, noise=0.05))
    native_precision("auto", CPU)
    firsts = timed[2::2]
    assert abs(2 * sum(firsts) - len(firsts)) <= 1


def test_a_layer_is_really_timed() -> None:
    assert all(precision._seconds(half) > 0 for half in (False, True))


def test_a_fitted_reducer_remembers_what_it_was_trained_in(
    native: Callable[[Seconds], list[bool]],
) -> None:
    native(times(0.5))
    reducer = Plain(2, epochs=1)
    assert not hasattr(reducer, "precision_")
    assert reducer.fit(make_data()).precision_ == "fp32"
    native(times(2.0))
    precision._is_worth_it.cache_clear()
    assert reducer.precision_ == "fp32"
    reducer.set_params(precision="bf16")
    assert reducer.precision_ == "fp32"
    assert reducer.fit(make_data()).precision_ == "bf16"
