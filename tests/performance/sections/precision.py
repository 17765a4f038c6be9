"""Whether bf16 learns what fp32 learns."""

from __future__ import annotations

from typing import Any

from sections import Row
from targets import SAME_LOSS

TITLE = "Losses in bf16 and in fp32"
HOW = (
    "Every autoencoder with its defaults but for the number of epochs, from the same weights and in the same "
    "order: the largest relative difference of the loss in any epoch."
)


def measure(quick: bool) -> dict[str, Any]:
    """Return the losses of every epoch by reducer and precision."""
    from images import source, training_images
    from reducers import find_reducers, make_reducer

    n, epochs, pretrain = (2_000, 2, 1) if quick else (20_000, 5, 2)
    names = [name for name in find_reducers() if "precision" in make_reducer(name).get_params()]
    curves: dict[str, dict[str, list[float]]] = {}
    for name in names:
        curves[name] = {}
        for precision in ("fp32", "bf16"):
            few = {"epochs": epochs, "pretrain_epochs": pretrain, "precision": precision, "device": "cpu"}
            reducer = make_reducer(name)
            own = reducer.get_params()
            reducer.set_params(**{key: value for key, value in few.items() if key in own})
            reducer.fit(training_images(n))
            curves[name][precision] = [float(epoch["loss"]) for epoch in reducer.history_]
    return {"n": n, "images": source(), "curves": curves}


def rows(figures: dict[str, Any]) -> list[Row]:
    """Return a row a reducer."""
    return [_row(name, figures["n"], curves) for name, curves in figures["curves"].items()]


def _row(name: str, n: int, curves: dict[str, list[float]]) -> Row:
    pairs = list(zip(curves["fp32"], curves["bf16"], strict=True))
    largest = max(abs(half / full - 1) for full, half in pairs)
    full, half = pairs[-1]
    what = f"{name}, {len(pairs)} epochs, {n:,} images"
    return Row(
        what, f"{100 * largest:.2g} %", f"last loss {half:.4f}, in fp32 {full:.4f}", SAME_LOSS, largest
    )
