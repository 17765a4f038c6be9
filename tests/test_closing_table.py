"""The table that a run ends with: it fits the terminal, and says the mean over the seeds."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from benchmark.analysis.tables import to_frame
from benchmark.cli.closing_table import closing_table
from benchmark.results import Record

SCORES = {
    "kmeans_nmi": 0.7512, "kmeans_ari": 0.6512, "knn_accuracy": 0.9735, "forest_accuracy": 0.9612,
    "linear_accuracy": 0.9, "reconstruction_mse": 0.01284, "trustworthiness": 0.9984, "silhouette": 0.2512,
}  # fmt: skip
BASE = Record(
    run="r", dataset="d", reducer="pca", device="cpu", precision="fp32", threads=2, seed=0, status="ok",
    key="k", n_train=90, n_test=30, n_features=9, n_components=2, fit_seconds=0.00042, scores=SCORES,
)  # fmt: skip


def rendered(records: list[Record], width: int = 80, *, wide: bool = False) -> str:
    """Return the table as a terminal shows it."""
    keyed = [replace(record, key=f"k{place}") for place, record in enumerate(records)]
    console = Console(width=1_000 if wide else width, file=io.StringIO())
    console.print(closing_table(to_frame(keyed), "a run", width, wide=wide))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_it_fits_eighty_columns_and_cuts_no_number() -> None:
    names = ("pca", "a-reducer-of-a-very-long-name-indeed", "sklearn.decomposition.FactorAnalysis")
    records = [
        replace(
            BASE, reducer=name, device=device, n_components=width, params={"n_components": width}, seed=seed
        )
        for name in names
        for device in ("cpu", "cuda")
        for width in (2, 100)
        for seed in (0, 1)
    ]
    text = rendered(records)
    assert max(map(len, text.splitlines())) <= 80
    assert "0.…" not in text
    assert text.count("0.974") == 12, "a row a configuration"
    assert "0.751" in text
    assert "indeed" in text


def test_a_row_is_the_mean_over_the_seeds() -> None:
    records = [replace(BASE, seed=seed, scores={"knn_accuracy": 0.9 + seed / 10}) for seed in (0, 1)]
    (row,) = [line for line in rendered(records).splitlines() if "pca" in line]
    assert [cell.strip() for cell in row.strip("│ ").split("│")] == ["pca", "2", "420 µs", "0.950"]


def test_no_time_is_written_as_nothing() -> None:
    assert "420 µs" in rendered([BASE])
    assert "0.00" not in rendered([BASE])


def test_what_never_ended_well_is_a_row_with_its_status_behind_the_others() -> None:
    failed = replace(BASE, reducer="umap", status="timeout", fit_seconds=None, scores={}, error="too slow")
    lines = [line for line in rendered([failed, BASE]).splitlines() if "│" in line]
    assert "pca" in lines[0]
    assert "timeout" in lines[1]
    assert "0.974" in rendered([failed, BASE])


def test_where_nothing_ended_well_the_statuses_are_the_table() -> None:
    failed = replace(BASE, status="killed", fit_seconds=None, scores={}, error="by SIGKILL")
    assert "killed" in rendered([failed])


@pytest.mark.parametrize("title", ["linear", "ARI", "silhouette"])
def test_a_wide_table_has_every_score(title: str) -> None:
    records = [replace(BASE, reducer="a-reducer-of-a-long-name", device=d) for d in ("cpu", "cuda")]
    assert title in rendered(records, wide=True)
    assert title not in rendered(records, width=60)
