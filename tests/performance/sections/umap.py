"""UMAP: what its compilation, its fit and its transform cost."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmark.reporting.style import format_seconds
from sections import Row
from targets import TRANSFORM

TITLE = "UMAP"
HOW = (
    "One run of the harness with the reducer's defaults: compilation and first allocations are warm-up, and "
    "the transform is that of the test images, which the fit has not seen."
)


def measure(quick: bool) -> dict[str, Any]:
    """Return the record's figures of one job."""
    if not quick:
        # What numba keeps on disk is compiled by the first run of an installation alone.
        _record("quick")
    return _record("quick" if quick else "standard")


def _record(suite: str) -> dict[str, Any]:
    import benchmark
    from benchmark.results import Store
    from images import mnist

    dataset = "digits" if mnist() is None else "mnist"
    with tempfile.TemporaryDirectory() as directory:
        places: dict[str, Any] = {
            "results_dir": Path(directory) / "results",
            "reports_dir": Path(directory) / "reports",
        }
        benchmark.run(["umap"], dataset, suite=suite, devices=["cpu"], name="umap", **places)
        (record,) = Store(places["results_dir"], "umap").records()
    assert record.status == "ok", record.error
    parts = ("n_train", "n_test", "warmup_seconds", "fit_seconds", "transform_seconds")
    return {"dataset": dataset, **{name: getattr(record, name) for name in parts}}


def rows(figures: dict[str, Any]) -> list[Row]:
    """Return a row a part."""
    fit, train, test = figures["fit_seconds"], figures["n_train"], figures["n_test"]
    a_fit, a_transform = fit / train, figures["transform_seconds"] / test
    return [
        Row("warm-up (compilation)", format_seconds(figures["warmup_seconds"])),
        Row(
            f"fit, {train:,} images of {figures['dataset']}",
            format_seconds(fit),
            f"{format_seconds(a_fit)} an image",
        ),
        Row(
            f"transform, {test:,} unseen images",
            format_seconds(figures["transform_seconds"]),
            f"{format_seconds(a_transform)} an image",
            TRANSFORM,
            figures["transform_seconds"] / fit,
        ),
    ]
