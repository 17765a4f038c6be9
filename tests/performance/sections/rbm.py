"""The restricted Boltzmann machine beside scikit-learn's."""

from __future__ import annotations

from typing import Any

from sections import Row
from sections.races import quality, race_figures, seconds, times_faster
from targets import PSEUDO_LIKELIHOOD, RBM_SPEED

TITLE = "RBM"
PEER = "scikit-learn BernoulliRBM"
HOW = (
    "256 hidden units, batch 100, learning rate 0.1, the same number of epochs, in turns, the best of three; "
    "the pseudo-likelihood is scikit-learn's of both, on the training images, in nats."
)


def measure(quick: bool) -> dict[str, Any]:
    """Return seconds and pseudo-likelihoods of both."""
    from peers import classical

    n = 2_000 if quick else 20_000
    contenders = {"ours": classical.our_rbm(n), PEER: classical.sklearn_rbm(n)}
    return race_figures(contenders, n, epochs=classical.RBM_EPOCHS)


def rows(figures: dict[str, Any]) -> list[Row]:
    """Return a row for the time and one for the pseudo-likelihood."""
    ours, theirs = figures["results"]["ours"], figures["results"][PEER]
    ratio, better = times_faster(ours, theirs), quality(ours) - quality(theirs)
    what = f"{figures['epochs']} epochs, {figures['n']:,} images"
    return [
        Row(
            f"fit, {what}",
            f"{seconds(ours)}, {ratio:.2f} times as fast",
            f"{PEER} {seconds(theirs)}",
            RBM_SPEED,
            ratio,
        ),
        Row(
            f"log pseudo-likelihood, {what}",
            f"{quality(ours):.1f}",
            f"{PEER} {quality(theirs):.1f}",
            PSEUDO_LIKELIHOOD,
            better,
        ),
    ]
