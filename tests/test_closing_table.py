"""The table that a run ends with, as a terminal of 80 columns shows it."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from test_ranking import board_of, first, kept, stored

from benchmark.analysis.tables import to_frame
from benchmark.cli.closing_table import closing_table
from benchmark.results import Record, Store

LONG = "a-reducer-whose-name-is-as-long-as-that-of-no-other-one"
SCORES = {"kmeans_nmi": 0.7012, "kmeans_ari": 0.5, "kmeans_accuracy": 0.6, "forest_accuracy": 0.9,
          "linear_accuracy": 0.8, "reconstruction_mse": 0.000123456, "trustworthiness": 0.95,
          "continuity": 0.97}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = stored(tmp_path, {
        "pca": [kept(first(960, 1_000)), kept(first(955, 1_000))],
        LONG: [kept(first(958, 1_000)), kept(first(956, 1_000))],
        "rbm": [kept(first(500, 1_000)), kept(first(510, 1_000))],
    })  # fmt: skip
    for record in list(store.records()):
        store.save(replace(record, scores=record.scores | SCORES))
    return store


def shown(store: Store, width: int = 80, *, wide: bool = False) -> list[str]:
    console = Console(width=width, record=True, file=StringIO())
    board = board_of(store).reset_index(drop=True)
    console.print(closing_table(board, to_frame(store.records()), "run", wide=wide), crop=not wide)
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_it_fits_80_columns_and_has_a_row_a_configuration(store: Store) -> None:
    """Complaint 7: at 80 columns every score was `0.…`, with a row a seed."""
    lines = shown(store)
    assert max(map(len, lines)) <= 80
    header = [cell.strip() for cell in lines[2].strip("┃").split("┃")]
    assert header == ["reducer", "fit", "NMI", "k-NN", "MSE", "trust."]
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    assert [row[0] for row in rows] == ["pca", "a-reducer-whose-name-is-as-…", "rbm"]
    assert rows[0] == ["pca", "120 µs", "0.701", "0.958*", "0.000123", "0.950"]
    # Nothing is squeezed away but the end of that name.
    assert sum(line.count("…") for line in lines) == 1


def test_ties_are_marked_and_explained(store: Store) -> None:
    lines = shown(store)
    marked = [line.split("│")[1].strip() for line in lines if "*" in line and line.startswith("│")]
    assert marked == ["pca", "a-reducer-whose-name-is-as-…"]
    assert "* the best, and what is not told apart from it" in lines


def test_wide_shows_every_score_and_the_whole_name(store: Store) -> None:
    text = "\n".join(shown(store, wide=True))
    assert LONG in text
    for title in ("transform", "ARI", "cluster acc.", "forest", "linear", "cont."):
        assert title in text


def test_many_keys_still_fit(store: Store) -> None:
    for record in list(store.records()):
        store.add(replace(record, device="cuda", threads=16, n_components=500, key=f"{record.key}-cuda"))
    lines = shown(store)
    assert max(map(len, lines)) <= 80
    assert {"device", "D", "fit", "trust."} < {cell.strip() for cell in lines[2].strip("┃").split("┃")}


def test_precisions_of_one_reducer_are_told_apart(store: Store) -> None:
    assert "precision" not in "".join(shown(store))
    for record in list(store.records()):
        if record.reducer == "pca":
            store.add(replace(record, precision="bf16", key=f"{record.key}-bf16"))
    assert "precis" in "".join(shown(store))


def test_failures_stand_below(store: Store) -> None:
    for seed in (0, 1):
        store.save(
            Record("r", "digits", "[bold]umap", "cpu", None, 1, seed, "failed", f"f{seed}", error="no")
        )
    rows = [line for line in shown(store) if line.startswith("│")]
    assert "[bold]umap" in rows[-1]
    assert "failed" in rows[-1]
    assert len(rows) == 4


def test_a_run_without_a_good_job_has_a_table(tmp_path: Path) -> None:
    store = Store(tmp_path, "r")
    store.save(Record("r", "digits", "umap", "cpu", None, 1, 0, "failed", "f", error="no"))
    rows = [line for line in shown(store) if line.startswith("│")]
    assert len(rows) == 1
    assert "umap" in rows[0]
    assert shown(Store(tmp_path, "empty"))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3e-7, "0.300 µs"), (0.0, "< 1 µs"), (0.00412, "4.12 ms"), (7.5, "7.50 s"), (4000.0, "66.7 min")],
)  # fmt: skip
def test_times_are_in_a_unit_that_fits(seconds: float, text: str, tmp_path: Path) -> None:
    """Complaint 7: a fit of milliseconds took 0.00 s."""
    store = stored(tmp_path, {"pca": [kept(np.ones(9, dtype=bool))]}, fit_seconds=seconds)
    assert any(f"│ {text} │" in " ".join(line.split()) for line in shown(store))
