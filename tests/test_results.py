"""The record and its store: nothing lost, nothing half written."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from benchmark.analysis.tables import to_frame
from benchmark.errors import InputError
from benchmark.results import (
    STATUSES,
    Record,
    RunError,
    Store,
    check_run_name,
    find_runs,
    latest,
    open_store,
    schema,
)
from benchmark.results.artifacts import ARTIFACTS

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


@pytest.mark.parametrize(
    "change",
    [
        {"scores": {"knn_accuracy": float("nan")}},
        {"fit_seconds": float("inf")},
        {"fit_seconds": "0.25"},
        {"fit_times": (0.25,)},
        {"seed": True},
        {"n_parameters": 2**63},
        {"history": [{"epoch": 1, "loss": float("nan")}]},
        {"history": [{"epoch": 1, "loss": np.zeros(2)}]},
        {"params": {"nested": json.loads("[" * 49 + "]" * 49)}},
    ],
    ids=str,
)
def test_what_no_file_may_hold_makes_no_record(change: dict[str, Any]) -> None:
    (name,) = change
    with pytest.raises(ValueError, match=f"its {name} is "):
        replace(RECORD, **change)


def test_what_is_no_number_is_never_stored(store: Store) -> None:
    broken = replace(RECORD, scores={})
    broken.scores["knn_accuracy"] = float("inf")
    for write in (broken.to_json, lambda: store.save(broken)):
        with pytest.raises(ValueError, match=r"JSON|its scores is"):
            write()
    assert list(store.records()) == []


def test_fifty_levels_are_not_too_many() -> None:
    deep = replace(RECORD, params={"nested": json.loads("[" * 48 + "]" * 48)})
    assert Record.from_json(deep.to_json()) == deep


def test_integers_of_numpy_are_no_integers_and_its_floats_are_floats() -> None:
    made = replace(RECORD, scores={"knn_accuracy": np.float64(0.9)})
    assert Record.from_json(made.to_json()) == RECORD
    with pytest.raises(ValueError, match="its n_train is"):
        replace(RECORD, n_train=np.int64(10))


def changed(**changes: Any) -> str:
    """Return the JSON of a job's file with some of its content changed."""
    return json.dumps(json.loads(RECORD.to_json()) | changes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '"ok"',
        "[" * 100_000,
        '{"a":' * 100_000,
        changed(params={"a": json.loads("[" * 49 + "]" * 49)}),
        changed(fit_seconds=1.0).replace("1.0", "1e999"),
        changed(history=[{"loss": 1.5}]).replace("1.5", "1e999"),
        RECORD.to_json()[:-20],
        changed(status="fine"),
        changed(timing="alone"),
        changed(seed="0"),
        changed(n_train=10**30),
        changed(fit_seconds=float("nan")),
        changed(params={"alpha": float("-inf")}),
        changed(scores={"knn_accuracy": "high"}),
        changed(history=[1]),
        changed(schema=None),
        changed(key="../../elsewhere"),
        json.dumps({"schema": 1, "run": "r"}),
    ],
)
def test_a_damaged_file_is_set_aside_with_one_line(text: str, store: Store, tmp_path: Path) -> None:
    told: list[str] = []
    store = Store(tmp_path, "r", warn=told.append)
    store.save(RECORD)
    path = store.path / "jobs" / "pca-cpu-d2-s1-0000000000.json"
    for number in (1, 2):
        path.write_text(text)
        assert list(store.records()) == [RECORD]
        aside = path.with_suffix(".damaged" if number == 1 else ".damaged-2")
        assert aside.read_text() == text
        assert told[-1].startswith(f"{path} cannot be read (")
        assert told[-1].endswith(f"); it was set aside as {aside.name}.")
        assert "\n" not in told[-1]
    assert store.get(path.stem) is None
    assert len(told) == 2


