"""One epoch of the dense autoencoder, beside the loop that anybody would write."""

from __future__ import annotations

from typing import Any

from sections import Row
from sections.races import race_figures, seconds, times_faster
from targets import NOT_SLOWER

TITLE = "One epoch of the dense autoencoder"
HOW = (
    "784-500-500-2000-10 and back, batch 256, Adam, beside an eager torch loop with fused Adam and the data "
    "in memory (bf16: autocast), in turns, the best of three."
)


def measure(quick: bool) -> dict[str, Any]:
    """Return seconds and errors by trainer, in every native precision."""
    from peers.trainers import ours
    from plain import plain_loop
    from roofline import native_precisions

    n = 2_000 if quick else 20_000
    contenders = {}
    for precision in native_precisions():
        contenders[f"ours, {precision}"] = ours(n, precision)
        contenders[f"plain loop, {precision}"] = plain_loop(n, precision)
    return race_figures(contenders, n)


def rows(figures: dict[str, Any]) -> list[Row]:
    """Return a row a precision."""
    results = figures["results"]
    precisions = [name.removeprefix("ours, ") for name in results if name.startswith("ours, ")]
    return [
        Row(
            f"{precision}, {figures['n']:,} images ({figures['images']})",
            seconds(results[f"ours, {precision}"]),
            f"plain loop {seconds(results[f'plain loop, {precision}'])}",
            NOT_SLOWER,
            times_faster(results[f"ours, {precision}"], results[f"plain loop, {precision}"]),
        )
        for precision in precisions
    ]
