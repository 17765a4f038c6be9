"""The same on a GPU, where there is one."""

from __future__ import annotations

from typing import Any

from sections import Row
from sections.races import Figures, quality, relative, seconds, times_faster
from targets import NOT_SLOWER, SAME_ERROR

TITLE = "On a GPU"
HOW = (
    "Twenty epochs of 784-500-500-2000-10 and back beside an eager torch loop with fused Adam and the data "
    "on the GPU, in the same precision, and PCA beside scikit-learn's on the CPU; after a warm-up, in turns, "
    "the best of three."
)


def measure(quick: bool) -> dict[str, Any]:
    """Return seconds on the GPU; what is missing where there is none."""
    import torch

    if not torch.cuda.is_available():
        return {"missing": "no GPU at hand"}
    return measure_device("cuda", quick)


def measure_device(device: str, quick: bool) -> dict[str, Any]:
    """Return seconds on `device` of an autoencoder and of PCA."""
    from images import source
    from race import race

    n, epochs = (2_560, 2) if quick else (60_000, 20)
    dense = dense_contenders(device, n, epochs)
    pca = pca_contenders(device, n)
    race({**dense_contenders(device, 2_560, 1), **pca_contenders(device, 2_560)}, 1, device)
    results = {**race(dense, device=device), **race(pca, device=device)}
    return {
        "n": n,
        "epochs": epochs,
        "images": source(),
        "results": {name: result.figures() for name, result in results.items()},
    }


def dense_contenders(device: str, n: int, epochs: int) -> dict[str, Any]:
    """Return ours and the plain loop in fp32 and in bf16."""
    from peers.plain import plain_loop
    from peers.start import from_our_start, ours

    found = {}
    for precision in ("fp32", "bf16"):
        found[f"ours, {precision}"] = ours("dense", n, precision, epochs=epochs, device=device)
        plain = plain_loop("dense", precision, epochs, device)
        found[f"plain loop, {precision}"] = from_our_start("dense", n, plain)
    return found


def pca_contenders(device: str, n: int) -> dict[str, Any]:
    """Return our PCA on the device, and scikit-learn's exact one that is made for tall data."""
    from peers import classical

    return {"our PCA": classical.our_pca(n, device), "PCA": classical.sklearn_pca(n, "covariance_eigh")}


def rows(figures: dict[str, Any]) -> list[Row]:
    """Return a row a precision and two for PCA; none where nothing was measured."""
    if "missing" in figures:
        return []
    results, n = figures["results"], figures["n"]
    found = [
        _faster(
            f"{figures['epochs']} epochs in {precision}, {n:,} images",
            results[f"ours, {precision}"],
            results[f"plain loop, {precision}"],
            f"plain loop (error {quality(results[f'plain loop, {precision}']):.4f})",
        )
        for precision in ("fp32", "bf16")
    ]
    ours, theirs = results["our PCA"], results["PCA"]
    found.append(_faster(f"PCA, {n:,} images", ours, theirs, "scikit-learn on the CPU"))
    measured, beside = f"{quality(ours):.6f}", f"scikit-learn {quality(theirs):.6f}"
    return [*found, Row("PCA: error", measured, beside, SAME_ERROR, relative(ours, theirs))]


def _faster(what: str, ours: Figures, other: Figures, name: str) -> Row:
    ratio = times_faster(ours, other)
    measured = f"{seconds(ours)} (error {quality(ours):.4f}), {ratio:.2f} times as fast"
    return Row(what, measured, f"{name} {seconds(other)}", NOT_SLOWER, ratio)
