"""Our autoencoders beside the same networks in other libraries."""

from __future__ import annotations

from typing import Any

from sections import Row
from sections.races import Figures, best, quality, race_figures, relative, spread, times_faster
from targets import NOT_SLOWER, SAME_LOSS

TITLE = "Peers: the same autoencoders in other libraries"
HOW = (
    "One epoch of 784-500-500-2000-10 and back, and one of the convolutional autoencoder of 16 and 8 "
    "channels, images channels last; batch 256, Adam, on the CPU in turns: the fastest of three rounds, and "
    "the median. All start from the same weights and see the same batches, so that the reconstruction errors "
    "agree but for rounding; the errors are means over the rounds, each of another seed. Plain torch is an "
    "eager loop with fused Adam, in bf16 by autocast. JAX runs in processes of its own, and compiles before "
    "the clock starts. In each precision the fastest of all is the one to beat. scikit-learn's network has a "
    "rectified code, and so has ours beside it."
)
_NETWORKS = {"dense": "784-500-500-2000-10 and back", "convolutional": "convolutional, channels 16 and 8"}
_PERCEPTRON, _OUR_PERCEPTRON = "scikit-learn MLPRegressor", "ours, rectified code"


def measure(quick: bool) -> dict[str, Any]:
    """Return seconds and reconstruction errors by network and contender."""
    from peers import classical
    from peers.registry import contenders, missing, native_precisions, versions

    sizes = {"dense": 2_000, "convolutional": 1_000} if quick else {"dense": 20_000, "convolutional": 10_000}
    precisions = native_precisions()
    races = {network: contenders(network, n, precisions) for network, n in sizes.items()}
    races["dense"] |= {
        _OUR_PERCEPTRON: classical.our_perceptron(sizes["dense"]),
        _PERCEPTRON: classical.sklearn_perceptron(sizes["dense"]),
    }
    found = {network: race_figures(race, sizes[network]) for network, race in races.items()}
    return {"precisions": precisions, "versions": versions(), "missing": missing(), "networks": found}


def rows(figures: dict[str, Any]) -> list[Row]:
    """Return the rows of every network and precision: the fastest peer, the errors, and the other peers."""
    found: list[Row] = []
    for network, raced in figures["networks"].items():
        for precision in figures["precisions"]:
            what = f"{_NETWORKS[network]}, {precision}, {raced['n']:,} images"
            found += _rows(what, precision, raced["results"])
    results = figures["networks"]["dense"]["results"]
    ours, theirs = results[_OUR_PERCEPTRON], results[_PERCEPTRON]
    found += _judged("rectified code, fp32", ours, _PERCEPTRON, theirs, {_PERCEPTRON: theirs})
    found.append(Row("versions", ", ".join(" ".join(pair) for pair in figures["versions"].items())))
    return found + [Row(f"{name}: not measured, not installed", "–") for name in figures["missing"]]


def _rows(what: str, precision: str, results: dict[str, Figures]) -> list[Row]:
    ours = results[f"ours, {precision}"]
    names = [name for name in results if name.endswith(f", {precision}") and not name.startswith("ours")]
    peers = {name.removesuffix(f", {precision}"): results[name] for name in names}
    fastest, *others = sorted(peers, key=lambda name: best(peers[name]))
    return [
        *_judged(what, ours, f"{fastest}, the fastest of {len(peers)}:", peers[fastest], peers),
        *(_beside(what, ours, name, peers[name]) for name in others),
    ]


def _judged(
    what: str, ours: Figures, name: str, fastest: Figures, peers: dict[str, Figures]
) -> tuple[Row, Row]:
    """Return a row of the time and one of the error; that is held against the peer whose is furthest."""
    far = max(peers, key=lambda peer: relative(ours, peers[peer]))
    error, beside = f"{quality(ours):.4f}", f"the furthest: {far} {quality(peers[far]):.4f}"
    return (
        _beside(what, ours, name, fastest)._replace(target=NOT_SLOWER, value=times_faster(ours, fastest)),
        Row(f"{what}: error", error, beside, SAME_LOSS, relative(ours, peers[far])),
    )


def _beside(what: str, ours: Figures, name: str, theirs: Figures) -> Row:
    measured = f"{spread(ours)}, {times_faster(ours, theirs):.2f} times as fast"
    return Row(what, measured, f"{name} {spread(theirs)}")
