"""Seconds and errors of one fit of ours beside the same fit in other libraries, in turns.

What is asserted is that both learn the same; who is faster is recorded, as any timing is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from images import training_images
from peers import classical
from peers.registry import NOT_INSTALLED, PEERS, native_precisions
from peers.start import from_our_start, ours
from race import Contender, Result, Trial, stopwatch

pytestmark = pytest.mark.slow

N_IMAGES = 20_000
ROUNDS = 3
TOLERANCE = 0.02
RACES = [
    (network, name, precision)
    for name, library in PEERS.items()
    for network, precisions in library.races.items()
    for precision in precisions
]

Beside = Callable[[Contender, Contender], tuple[Result, Result]]


@pytest.fixture
def beside(benchmark: Any) -> Beside:
    """Return a function that times ours by the fixture `benchmark`, each round after one of the peer's."""

    def run(ours: Contender, peer: Contender) -> tuple[Result, Result]:
        training_images(N_IMAGES)
        trials: list[Trial] = []
        theirs: list[tuple[float, float]] = []

        def one_of_the_peer() -> tuple[tuple[Any, ...], dict[str, Any]]:
            rival = peer(len(theirs))
            theirs.append((stopwatch(rival.fit), rival.quality()))
            trials.append(ours(len(trials)))
            return (), {}

        benchmark.pedantic(lambda: trials[-1].fit(), setup=one_of_the_peer, rounds=ROUNDS)
        found = Result(tuple(benchmark.stats.stats.data), tuple(trial.quality() for trial in trials))
        result = Result(*zip(*theirs, strict=True))
        benchmark.extra_info |= {"peer": result.figures(), "times_faster": result.best / found.best}
        return found, result

    return run


@pytest.mark.parametrize(("network", "name", "precision"), RACES)
def test_autoencoder(network: str, name: str, precision: str, beside: Beside) -> None:
    if not PEERS[name].is_installed:
        pytest.skip(NOT_INSTALLED)
    if precision not in native_precisions():
        pytest.skip(f"a fit on this processor does not take {precision}")
    peer = from_our_start(network, N_IMAGES, PEERS[name].make(network, precision))
    mine, theirs = beside(ours(network, N_IMAGES, precision), peer)
    assert mine.mean_quality == pytest.approx(theirs.mean_quality, rel=TOLERANCE)


def test_perceptron(beside: Beside) -> None:
    mine, theirs = beside(classical.our_perceptron(N_IMAGES), classical.sklearn_perceptron(N_IMAGES))
    assert mine.mean_quality == pytest.approx(theirs.mean_quality, rel=TOLERANCE)


def test_rbm(beside: Beside) -> None:
    mine, theirs = beside(classical.our_rbm(N_IMAGES), classical.sklearn_rbm(N_IMAGES))
    assert mine.mean_quality >= theirs.mean_quality


@pytest.mark.parametrize("solver", classical.PCA_SOLVERS)
def test_pca(solver: str, beside: Beside) -> None:
    mine, theirs = beside(classical.our_pca(N_IMAGES), classical.sklearn_pca(N_IMAGES, solver))
    assert mine.mean_quality == pytest.approx(theirs.mean_quality, rel=1e-4)
