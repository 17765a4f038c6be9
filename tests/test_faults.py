"""Whatever a job does, and whoever kills what: one row is lost, and nothing is left over."""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from waiting import is_running, wait_for

from benchmark.execution.local import LocalWorker
from benchmark.plan.job import Job
from benchmark.plan.suite_plan import SuitePlan
from benchmark.request import Request
from benchmark.results import Record, RunError, Store

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
FAULTS = str(ROOT / "tests" / "plugins" / "faults.py")
TINY = "n_train = 200\nn_test = 60\ncomponents = [3]\n"
LINUX = sys.platform == "linux"


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory for temporary files of every process that a test of this module starts."""
    path = tmp_path_factory.mktemp("scratch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(path))
        patch.setenv("FAULTS_PIDS", str(path.with_name("pids")))
        patch.setattr(tempfile, "tempdir", None)
        yield path


@pytest.fixture(scope="module")
def worker(scratch: Path) -> Iterator[LocalWorker]:
    with LocalWorker() as made:
        assert made.devices, "it has started"
        yield made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results", "digits-tiny")


@pytest.fixture
def pids(scratch: Path) -> Path:
    """The file that a reducer writes the ids of its processes to."""
    path = scratch.with_name("pids")
    path.unlink(missing_ok=True)
    return path


def job_of(reducer: str, tmp_path: Path) -> Job:
    (tmp_path / "tiny.toml").write_text(TINY)
    request = Request((reducer,), "digits", suite=str(tmp_path / "tiny.toml"), plugins=(FAULTS,))
    return SuitePlan(request, SimpleNamespace(devices=("cpu",), threads=1)).jobs[0]


def is_there(pid: int) -> bool:
    """Whether a process is in the table of processes, be it a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def server_of(worker: LocalWorker) -> int:
    process = worker._client._server
    assert process is not None
    return process.pid


def children_of(pid: int) -> list[str]:
    """Return the names of the children of a process, zombies too (Linux)."""
    pattern = re.compile(rf"\d+ \((.*)\) \S {pid} ")
    stats = [read(path) for path in Path("/proc").glob("[0-9]*/stat")]
    return [found[1] for stat in stats if (found := pattern.match(stat))]


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def assert_nothing_is_left(worker: LocalWorker, store: Store, scratch: Path) -> None:
    assert children_of(server_of(worker)) == []
    assert list(scratch.glob("*")) == []
    assert list(store.path.rglob(".*")) == []


@pytest.mark.parametrize(
    ("reducer", "status", "reason"),
    [
        ("crashes", "killed", r"ended by SIGSEGV after \d+\.\d s, at [\d,]+ MiB"),
        ("wants-too-much", "failed", "MemoryError: Unable to allocate"),
        ("runs-out-of-memory", "killed", r"ended by SIGKILL after \d+\.\d s, at [3-9]\d\d MiB"),
        ("leaves-behind", "ok", ""),
        ("leaves-behind-and-crashes", "killed", "ended by SIGABRT"),
    ],
)
def test_whatever_becomes_of_a_job_costs_one_row_and_leaves_nothing(
    reducer: str, status: str, reason: str, worker: LocalWorker, store: Store, scratch: Path, pids: Path
) -> None:
    server = server_of(worker)
    record = worker.run(job_of(reducer, store.path.parents[1]), store)
    assert record.status == status, record.error
    assert re.search(reason, record.error or "")
    assert record.fit_seconds is None or status == "ok"
    assert not any(is_there(int(pid)) for pid in read(pids).split())
    if LINUX:
        assert_nothing_is_left(worker, store, scratch)
    assert server_of(worker) == server
    assert worker.run(job_of("slice", store.path.parents[1]), store).status == "ok"


def test_compiled_code_that_crashes_leaves_its_traceback_in_the_log(
    worker: LocalWorker, store: Store
) -> None:
    worker.run(job_of("crashes", store.path.parents[1]), store)
    log = (store.path / "run.log").read_text()
    assert "    on its way down\n" in log
    assert "    Fatal Python error: Segmentation fault\n" in log
    assert "faults.py" in log
    assert all(line.startswith("    ") for line in log.splitlines())


