"""The run around the jobs: what it asks of a pool, keeps, tells, logs, and does with an interrupt."""

from __future__ import annotations

import errno
import json
import logging
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from short_report import short_report

from benchmark.cli import app as cli
from benchmark.datasets import load_dataset
from benchmark.errors import InputError
from benchmark.execution import runner
from benchmark.execution.dispatch import Interrupts
from benchmark.execution.observers import Observer
from benchmark.execution.runner import RunResult
from benchmark.execution.runner import run as run_suite
from benchmark.measure.outcome import Outcome, make_record
from benchmark.plan.job import Job
from benchmark.request import Request
from benchmark.results import Record, RunError, Store

ENVIRONMENT = {"machine": "0a1b2c3d", "versions": {"numpy": "2"}}


def ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


class FakePool:
    """A pool whose jobs end at once, and that does something before each."""

    devices: tuple[str, ...] = ("cpu",)
    threads = 1

    def __init__(self, before: Callable[[Job], object] = lambda job: None) -> None:
        self.environment: dict[str, Any] = dict(ENVIRONMENT)
        self.before, self.asked, self.killed = before, [], 0  # type: ignore[var-annotated]
        self.timeouts: list[float | None] = []

    def __enter__(self) -> FakePool:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def run_all(
        self, jobs: Sequence[Job], store: Store, started: Callable[[Job], None], timeout: float | None
    ) -> Iterator[Record]:
        self.timeouts.append(timeout)
        for job in jobs:
            self.asked.append(job)
            started(job)
            self.before(job)
            yield make_record(job, Outcome("ok", fit_times=[0.0]), self.environment)

    def native_precision(self, device: str, threads: int) -> str:
        return "fp32"

    def kill(self) -> None:
        self.killed += 1


