"""Runs of several machines joined into one: no row lost, no times mixed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark import load_results
from benchmark.analysis.tables import leaderboard, speedup, to_frame
from benchmark.cli import app as cli
from benchmark.errors import InputError
from benchmark.execution.merging import merge_runs
from benchmark.results import Record, Store, find_runs
from benchmark.results.lock import run_lock

LAPTOP = {"machine": "11111111", "cpu": "laptop", "usable_cores": 4, "gpus": [], "versions": {"torch": "2.6"}}
SERVER = LAPTOP | {"machine": "22222222", "cpu": "server", "usable_cores": 64}
UPDATED = LAPTOP | {"versions": {"torch": "2.7"}}
FACTS = {
    "dataset": "digits", "dataset_sha256": "d" * 64, "suite": "standard", "n_train": 10, "n_features": 64,
    "seeds": 1, "components": [2], "devices": ["cpu"], "notes": [], "wall_seconds": 60.0,
}  # fmt: skip


def record(reducer: str, environment: dict[str, Any], **changes: Any) -> Record:
    fields: dict[str, Any] = {
        "run": "x", "dataset": "digits", "reducer": reducer, "device": "cpu", "precision": "fp32",
        "threads": 4, "seed": 0, "status": "ok", "key": f"{reducer}-cpu-d2-s0-0123456789", "n_train": 10,
        "n_test": 5, "n_features": 64, "n_components": 2, "fit_seconds": 1.0, "transform_seconds": 0.5,
        "scores": {"knn_accuracy": 0.9, "kmeans_nmi": 0.5}, "params": {"n_components": 2},
        "environment": environment, "started_at": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip
    return Record(**fields | changes)


def build(tmp_path: Path, run: str, *records: Record, **facts: Any) -> Store:
    """Return the store of a run with records and arrays that say whose they are."""
    store = Store(tmp_path / "results", run)
    for made in records:
        store.save(replace(made, run=run))
        for kind in ("embeddings", "views"):
            codes = np.full((5, 2), made.fit_seconds or 0.0, dtype=np.float32)
            store.save_arrays(kind, made.key, {"codes": codes})
    store.save_facts(FACTS | {"run": run, "reducers": [made.reducer for made in records]} | facts)
    return store


def merge(tmp_path: Path, *runs: str, name: str = "both") -> Store:
    merge_runs(runs, name, tmp_path / "results", tmp_path / "reports")
    return Store(tmp_path / "results", name)


def test_rows_of_both_machines_survive_with_what_belongs_to_them(tmp_path: Path) -> None:
    build(tmp_path, "a", record("pca", LAPTOP), record("raw", LAPTOP), wall_seconds=10.0)
    build(tmp_path, "b", record("pca", SERVER, fit_seconds=0.1), notes=["hot"], wall_seconds=5.0)
    store = merge(tmp_path, "a", "b")
    rows = {(r.reducer, r.environment["cpu"]): r for r in store.records()}
    assert set(rows) == {("pca", "laptop"), ("raw", "laptop"), ("pca", "server")}
    assert {r.run for r in rows.values()} == {"both"}
    for row in rows.values():
        for kind in ("embeddings", "views"):
            assert store.load_arrays(kind, row.key)["codes"][0, 0] == np.float32(row.fit_seconds)
    facts = store.facts()
    assert facts["merged_from"] == ["a", "b"]
    assert {e["cpu"] for e in facts["environments"].values()} == {"laptop", "server"}
    assert (facts["dataset"], facts["reducers"], facts["notes"]) == ("digits", ["pca", "raw"], ["hot"])
    assert facts["wall_seconds"] == 15.0
    assert facts["command"] == "python -m benchmark merge a b --name both"
    table = load_results("both", tmp_path / "results")
    assert len(table) == 3
    assert set(table["machine"]) == set(facts["environments"])


def test_the_report_keeps_the_times_of_machines_apart(tmp_path: Path) -> None:
    build(tmp_path, "a", record("pca", LAPTOP), record("raw", LAPTOP, fit_seconds=2.0))
    build(tmp_path, "b", record("pca", SERVER, fit_seconds=0.125))
    store = merge(tmp_path, "a", "b")
    report = (tmp_path / "reports" / "both" / "report.md").read_text()
    ids = {r.environment["cpu"]: r.machine for r in store.records()}
    rows = [
        line.split(" | ") for line in report.partition("## Leaderboard")[2].splitlines() if "| pca |" in line
    ]
    assert sorted(row[1] for row in rows) == sorted(ids.values())
    assert "Times of different machines do not compare" in report
    assert "**0.125**" not in report
    for cpu, machine in ids.items():
        assert f"| processor of {machine} | {cpu} |" in report


def test_times_of_two_machines_are_neither_averaged_nor_divided() -> None:
    board = leaderboard(to_frame([record("pca", LAPTOP), record("pca", SERVER, seed=1)]))
    assert board["seeds"].tolist() == [1, 1]
    beside = speedup(to_frame([record("pca", LAPTOP), record("pca", SERVER, device="cuda")]))
    assert beside["speedup"].isna().tolist() == [True]


def test_other_versions_of_the_libraries_count_as_another_machine(tmp_path: Path) -> None:
    build(tmp_path, "a", record("pca", LAPTOP))
    build(tmp_path, "b", record("pca", UPDATED))
    assert len(list(merge(tmp_path, "a", "b").records())) == 2


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ({"fit_seconds": 1.0}, {"fit_seconds": 2.0, "started_at": "2026-01-02T00:00:00+00:00"}, 2.0),
        ({"fit_seconds": 1.0, "started_at": "2026-01-02T00:00:00+00:00"}, {"fit_seconds": 2.0}, 1.0),
        ({"fit_seconds": 1.0}, {"fit_seconds": None, "status": "failed", "started_at": "2027-01-01"}, 1.0),
    ],
)
def test_of_what_one_machine_measured_twice_the_better_row_is_kept(
    first: dict[str, Any],
    second: dict[str, Any],
    kept: float,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    build(tmp_path, "a", record("pca", LAPTOP, **first))
    build(tmp_path, "b", record("pca", LAPTOP, **second))
    (row,) = merge(tmp_path, "a", "b").records()
    assert row.fit_seconds == kept
    assert capsys.readouterr().err.startswith("Warning: 1 rows of jobs that were measured more than once")


@pytest.mark.slow
def test_settings_and_suites_that_differ_keep_their_rows_apart(tmp_path: Path) -> None:
    """Complaint 5: merge kept one of two settings."""
    build(tmp_path, "a", record("umap", LAPTOP), record("umap", LAPTOP, setting="n_neighbors=5", key="k5"))
    # A suite that sets more for all: rows of older versions have no setting at all.
    other = {"n_components": 2, "n_epochs": 50, "epochs": 7}
    build(tmp_path, "b", record("umap", LAPTOP, params=other, key="k"), suite="quick", commands=["first"])
    store = merge(tmp_path, "a", "b")
    settings = {r.setting: r.params.get("n_epochs") for r in store.records()}
    assert settings == {"": None, "n_neighbors=5": None, "epochs=7, n_epochs=50": 50}
    assert len(leaderboard(load_results("both", tmp_path / "results"))) == 3
    facts = store.facts()
    assert facts["suite"] == "standard, quick"
    assert facts["commands"] == ["first"]
    assert merge(tmp_path, "a", "b").path == store.path


def test_seeds_of_two_suites_are_never_averaged_together(tmp_path: Path) -> None:
    """Complaint 5: one suite has a seed that the other lacks, on another machine, and other epochs."""
    brief, long = ({"n_components": 2, "epochs": epochs} for epochs in (3, 30))
    tuned = [record("rbm", LAPTOP, params=long, seed=seed, key=f"l{seed}") for seed in range(3)]
    build(tmp_path, "a", record("rbm", LAPTOP, params=brief, key="b"), suite="quick")
    build(tmp_path, "b", *tuned, record("pca", LAPTOP, key="p"), suite="standard")
    build(tmp_path, "c", record("rbm", SERVER, params=brief, seed=3, key="c"), suite="quick")
    store = merge(tmp_path, "a", "b", "c")
    board = leaderboard(load_results("both", tmp_path / "results"))
    rows = {tuple(row) for row in board[["reducer", "setting", "seeds"]].fillna("").to_numpy().tolist()}
    assert rows == {("rbm", "epochs=3", 1), ("rbm", "epochs=30", 3), ("pca", "", 1)}
    [note] = store.facts()["notes"]
    assert note.startswith("The merged runs are of several suites (quick, standard): rows")
    assert note in (tmp_path / "reports" / "both" / "report.md").read_text()


def test_rows_of_other_sizes_are_neither_averaged_nor_ranked_together(tmp_path: Path) -> None:
    """Complaint 5: a suite that takes part of the data only gives its reducers an easier task."""
    easy = {"n_train": 5, "n_test": 2, "scores": {"knn_accuracy": 1.0, "kmeans_nmi": 1.0}}
    build(tmp_path, "a", record("pca", LAPTOP), record("raw", LAPTOP))
    build(tmp_path, "b", record("pca", LAPTOP, **easy, key="e"), suite="quick")
    merge(tmp_path, "a", "b")
    report = (tmp_path / "reports" / "both" / "report.md").read_text()
    assert "(10 train, 5 test)" in report.partition("## Leaderboard")[0]
    assert "1.000" not in report.partition("## Leaderboard")[0]
    table = report.partition("## Leaderboard")[2].partition("Best of each column")[0]
    assert "| reducer | train | test |" in table
    assert table.count("**0.900**") == 2, "the best of the whole data is the best of its task"


def test_runs_of_several_datasets_are_joined_by_their_checksums(tmp_path: Path) -> None:
    datasets = {"digits": {"sha256": "d" * 64, "n_train": 10}, "iris": {"sha256": "1" * 64, "n_train": 9}}
    several: dict[str, Any] = {"dataset": "digits, iris", "dataset_sha256": None, "datasets": datasets}
    build(tmp_path, "a", record("pca", LAPTOP), dataset="digits")
    build(tmp_path, "b", record("pca", LAPTOP, dataset="iris", key="k"), **several)
    facts = merge(tmp_path, "a", "b").facts()
    assert {name: said["n_train"] for name, said in facts["datasets"].items()} == {"digits": 10, "iris": 9}
    report = (tmp_path / "reports" / "both" / "report.md").read_text()
    assert report.startswith("# Dimensionality reduction on digits, iris\n")
    assert all(f"## Leaderboard: {name}\n" in report for name in ("digits", "iris"))
    datasets["digits"] = {"sha256": "2" * 64}
    build(tmp_path, "c", record("pca", LAPTOP), **several)
    with pytest.raises(InputError, match="'a' and 'c' measured different data under the name 'digits'"):
        merge(tmp_path, "a", "c", name="other")


@pytest.mark.slow
def test_a_merge_is_made_anew_and_the_sources_stay_as_they_are(tmp_path: Path) -> None:
    a = build(tmp_path, "a", record("pca", LAPTOP), record("raw", LAPTOP))
    build(tmp_path, "b", record("pca", SERVER))
    before = {path: path.read_bytes() for path in (tmp_path / "results").rglob("*.json")}
    merge(tmp_path, "a", "b")
    a.forget(record("raw", LAPTOP).key)
    store = merge(tmp_path, "a", "b")
    assert sorted(r.reducer for r in store.records()) == ["pca", "pca"]
    assert len(list((store.path / "views").iterdir())) == 2
    assert {path: path.read_bytes() for path in before if path.exists()}.items() <= before.items()
    assert find_runs(tmp_path / "results") == ["a", "b", "both"]


def test_a_target_that_another_process_writes_is_left_alone(tmp_path: Path) -> None:
    build(tmp_path, "a", record("pca", LAPTOP))
    build(tmp_path, "b", record("pca", SERVER))
    refused = pytest.raises(InputError, match=r"The run 'both' in .* is being written by another process")
    with run_lock(tmp_path / "results" / "both"), refused:
        merge(tmp_path, "a", "b")


def test_arrays_that_are_damaged_cost_themselves_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a = build(tmp_path, "a", record("pca", LAPTOP))
    build(tmp_path, "b", record("raw", LAPTOP))
    (a.path / "embeddings" / f"{record('pca', LAPTOP).key}.npz").write_bytes(b"PK\x03\x04 no zip")
    store = merge(tmp_path, "a", "b")
    assert len(list(store.records())) == 2
    assert "The embeddings of pca-cpu-d2-s0-0123456789" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("runs", "name", "message"),
    [
        (["a"], "c", "merge joins two different runs or more; got a."),
        (["a", "a"], "c", "merge joins two different runs or more; got a, a."),
        (["a", "b"], "a", "needs a name of its own; 'a' is one of the runs to merge."),
        (["a", "b"], "../c", "got '../c'."),
        (["a", "none"], "c", "No run named 'none' in"),
        (["a", "other-data"], "c", "'a' and 'other-data' measured different data under the name 'digits'."),
        (["a", "no-facts"], "c", "The run 'no-facts' has no run.json that says which data it measured."),
        (["a", "b"], "other-data", "A run named 'other-data' is there already and was not merged from these"),
    ],
)
def test_what_cannot_be_merged_is_answered_with_one_sentence(
    runs: list[str],
    name: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    build(tmp_path, "a", record("pca", LAPTOP))
    build(tmp_path, "b", record("pca", SERVER))
    build(tmp_path, "other-data", record("pca", SERVER), dataset_sha256="e" * 64)
    (build(tmp_path, "no-facts", record("pca", SERVER)).path / "run.json").unlink()
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["benchmark", "merge", *runs, "--name", name])
    with pytest.raises(SystemExit) as end:
        cli.main()
    error = capsys.readouterr().err
    assert (end.value.code, error.count("\n")) == (2, 1)
    assert message in error
    assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(InputError):
        merge_runs(runs, name)


def test_the_command_prints_where_the_report_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build(tmp_path, "a", record("pca", LAPTOP))
    build(tmp_path, "b", record("pca", SERVER))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["benchmark", "merge", "a", "b", "--name", "both"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert (end.value.code or 0, capsys.readouterr().out) == (0, "reports/both/report.md\n")
    assert json.loads((tmp_path / "results" / "both" / "run.json").read_text())["run"] == "both"
