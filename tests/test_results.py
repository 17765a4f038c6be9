"""The record and its store: nothing lost, nothing half written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from benchmark.errors import InputError
from benchmark.results import STATUSES, Record, Store, check_run_name, find_runs, latest, open_store

RECORD = Record(
    run="r",
    dataset="digits",
    reducer="pca",
    device="cpu",
    precision="fp32",
    threads=1,
    seed=0,
    status="ok",
    key="pca-cpu-d2-s0-0123456789",
    n_train=10,
    n_test=5,
    n_features=4,
    n_components=2,
    fit_seconds=0.25,
    scores={"knn_accuracy": 0.9},
    params={"n_components": 2, "hidden": [3, 4], "whiten": False},
    history=[{"epoch": 1, "loss": 0.5}],
    started_at="2026-01-01T00:00:00+00:00",
    environment={"cpu": "a", "gpus": []},
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, "r")


def files(store: Store) -> list[str]:
    return sorted(str(path.relative_to(store.path)) for path in store.path.rglob("*") if path.is_file())


def test_a_record_survives_json_and_disk(store: Store) -> None:
    assert Record.from_json(RECORD.to_json()) == RECORD
    store.save(RECORD)
    assert store.get(RECORD.key) == RECORD
    assert list(store.records()) == [RECORD]
    assert list(json.loads(RECORD.to_json()))[:4] == ["run", "dataset", "reducer", "device"]


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_is_kept(status: str) -> None:
    assert Record.from_json(replace(RECORD, status=status).to_json()).status == status


def test_a_status_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match=r"status must be one of ok, .*; got 'fine'"):
        replace(RECORD, status="fine")


def test_what_is_no_number_is_never_stored() -> None:
    with pytest.raises(ValueError, match="JSON"):
        replace(RECORD, scores={"knn_accuracy": float("nan")}).to_json()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '"ok"',
        RECORD.to_json()[:-20],
        json.dumps({**json.loads(RECORD.to_json()), "schema": 99}),
        json.dumps({**json.loads(RECORD.to_json()), "colour": "red"}),
        json.dumps({**json.loads(RECORD.to_json()), "status": "fine"}),
        json.dumps({"schema": 1, "run": "r"}),
    ],
)
def test_a_damaged_file_is_set_aside_with_a_warning(text: str, store: Store) -> None:
    store.save(RECORD)
    path = store.path / "jobs" / "pca-cpu-d2-s1-0000000000.json"
    path.write_text(text)
    with pytest.warns(UserWarning, match=r"pca-cpu-d2-s1.*cannot be read"):
        assert list(store.records()) == [RECORD]
    assert not path.exists()
    assert path.with_suffix(".damaged").read_text() == text
    assert store.get(path.stem) is None
    assert list(store.records()) == [RECORD]


def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(store: Store) -> None:
    store.save_table("results.csv", lambda file: file.write(b"old"))

    def write(file: IO[bytes]) -> None:
        file.write(b"half of the n")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        store.save_table("results.csv", write)
    assert (store.path / "results.csv").read_bytes() == b"old"
    assert files(store) == ["results.csv"]
    with pytest.raises(ValueError, match="JSON"):
        store.save(replace(RECORD, scores={"knn_accuracy": float("inf")}))
    assert list(store.records()) == []


def test_a_new_record_takes_the_place_of_the_old_and_of_its_arrays(store: Store) -> None:
    store.save(RECORD)
    store.save_arrays("embeddings", RECORD.key, {"Z": np.zeros(2)})
    store.save_arrays("views", RECORD.key, {"codes": np.zeros(2)})
    changed = replace(RECORD, key="pca-cpu-d2-s0-ffffffffff", fit_seconds=1.0)
    store.save(changed)
    assert list(store.records()) == [changed]
    assert files(store) == [f"jobs/{changed.key}.json"]


@pytest.mark.parametrize("status", ["failed", "killed", "timeout", "interrupted"])
def test_a_success_takes_the_place_of_a_failure_of_other_code(status: str, store: Store) -> None:
    # A job that ended early never got to know the precision it would have run at.
    unknown: dict[str, Any] = {"precision": None, "n_components": None}
    store.save(replace(RECORD, status=status, key="pca-cpu-d2-s0-eeeeeeeeee", **unknown))
    store.save(RECORD)
    assert list(store.records()) == [RECORD]


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": "mnist"},
        {"reducer": "umap"},
        {"device": "cuda"},
        {"threads": 2},
        {"seed": 1},
        {"n_train": 11},
        {"params": {"n_components": 3}},
        {"params": {"n_components": 2, "precision": "bf16"}, "precision": "bf16"},
    ],
    ids=str,
)
def test_what_differs_in_more_than_code_stands_beside(change: dict[str, Any], store: Store) -> None:
    store.save(RECORD)
    store.save(replace(RECORD, key="other", **change))
    assert len(list(store.records())) == 2
    assert len(latest(store.records())) == 2


def test_latest_keeps_the_one_that_started_last() -> None:
    newer = replace(RECORD, key="other", started_at="2026-01-02T00:00:00+00:00")
    assert latest([newer, RECORD]) == [newer]
    assert latest([RECORD, newer]) == [newer]


def test_arrays_come_back_as_they_were(store: Store) -> None:
    arrays = {"Z": np.arange(6, dtype=np.float32).reshape(2, 3), "names": np.array(["a", "é"])}
    for kind in ("embeddings", "views"):
        store.save_arrays(kind, "k", arrays)
        loaded = store.load_arrays(kind, "k")
        assert set(loaded) == set(arrays)
        for name, array in arrays.items():
            np.testing.assert_array_equal(loaded[name], array)
            assert loaded[name].dtype == array.dtype
    assert store.load_arrays("views", "none") == {}


def test_forgetting_a_job_removes_all_of_it(store: Store) -> None:
    store.save(RECORD)
    store.save_arrays("embeddings", RECORD.key, {"Z": np.zeros(2)})
    store.forget(RECORD.key)
    assert files(store) == []
    store.forget(RECORD.key)


def test_facts_come_back(store: Store) -> None:
    assert store.facts() == {}
    store.save_facts({"dataset": "digits", "notes": ["é"]})
    assert store.facts() == {"dataset": "digits", "notes": ["é"]}


@pytest.mark.parametrize("name", ["mnist-standard", "a", "2026-01.x_y+z", "a" * 100])
def test_names_that_can_name_a_directory(name: str) -> None:
    assert check_run_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", "a..b", ".hidden", "-x", "a b", "a\n", "é", "a" * 101, "a\0"],
)
def test_names_that_cannot(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name"):
        check_run_name(name)
    with pytest.raises(InputError, match="name"):
        Store(tmp_path, name)


def test_runs_are_found_by_name(tmp_path: Path, store: Store) -> None:
    with pytest.raises(InputError, match=r"No run named 'r' in .*; runs there: none yet"):
        open_store(tmp_path, "r")
    store.save(RECORD)
    (tmp_path / "notes").mkdir()
    assert find_runs(tmp_path) == ["r"]
    assert open_store(tmp_path, "r").get(RECORD.key) == RECORD
    with pytest.raises(InputError, match=r"No run named 'q' in .*; runs there: r"):
        open_store(tmp_path, "q")


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", "\xff"])
def test_damaged_facts_are_no_facts(tmp_path: Path, content: str) -> None:
    store = Store(tmp_path, "r")
    assert store.facts() == {}
    store.path.mkdir()
    (store.path / "run.json").write_bytes(content.encode("latin-1"))
    assert store.facts() == {}
    store.save_facts({"run": "r"})
    assert store.facts() == {"run": "r"}
