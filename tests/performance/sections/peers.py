"""The dense autoencoder in other libraries."""

from __future__ import annotations

from typing import Any

from sections import Row
from sections.races import quality, race_figures, relative, seconds, times_faster
from targets import AUTO_SPEED, NOT_SLOWER, SAME_LOSS, Target

TITLE = "Peers: the same autoencoder in other libraries"
HOW = (
    "One epoch of 784-500-500-2000-10 and back (for scikit-learn with a rectified code), batch 256, Adam, on "
    "the CPU in turns, the best of three. All start from the same weights and see the same batches, so that "
    "the reconstruction errors agree but for rounding; the errors are means over three seeds. `auto` is the "
    "precision that a fit takes here if none is asked for."
)
_PERCEPTRON = "scikit-learn MLPRegressor"
_OUR_PERCEPTRON = "ours, fp32, rectified code"


def measure(quick: bool) -> dict[str, Any]:
    """Return seconds and reconstruction errors by trainer."""
    import torch

    from peers import autoencoders, classical, installed
    from reducers.training.precision import native_precision

    n = 2_000 if quick else 20_000
    auto = native_precision("auto", torch.device("cpu"))
    contenders = autoencoders(n, ("fp32", "auto"))
    contenders |= {
        _OUR_PERCEPTRON: classical.our_perceptron(n),
        _PERCEPTRON: classical.sklearn_perceptron(n),
    }
    missing = sorted({"keras", "skorch", "pythae"} - set(installed()))
    return race_figures(contenders, n, missing=missing, auto=auto)


def rows(figures: dict[str, Any]) -> list[Row]:
    """Return two rows a pair of ours and a peer: its seconds and its error."""
    results = figures["results"]
    ours = [name for name in results if name.startswith("ours, ") and name != _OUR_PERCEPTRON]
    others = [name for name in results if not name.startswith("ours, ") and name != _PERCEPTRON]
    pairs = [(mine, other) for other in others for mine in ours] + [(_OUR_PERCEPTRON, _PERCEPTRON)]
    found = [row for mine, other in pairs for row in _pair(mine, other, results, figures["auto"])]
    return found + [Row(f"{name}: not measured, not installed", "–") for name in figures["missing"]]


def _pair(mine: str, other: str, results: dict[str, Any], auto: str) -> list[Row]:
    one, two = results[mine], results[other]
    ratio, apart = times_faster(one, two), relative(one, two)
    name = f"{mine} ({auto})" if mine.endswith("auto") else mine
    return [
        Row(
            name,
            f"{seconds(one)}, {ratio:.2f} times as fast",
            f"{other} {seconds(two)}",
            _speed_target(mine, other),
            ratio,
        ),
        Row(f"{name}: error", f"{quality(one):.4f}", f"{other} {quality(two):.4f}", SAME_LOSS, apart),
    ]


def _speed_target(mine: str, other: str) -> Target:
    if not mine.endswith("auto"):
        return NOT_SLOWER
    return next((target for peer, target in AUTO_SPEED.items() if other.startswith(peer)), NOT_SLOWER)
