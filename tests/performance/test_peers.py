"""Every peer learns what ours learns: from the same start, in a few updates, the same error."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from images import training_images
from peers.elsewhere import in_own_process
from peers.jitted import jitted_loop
from peers.registry import NETWORKS, NOT_INSTALLED, PEERS, contenders, missing
from peers.start import BATCH_SIZE, LAYERS, from_our_start, ours, start

pytestmark = pytest.mark.slow

# The last of the dense batches is smaller; XLA would compile convolutions of either size for half a minute.
N_IMAGES = {"dense": 5 * BATCH_SIZE + 88, "convolutional": 2 * BATCH_SIZE}
CASES = [(name, network) for name, library in PEERS.items() for network in library.races]


def test_peers_start_from_our_weights_and_batches() -> None:
    began = start("dense", 2 * BATCH_SIZE, seed=0)
    assert [weight.shape[::-1] for weight, _ in began.weights] == list(LAYERS)
    bounds = [np.sqrt(6 / sum(layer)) for layer in LAYERS]
    assert [np.abs(weight).max() for weight, _ in began.weights] == pytest.approx(bounds, rel=0.01)
    X = training_images(2 * BATCH_SIZE)
    assert not np.array_equal(began.ordered, X)
    np.testing.assert_array_equal(np.sort(began.ordered, axis=0), np.sort(X, axis=0))


@pytest.mark.parametrize(("name", "network"), CASES)
def test_a_peer_learns_what_ours_learns(name: str, network: str) -> None:
    if not PEERS[name].is_installed:
        pytest.skip(NOT_INSTALLED)
    n = N_IMAGES[network]
    peer = from_our_start(network, n, PEERS[name].make(network, "fp32"))
    apart = []
    for seed in (0, 1, 2):
        mine, theirs = (contender(seed) for contender in (ours(network, n, "fp32"), peer))
        for trial in (mine, theirs):
            trial.fit()
        apart.append(abs(theirs.quality() / mine.quality() - 1))
    # Adam's first steps have the size of the rate however small a gradient is, so that now and then rounding
    # decides on which side of 0 one lies.
    assert np.median(apart) < 1e-3, apart
    assert max(apart) < 1e-2, apart


def test_an_error_in_another_process_is_raised_here() -> None:
    peer = in_own_process(partial(jitted_loop, "convolutional", "fp32"), threads=1)
    with pytest.raises(RuntimeError, match=r"AssertionError|ModuleNotFoundError"):
        peer(start("convolutional", BATCH_SIZE, 0))


@pytest.mark.parametrize("network", NETWORKS)
def test_all_that_are_installed_race_in_the_precisions_asked_for(network: str) -> None:
    found = contenders(network, BATCH_SIZE, ("fp32",))
    peers = {name for name, library in PEERS.items() if network in library.races} - set(missing())
    assert set(found) == {"ours, fp32", *(f"{name}, fp32" for name in peers)}
