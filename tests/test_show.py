"""What `show` says of a run and of one of its reducers, in a terminal of 80 columns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from test_choosing import run_of
from test_cli import call_here

from benchmark.results import Record, Store

FACTS = {
    "run": "r", "dataset": "digits", "dataset_sha256": "0" * 64, "dataset_summary": "scanned digits",
    "n_train": 100, "n_test": 400, "seeds": 2, "devices": ["cpu"], "started_at": "2026-11-24T09:23:41+00:00",
    "wall_seconds": 4065.0, "environment": {"cpu": "Some Processor", "usable_cores": 2},
    "notes": ["digits has 64 features."],
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A run of two reducers that ended well, in a terminal of 80 columns, and one that did not."""
    monkeypatch.setattr("benchmark.cli.printing.make_console", lambda: Console(width=80))
    monkeypatch.chdir(tmp_path)
    store = run_of(tmp_path, {"stacked": [392, 388], "pca": [300, 310]})
    history = [{"stage": "layer 1", "epoch": n, "loss": 0.5 / n} for n in (1, 2)]
    history += [{"stage": "fine-tuning", "epoch": n, "loss": 0.25 / n} for n in (1, 2, 3, 4)]
    for record in list(store.records()):
        if record.reducer == "stacked":
            changed = {"history": history, "params": {"n_components": 2, "epochs": 4, "tied": False}}
            costs = {"warmup_seconds": 1.5, "fit_seconds": 212.0, "peak_memory_mb": 373.3}
            store.save(replace(record, **changed, **costs, score_seconds=12.4))
    store.save(Record("r", "digits", "umap", "cpu", None, 1, 0, "failed", "umap-0", error="no [room]"))
    store.save_facts(FACTS)
    return store


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    code, out, error = call_here(capsys, "show", "r", *words)
    assert (code, error) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    return "\n".join(" ".join(line.strip("│┃ •").split()) for line in out.splitlines())


def test_a_run_says_what_was_run_what_came_of_it_and_what_failed(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    out = shown(capsys)
    for line in (
        "data: digits, scanned digits",
        "rows: 100 for training, 400 for testing",
        "seeds: 2",
        "devices: cpu",
        "processor: Some Processor",
        "cores: 2 usable",
        "jobs: 5, of which 4 ok",
        "started: 2026-11-24T09:23:41+00:00",
        "took: 68 min",
        "digits has 64 features.",
    ):
        assert line in out.splitlines()
    assert "stacked │ 3.53 min │ 0.975*" in out
    assert "umap │ failed" in out
    assert "no [room]" in out


def test_a_reducer_says_all_that_was_measured_of_it(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    card = Path("reports", "r", "reducer-stacked.png")
    out = shown(capsys, "--reducer", "stacked")
    assert "Parameters: epochs = 4, n_components = 2, tied = False." in out
    assert "figures: none; report draws them" in out
    assert "loss of layer 1: 0.5 at first, 0.25 after 2 epochs" in out
    assert "loss of fine-tuning: 0.25 at first, 0.0625 after 4 epochs" in out
    (score,) = (line for line in out.splitlines() if line.startswith("k-NN"))
    assert score.startswith("k-NN 0.975 (0.9")
    assert score.endswith("rank 1)")
    for cost in ("1.50", "212", "373"):
        assert cost in out
    assert "Every job ended well." in out
    assert "pca" not in out
    card.parent.mkdir(parents=True)
    card.touch()
    assert str(card) in shown(capsys, "--reducer", "stacked")


def test_a_reducer_that_failed_shows_why(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, "--reducer", "umap")
    assert "no [room]" in out
    assert "stacked" not in out


def test_a_reducer_that_is_not_there_is_one_sentence_with_those_that_are(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = call_here(capsys, "show", "r", "--reducer", "stackd")
    assert code == 2
    assert error == (
        "Error: The run 'r' has no reducer 'stackd'. Did you mean 'stacked'? It has: pca, stacked, umap.\n"
    )


@pytest.mark.parametrize(
    ("words", "reducers"), [((), {"stacked", "pca", "umap"}), (("--reducer", "pca"), {"pca"})]
)
def test_json_has_the_leaderboard_and_every_job(
    words: tuple[str, ...], reducers: set[str], store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call_here(capsys, "show", "r", "--json", *words)
    told = json.loads(out)
    assert (code, told["run"]) == (0, "r")
    assert {job["reducer"] for job in told["jobs"]} == reducers
    assert {row["reducer"] for row in told["rows"]} == reducers - {"umap"}
    assert all("knn_accuracy_best_rank" in row for row in told["rows"])


def test_a_run_of_nothing_that_ended_well_can_be_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(tmp_path, "r")
    store.save(Record("r", "digits", "umap", "cpu", None, 1, 0, "failed", "umap-0", error="no"))
    where = ("--results-dir", str(tmp_path))
    assert call_here(capsys, "show", "r", *where)[0] == 0
    assert call_here(capsys, "show", "r", "--reducer", "umap", *where)[0] == 0