class Told(Observer):
    """A progress that remembers its notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., RunResult]:
    """Return a function that runs reducers on digits with a pool of its choice."""

    def run_with(
        pool: FakePool,
        *reducers: str,
        told: Observer | None = None,
        whole_report: bool = False,
        **changes: Any,
    ) -> RunResult:
        monkeypatch.setattr(runner, "open_pool", lambda request, note: pool)
        paths = {"results_dir": str(tmp_path / "results"), "reports_dir": str(tmp_path / "reports")}
        request = Request(reducers or ("raw", "pca", "umap"), "digits", name="r", **paths, **changes)
        return run_suite(request, told, None, None if whole_report else short_report)

    return run_with


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results", "r")


def statuses(store: Store) -> dict[str, str]:
    return {record.reducer: record.status for record in store.records()}


def test_a_run_asks_the_pool_for_what_is_missing_and_hands_on_the_limit(
    run: Callable[..., RunResult], store: Store
) -> None:
    first, second, third = FakePool(), FakePool(), FakePool()
    run(first, "raw", "pca")
    run(second, "raw", "pca", "umap", timeout=7.5)
    run(third, "raw", fresh=True)
    assert [[job.reducer for job in pool.asked] for pool in (first, second, third)] == [
        ["raw", "pca"],
        ["umap"],
        ["raw"],
    ]
    assert (first.timeouts, second.timeouts) == ([None], [7.5])
    facts = store.facts()
    assert 0 <= facts["overhead_seconds"] <= facts["wall_seconds"]


@pytest.mark.parametrize("status", ["failed", "killed", "timeout", "interrupted"])
def test_what_did_not_end_well_is_measured_again(
    status: str, run: Callable[..., RunResult], store: Store
) -> None:
    run(FakePool(), "raw", "pca")
    path = next((store.path / "jobs").glob("pca-*"))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"status": status}))
    again = FakePool()
    run(again, "raw", "pca")
    assert [job.reducer for job in again.asked] == ["pca"]
    assert statuses(store) == {"raw": "ok", "pca": "ok"}


def test_ctrl_c_records_the_job_at_hand_and_writes_tables_and_report(
    run: Callable[..., RunResult], store: Store
) -> None:
    pool = FakePool(lambda job: job.reducer == "pca" and ctrl_c())
    result = run(pool, whole_report=True)
    assert result.interrupted
    assert pool.killed == 1
    assert statuses(store) == {"raw": "ok", "pca": "interrupted"}
    assert result.table["reducer"].tolist() == ["pca", "raw"]
    assert result.report.is_file()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_while_a_record_is_stored_loses_neither_the_record_nor_the_wish(
    run: Callable[..., RunResult], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Store.save
    monkeypatch.setattr(Store, "save", lambda self, record: (ctrl_c(), save(self, record)))
    pool = FakePool()
    assert run(pool).interrupted
    assert statuses(store) == {"raw": "ok"}
    assert [job.reducer for job in pool.asked] == ["raw"]


def test_a_second_ctrl_c_does_not_wait_for_the_report(
    run: Callable[..., RunResult], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "conclude", lambda *arguments: ctrl_c())
    with pytest.raises(KeyboardInterrupt):
        run(FakePool(lambda job: job.reducer == "pca" and ctrl_c()))
    assert statuses(store) == {"raw": "ok", "pca": "interrupted"}
    assert "run ends: KeyboardInterrupt" in (store.path / "run.log").read_text()


def test_signals_that_someone_else_handles_are_left_alone() -> None:
    arrived: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: arrived.append(number))
    try:
        with Interrupts() as interrupts, interrupts.held():
            os.kill(os.getpid(), signal.SIGTERM)
        assert arrived == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_disk_that_takes_no_record_ends_the_run_and_keeps_what_is_there(
    run: Callable[..., RunResult], store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run(FakePool(), "raw")
    kept = {
        path: path.read_bytes() for path in store.path.rglob("*") if path.is_file() and path.name != "run.log"
    }

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        RunError, match=r"r cannot be written to \(No space left on device\); what was stored"
    ):
        run(FakePool(), "raw", "pca")
    assert {path: path.read_bytes() for path in kept} == kept
    assert list(store.path.rglob(".*")) == [store.path / ".lock"]


def test_a_report_that_cannot_be_written_is_said_in_one_sentence(
    run: Callable[..., RunResult], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("benchmark.reporting.write_report", refuse)
    with pytest.raises(
        RunError, match=r"^The report cannot be written .*\(Permission denied\).* report r' makes"
    ):
        run(FakePool(), "raw")
    assert statuses(store) == {"raw": "ok"}


def test_a_run_that_could_not_finish_is_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*arguments: object) -> None:
        raise RunError("results/r cannot be written to.")

    monkeypatch.setattr(runner, "run", stop)
    monkeypatch.setattr("sys.argv", ["benchmark", "run", "--all"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 1
    assert capsys.readouterr().err == "Error: results/r cannot be written to.\n"


def test_the_data_are_loaded_while_the_devices_are_found(
    run: Callable[..., RunResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    load = load_dataset

    def loading(name: str, **options: Any) -> Any:
        loaded.append(name)
        return load(name, **options)

    class Starting(FakePool):
        @property
        def devices(self) -> tuple[str, ...]:  # type: ignore[override]
            assert loaded == ["digits"]
            return ("cpu",)

    monkeypatch.setattr("benchmark.plan.suite_plan.load_dataset", loading)
    assert run(Starting(), "raw").table["status"].tolist() == ["ok"]


def test_a_damaged_job_file_is_told_in_one_line_and_measured_again(
    run: Callable[..., RunResult], store: Store, recwarn: pytest.WarningsRecorder
) -> None:
    run(FakePool(), "raw", "pca")
    path = next((store.path / "jobs").glob("pca-*"))
    path.write_text(path.read_text()[:100])
    told, again = Told(), FakePool()
    run(again, "raw", "pca", told=told)
    assert [job.reducer for job in again.asked] == ["pca"]
    (note,) = told.notes
    assert note.endswith(f"it was set aside as {path.stem}.damaged.")
    assert "\n" not in note
    assert not recwarn.list
    assert note in (store.path / "run.log").read_text()


def test_a_file_of_a_version_to_come_ends_a_run_before_anything_is_measured(
    run: Callable[..., RunResult], store: Store
) -> None:
    run(FakePool(), "raw")
    path = next((store.path / "jobs").glob("raw-*"))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 99}))
    pool = FakePool()
    with pytest.raises(InputError, match="is of schema 99"):
        run(pool, "pca")
    assert pool.asked == []
    assert path.exists()


def test_a_merged_run_is_not_measured_into(run: Callable[..., RunResult], store: Store) -> None:
    store.save_facts({"merged_from": ["a", "b"]})
    pool = FakePool()
    with pytest.raises(InputError, match=r"The run 'r' was merged from a, b: measure into one of these"):
        run(pool)
    assert pool.asked == []


def test_the_log_is_no_business_of_the_program_around(run: Callable[..., RunResult], store: Store) -> None:
    before = logging.getLogger().handlers
    run(FakePool(), "raw")
    lines = (store.path / "run.log").read_text().splitlines()
    assert [line.split(maxsplit=1)[1].split(" after ")[0].split(":")[0] for line in lines] == [
        "INFO    run r begins",
        f"INFO    job {next(store.records()).key} begins",
        f"INFO    job {next(store.records()).key} ends",
        "INFO    run ends",
    ]
    assert logging.getLogger().handlers == before
    assert [name for name in logging.Logger.manager.loggerDict if name.startswith("benchmark")] == []


class DisturbedPool(FakePool):
    """A pool whose jobs end as they are told to, try after try."""

    def __init__(self, *tries: Outcome, before: Callable[[Job], object] = lambda job: None) -> None:
        super().__init__(before)
        self.tries = iter(tries)

    def run_all(
        self, jobs: Sequence[Job], store: Store, started: Callable[[Job], None], timeout: float | None
    ) -> Iterator[Record]:
        for job in jobs:
            self.asked.append(job)
            started(job)
            self.before(job)
            yield make_record(job, next(self.tries), self.environment)


def tried(foreign: float | None, status: str = "ok", warmup: float | None = None) -> Outcome:
    return Outcome(status, fit_times=[1.0], foreign_cpu=foreign, warmup_seconds=warmup)


@pytest.mark.parametrize(
    ("tries", "kept", "timing"),
    [
        ([tried(0.5), tried(0.01)], 0.01, "exclusive"),
        ([tried(0.5), tried(0.2)], 0.2, "disturbed"),
        ([tried(0.2), tried(0.5)], 0.2, "disturbed"),
        ([tried(0.5), tried(None)], None, "exclusive"),
        ([tried(0.5), tried(None, "killed")], 0.5, "disturbed"),
        ([tried(0.05)], 0.05, "exclusive"),
        ([tried(None)], None, "exclusive"),
    ],
)
def test_a_disturbed_job_is_measured_once_more_and_the_better_one_kept(
    tries: list[Outcome], kept: float | None, timing: str, run: Callable[..., RunResult], store: Store
) -> None:
    """Complaint 8: a disturbed time stayed what it was."""
    pool, told = DisturbedPool(*tries), Told()
    result = run(pool, "raw", told=told)
    (record,) = store.records()
    assert (record.status, record.foreign_cpu, record.timing) == ("ok", kept, timing)
    assert len(pool.asked) == len(tries)
    assert [note.partition(":")[0] for note in told.notes] == [
        "1 job was disturbed by other programs on the machine" for _ in tries[1:]
    ]
    assert result.exit_code == 0
    assert result.table["timing"].tolist() == [timing]


def test_disturbed_jobs_wait_for_the_end_of_the_run_and_failed_ones_are_no_case(
    run: Callable[..., RunResult],
) -> None:
    pool = DisturbedPool(tried(0.5), tried(0.5, "failed"), tried(0.0), tried(0.0))
    run(pool, "raw", "pca", "umap")
    assert [job.reducer for job in pool.asked] == ["raw", "pca", "umap", "raw"]


def test_where_most_jobs_are_disturbed_the_machine_is_busy_and_none_is_measured_again(
    run: Callable[..., RunResult],
) -> None:
    pool, told = DisturbedPool(*(tried(0.5) for _ in range(4)), tried(0.0)), Told()
    run(pool, "raw", "pca", "umap", "rbm", "sparse", told=told)
    assert len(pool.asked) == 5
    assert any("4 of 5 jobs were disturbed" in note for note in told.notes)


def test_what_was_compiled_for_the_first_try_stays_in_the_warm_up(
    run: Callable[..., RunResult], store: Store
) -> None:
    run(DisturbedPool(tried(0.5, warmup=12.0), tried(0.0, warmup=0.5)), "raw")
    assert [record.warmup_seconds for record in store.records()] == [12.0]


@pytest.mark.parametrize("end", ["killed", "interrupted"])
def test_a_second_try_that_was_cut_off_is_made_by_the_next_call(
    end: str, run: Callable[..., RunResult], store: Store
) -> None:
    def cut_off(job: Job) -> None:
        if len(pool.asked) == 3:
            if end == "interrupted":
                raise KeyboardInterrupt
            raise SystemExit("as if killed")

    pool = DisturbedPool(tried(0.5), tried(0.0), tried(0.0), before=cut_off)
    with suppress(SystemExit):
        run(pool, "raw", "pca")
    assert [job.reducer for job in pool.asked] == ["raw", "pca", "raw"]
    assert [r.foreign_cpu for r in store.records() if r.reducer == "raw"] == [0.5]
    later, told = DisturbedPool(tried(0.2)), Told()
    run(later, "raw", "pca", told=told)
    assert [job.reducer for job in later.asked] == ["raw"]
    assert any("1 job was disturbed" in note for note in told.notes)
    assert [r.foreign_cpu for r in store.records() if r.reducer == "raw"] == [0.2]
    run(DisturbedPool(), "raw", "pca")  # a pool without a try left: each job has a second one only


class DecidingPool(FakePool):
    """A pool that says which arithmetic is native, and counts how often it was asked."""

    def __init__(self, arithmetic: str) -> None:
        super().__init__()
        self.arithmetic, self.questions = arithmetic, 0

    def native_precision(self, device: str, threads: int) -> str:
        assert (device, threads) == ("cpu", 1)
        self.questions += 1
        return self.arithmetic


def test_what_auto_arithmetic_means_is_decided_once_a_run(
    run: Callable[..., RunResult], store: Store
) -> None:
    first, later, exact = DecidingPool("bf16"), DecidingPool("fp32"), DecidingPool("fp32")
    run(first, "autoencoder", "pca")
    assert [job.arithmetic for job in first.asked] == ["bf16", None], "PCA has no such choice"
    assert store.facts()["arithmetic"] == {"cpu": "bf16"}
    run(later, "autoencoder", "sparse", seeds=2)
    assert [(job.reducer, job.seed) for job in later.asked] == [
        ("sparse", 0),
        ("autoencoder", 1),
        ("sparse", 1),
    ]
    assert {job.arithmetic for job in later.asked} == {"bf16"}
    run(exact, "autoencoder", precision="fp32")
    assert [job.arithmetic for job in exact.asked] == [None]
    assert [pool.questions for pool in (first, later, exact)] == [1, 0, 0]
    assert store.facts()["arithmetic"] == {"cpu": "bf16"}, "a call that did not need it has not lost it"


def test_another_machine_decides_anew(run: Callable[..., RunResult], store: Store) -> None:
    first, other = DecidingPool("bf16"), DecidingPool("fp32")
    other.environment = {**ENVIRONMENT, "machine": "another"}
    run(first, "autoencoder")
    run(other, "autoencoder")
    assert [job.arithmetic for job in other.asked] == ["fp32"]
    assert store.facts()["arithmetic"] == {"cpu": "fp32"}


def test_a_run_that_is_measured_anew_as_a_whole_began_when_that_did(
    run: Callable[..., RunResult], store: Store
) -> None:
    run(FakePool(), "raw", "pca")
    early = store.facts() | {"started_at": "2020-01-01T00:00:00+00:00", "wall_seconds": 1e6}
    store.save_facts(early)
    for record in list(store.records()):  # as if the code had been another one then
        store.forget(record.key)
        store.save(replace(record, key=f"{record.key}-old"))
    run(FakePool(), "raw", fresh=True)
    assert store.facts()["started_at"] == early["started_at"]  # that of pca stays
    run(FakePool(), "raw", "pca", fresh=True)
    assert store.facts()["started_at"] > "2026"
    assert store.facts()["wall_seconds"] < 1e5
