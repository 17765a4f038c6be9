"""How near our training comes to the machine's bare matrix products."""

from __future__ import annotations

from typing import Any

import roofline
from sections import Row
from targets import CONVOLUTION_SHARE, DENSE_SHARE

TITLE = "Matrix products"
HOW = (
    "The layers' own shapes at batch 256, forward and backward, in bare calls of the library on operands "
    "that stay in cache (the fastest of several for each product, beside it the plain calls, `F.linear` and "
    "`torch.mm`; channels last for convolutions) and in the training loop (half of what a fit of three "
    "epochs takes longer than one of a single epoch), in turns, the best of three each."
)
_NETWORKS = {
    "dense": ("784-500-500-2000-10 and back", DENSE_SHARE),
    "convolutional": ("convolutional, channels 16 and 8", CONVOLUTION_SHARE),
}


def measure(quick: bool) -> dict[str, Any]:
    """Return GFLOP/s by network and precision."""
    return roofline.measure(quick)


def rows(figures: dict[str, Any]) -> list[Row]:
    """Return a row a network and precision."""
    return [
        Row(
            f"{_NETWORKS[network][0]}, {precision}",
            f"{found['training_gflops']:.0f} GFLOP/s, {found['share']:.2f} of the library",
            f"library {found['library_gflops']:.0f} GFLOP/s, {found['plain_gflops']:.0f} by its plain calls",
            _NETWORKS[network][1],
            found["share"],
        )
        for network, rates in figures.items()
        for precision, found in rates.items()
    ]