def test_an_endless_job_is_ended_at_its_limit(
    worker: LocalWorker, store: Store, scratch: Path, pids: Path
) -> None:
    server = server_of(worker)
    seconds = 1.5
    # A busy machine may need more than the first limit to come to the fit.
    while not read(pids):
        started = time.monotonic()
        record = worker.run(job_of("endless", store.path.parents[1]), store, timeout=seconds)
        assert (record.status, record.error) == ("timeout", f"stopped at the limit of {seconds:g} s")
        assert time.monotonic() - started >= seconds
        seconds *= 2
    assert not is_there(int(pids.read_text()))
    assert "still at it" in (store.path / "run.log").read_text()
    if LINUX:
        assert_nothing_is_left(worker, store, scratch)
    assert server_of(worker) == server, "the libraries are imported once"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_job_that_is_killed_from_outside_is_a_row_with_the_signal(
    number: signal.Signals, worker: LocalWorker, store: Store, pids: Path
) -> None:
    with in_thread(worker, job_of("endless", store.path.parents[1]), store) as records:
        assert wait_for(lambda: read(pids))
        os.kill(int(read(pids)), number)
    assert records[0].status == "killed"
    assert f"ended by {number.name} after" in str(records[0].error)


def test_a_starter_of_jobs_that_is_killed_takes_its_job_along_and_is_replaced(
    worker: LocalWorker, store: Store, scratch: Path, pids: Path
) -> None:
    server = server_of(worker)
    with in_thread(worker, job_of("endless", store.path.parents[1]), store) as records:
        assert wait_for(lambda: read(pids))
        os.kill(server, signal.SIGKILL)
    reason = "the process that starts the jobs was ended"
    assert (records[0].status, reason in str(records[0].error)) == ("killed", True)
    assert wait_for(lambda: not is_there(int(read(pids))))
    assert list(scratch.glob("*")) == []
    assert "still at it" in read(store.path / "run.log")
    assert worker.run(job_of("slice", store.path.parents[1]), store).status == "ok"
    assert server_of(worker) != server


def test_what_a_job_started_elsewhere_ends_with_a_starter_of_jobs_that_is_killed(
    worker: LocalWorker, store: Store, scratch: Path, pids: Path
) -> None:
    server = server_of(worker)
    with in_thread(worker, job_of("leaves-behind-and-waits", store.path.parents[1]), store) as records:
        assert wait_for(lambda: len(read(pids).split()) == 3)
        os.kill(server, signal.SIGKILL)
    assert records[0].status == "killed"
    assert wait_for(lambda: not any(is_running(int(pid)) for pid in read(pids).split()))
    assert list(scratch.glob("*")) == []


def test_the_jobs_end_with_the_one_who_asked_for_them(worker: LocalWorker, store: Store, pids: Path) -> None:
    with in_thread(worker, job_of("endless", store.path.parents[1]), store) as records:
        assert wait_for(lambda: read(pids))
        worker.kill()
    assert records[0].status == "killed"
    assert not is_there(int(read(pids)))


def test_a_job_whose_arrays_the_disk_does_not_take_stops_the_run(worker: LocalWorker, store: Store) -> None:
    with pytest.raises(
        RunError, match=r"digits-tiny cannot be written to \(File too large\); what was stored"
    ):
        worker.run(job_of("fills-the-disk", store.path.parents[1]), store)
    assert list(store.path.rglob(".*")) == []


@pytest.mark.parametrize("threads", [1, 2])
def test_the_arithmetic_of_this_machine_is_measured_in_a_process_of_its_own(
    threads: int, worker: LocalWorker
) -> None:
    server = server_of(worker)
    assert worker.native_precision("cpu", threads) in ("fp32", "bf16")
    assert server_of(worker) == server


def test_an_arithmetic_that_cannot_be_measured_is_one_sentence(worker: LocalWorker, scratch: Path) -> None:
    with pytest.raises(
        RunError, match=r"^The arithmetic of the device 'abacus' could not be measured \(.+\)"
    ):
        worker.native_precision("abacus", 1)
    assert list(scratch.glob("*")) == []
    assert worker.native_precision("cpu", 1) in ("fp32", "bf16")


@contextmanager
def in_thread(worker: LocalWorker, job: Job, store: Store) -> Iterator[list[Record]]:
    """Run a job while the body does something to it; the list holds its record afterwards."""
    records: list[Record] = []
    thread = threading.Thread(target=lambda: records.append(worker.run(job, store)))
    thread.start()
    yield records
    thread.join()
    assert records