def test_without_a_reader_of_warnings_they_go_to_standard_error(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    store.save(RECORD)
    store.record_path(RECORD.key).write_text("{")
    assert list(store.records()) == []
    assert capsys.readouterr().err.startswith(f"Warning: {store.record_path(RECORD.key)} cannot be read (")


def test_what_a_newer_version_added_to_a_file_does_not_keep_it_from_being_read(store: Store) -> None:
    store.save(RECORD)
    store.record_path(RECORD.key).write_text(changed(colour="red"))
    assert list(store.records()) == [RECORD]


def test_a_file_of_a_schema_to_come_is_neither_read_nor_touched(store: Store) -> None:
    store.save(RECORD)
    path = store.record_path(RECORD.key)
    path.write_text(changed(schema=99, meaning="another"))
    fresh = Store(store.path.parent, "r")
    for read in (lambda: list(fresh.records()), lambda: fresh.get(RECORD.key), lambda: fresh.save(RECORD)):
        with pytest.raises(
            InputError, match=r"\.json is of schema 99, and this version reads 1 to 1: use the"
        ):
            read()
        assert json.loads(path.read_text())["schema"] == 99


def test_a_file_of_an_older_schema_is_read_by_way_of_its_upgrade(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(RECORD)
    old = {name: value for name, value in json.loads(RECORD.to_json()).items() if name != "reducer"}
    text = json.dumps(old | {"schema": 0, "method": "pca"})
    store.record_path(RECORD.key).write_text(text)
    with pytest.raises(InputError, match="is of schema 0, and this version reads 1 to 1"):
        list(store.records())
    rename = {0: lambda data: {k: v for k, v in data.items() if k != "method"} | {"reducer": data["method"]}}
    monkeypatch.setattr(schema, "_UPGRADES", rename)
    assert list(store.records()) == [RECORD]
    assert store.record_path(RECORD.key).read_text() == text
    store.record_path(RECORD.key).write_text(json.dumps(old | {"schema": 0}))
    assert list(store.records()) == []


def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(store: Store) -> None:
    store.save_table("results.csv", lambda file: file.write(b"old"))

    def write(file: IO[bytes]) -> None:
        file.write(b"half of the n")
        raise OSError("disk full")

    with pytest.raises(
        RunError, match=r"r cannot be written to \(disk full\); what was stored there before is"
    ):
        store.save_table("results.csv", write)
    assert (store.path / "results.csv").read_bytes() == b"old"
    assert files(store) == ["results.csv"]


def test_a_directory_removed_in_the_middle_of_a_write_is_made_again(store: Store) -> None:
    def write(file: IO[bytes]) -> None:
        file.write(b"content")
        if not removed:
            removed.append(True)
            shutil.rmtree(store.path)

    removed: list[bool] = []
    store.save_table("results.csv", write)
    assert (store.path / "results.csv").read_bytes() == b"content"
    assert files(store) == ["results.csv"]


def test_the_name_of_a_new_file_is_flushed_to_disk_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []
    fsync = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda handle: (flushed.append(os.readlink(f"/proc/self/fd/{handle}")), fsync(handle))
    )
    if not Path("/proc/self/fd").exists():
        pytest.skip("this system does not tell which file a number stands for")
    store.save(RECORD)
    assert flushed[-1] == str(store.path / "jobs")
    assert Path(flushed[-2]).name.startswith(f".{RECORD.key}.json.")


def test_tidying_removes_what_a_killed_writer_left_and_nothing_else(store: Store) -> None:
    store.save(RECORD)
    store.save_arrays("views", RECORD.key, {"codes": np.zeros(2)})
    kept = files(store)
    for name in (
        f"jobs/.{RECORD.key}.json.ab_12345",
        f"views/.{RECORD.key}.npz.abcdefgh",
        ".results.csv.00000000",
    ):
        (store.path / name).write_text("half")
    mine = [".lock", ".notes.txt", "jobs/.hidden"]
    for name in mine:
        (store.path / name).write_text("mine")
    store.tidy()
    assert files(store) == sorted([*kept, *mine])


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


def test_latest_keeps_the_one_that_started_last_where_no_store_has_numbered_them() -> None:
    newer = replace(RECORD, key="other", started_at="2026-01-02T00:00:00+00:00")
    assert latest([newer, RECORD]) == [newer]
    assert latest([RECORD, newer]) == [newer]


def test_a_clock_that_is_set_back_makes_no_record_the_older_one(store: Store) -> None:
    store.save(RECORD)
    again = replace(RECORD, key="pca-cpu-d2-s0-ffffffffff", started_at="1999-01-01T00:00:00+00:00")
    # As if the run was killed before it could remove the one that was replaced.
    store.add(again)
    for records in (list(store.records()), list(store.records())[::-1]):
        assert latest(records) == [again]
    third = replace(RECORD, key="pca-cpu-d2-s0-aaaaaaaaaa", started_at="1998-01-01T00:00:00+00:00")
    Store(store.path.parent, "r").save(third)
    assert list(store.records()) == [third]


def test_rows_of_other_machines_or_libraries_stand_beside_and_are_replaced_in_a_run(store: Store) -> None:
    elsewhere = replace(RECORD, key="other", environment={"cpu": "b"})
    newer = replace(RECORD, key="newer", environment={"cpu": "a", "versions": {"torch": "3"}})
    assert len({record.machine for record in (RECORD, elsewhere, newer)}) == 3
    assert len(latest([RECORD, elsewhere, newer])) == 3
    for record in (RECORD, elsewhere, newer):
        store.save(record)
    assert list(store.records()) == [newer]


def test_what_a_job_spent_is_the_sum_of_its_measured_parts() -> None:
    assert RECORD.spent_seconds == 0.25
    parts: dict[str, Any] = {"warmup_seconds": 1.0, "transform_seconds": 2.0, "score_seconds": 4.0}
    assert replace(RECORD, **parts).spent_seconds == 7.25
    assert replace(RECORD, **parts, fit_times=[0.2, 0.25, 0.3]).spent_seconds == pytest.approx(7.75)


def test_arrays_come_back_as_they_were(store: Store) -> None:
    arrays = {"Z": np.arange(6, dtype=np.float32).reshape(2, 3), "names": np.array(["a", "é"])}
    for kind in ARTIFACTS:
        store.save_arrays(kind, "k", arrays)
        loaded = store.load_arrays(kind, "k")
        assert set(loaded) == set(arrays)
        for name, array in arrays.items():
            np.testing.assert_array_equal(loaded[name], array)
            assert loaded[name].dtype == array.dtype
    assert store.load_arrays("views", "none") == {}


def test_all_records_are_read_by_key_at_once(store: Store) -> None:
    other = replace(RECORD, key="other", seed=1)
    for record in (RECORD, other):
        store.save(record)
    assert store.records_by_key() == {"other": other, RECORD.key: RECORD}
    assert list(store.records_by_key()) == ["other", RECORD.key]


def test_what_the_process_of_a_job_took_is_kept_and_optional(store: Store) -> None:
    store.save(replace(RECORD, job_seconds=1.5))
    assert [record.job_seconds for record in store.records()] == [1.5]
    older = {name: value for name, value in json.loads(RECORD.to_json()).items() if name != "job_seconds"}
    store.record_path(RECORD.key).write_text(json.dumps(older))
    assert store.get(RECORD.key) == RECORD
    assert "job_seconds" not in to_frame([RECORD]).columns


def test_forgetting_a_job_removes_all_of_it(store: Store) -> None:
    store.save(RECORD)
    store.save_arrays("embeddings", RECORD.key, {"Z": np.zeros(2)})
    store.forget(RECORD.key)
    assert files(store) == []
    store.forget(RECORD.key)


def test_the_arrays_of_a_job_can_go_alone(store: Store) -> None:
    store.save(RECORD)
    for kind in ARTIFACTS:
        store.save_arrays(kind, RECORD.key, {"Z": np.zeros(2)})
    store.forget_arrays(RECORD.key)
    assert files(store) == [f"jobs/{RECORD.key}.json"]


def test_git_passes_by_the_kinds_of_arrays_that_are_not_committed() -> None:
    ignored = (Path(__file__).parents[1] / ".gitignore").read_text().splitlines()
    assert {kind: f"/results/*/{kind}/" in ignored for kind in ARTIFACTS} == {
        kind: not artifact.committed for kind, artifact in ARTIFACTS.items()
    }


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


def test_facts_of_the_wrong_kind_are_left_out(store: Store) -> None:
    wrong: dict[str, Any] = {
        "wall_seconds": {},
        "environments": [1],
        "seeds": "3",
        "notes": "x",
        "dataset": 7,
    }
    wrong |= {"overhead_seconds": float("nan"), "kinds": [float("inf")]}
    store.save_facts(wrong | {"threads": 2, "kind": ["anything"]})
    assert store.facts() == {"threads": 2, "kind": ["anything"]}
