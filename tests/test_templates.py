"""Reducers that compile: once for all jobs, with the results of a fresh process, and nothing is left over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from waiting import is_running, wait_for

from benchmark.execution.local import LocalWorker
from benchmark.plan.job import Job
from benchmark.plan.suite_plan import SuitePlan
from benchmark.request import Request
from benchmark.results import Record, Store

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere libraries do not stand a fork"),
]
ROOT = Path(__file__).parents[1]
PLUGIN = str(ROOT / "tests" / "plugins" / "compiling.py")
ALONE = """
import json, sys
from benchmark.execution.local.job_process import answer_request
print(json.dumps(answer_request({**json.loads(sys.argv[1]), "template": "none"}, None)))
"""


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
def pids(scratch: Path) -> Iterator[Path]:
    """The file that reducers write to which process compiles and which one fits."""
    path = scratch.with_name("pids")
    path.write_text("")
    yield path
    assert list(scratch.glob("*")) == []


def jobs_of(reducer: str, store: Store, n_train: int = 200) -> tuple[Job, ...]:
    """Return the jobs of a reducer, one a seed, with two threads each."""
    suite = store.path.parents[1] / "tiny.toml"
    suite.write_text(f"n_train = {n_train}\nn_test = 60\ncomponents = [3]\nseeds = 2\n")
    request = Request((reducer,), "digits", suite=str(suite), plugins=(PLUGIN,))
    return SuitePlan(request, SimpleNamespace(devices=("cpu",), threads=2)).jobs


def codes_of(job: Job, store: Store) -> np.ndarray:
    return store.load_arrays("embeddings", job.key)["Z_test"]


def run_alone(job: Job, store: Store) -> Record:
    """Measure a job in a fresh process that nothing was compiled in."""
    results = str(store.path.parent)
    store.path.mkdir(parents=True, exist_ok=True)
    details = {
        "task": "job",
        "job": asdict(job),
        "environment": {},
        "results_dir": results,
        "scratch": results,
    }
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", ALONE, json.dumps(details)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return Record.from_json(json.loads(done.stdout.splitlines()[-1])["record"])


def told(pids: Path, word: str) -> list[int]:
    """Return the processes of which a reducer told that it compiles, or fits, there."""
    return [int(line.split()[1]) for line in pids.read_text().splitlines() if line.startswith(word)]


def compiled_in(record: Record) -> int:
    assert record.status == "ok", record.error
    return int(record.history[0]["compiled in"])


@contextmanager
def in_thread(worker: LocalWorker, job: Job, store: Store) -> Iterator[list[Record]]:
    """Run a job while the body does something to it; the list holds its record afterwards."""
    records: list[Record] = []
    thread = threading.Thread(target=lambda: records.append(worker.run(job, store)))
    thread.start()
    yield records
    thread.join()
    assert records


def test_a_reducer_compiles_once_and_its_jobs_measure_what_a_fresh_process_does(
    worker: LocalWorker, store: Store, pids: Path, tmp_path: Path
) -> None:
    alone = Store(tmp_path / "alone", store.run)
    jobs = jobs_of("compiled", store)
    records = [worker.run(job, store) for job in jobs]
    assert told(pids, "compiles") == [compiled_in(record) for record in records[:1]]
    assert len({compiled_in(record) for record in records}) == 1
    assert len(set(told(pids, "fits"))) == len(jobs), "every job has a process of its own"
    # What was compiled for all of them is the first one's to bear.
    warm_ups = [float(record.warmup_seconds or 0) for record in records]
    assert warm_ups[0] > 2 * warm_ups[1] > 0
    for job, record in zip(jobs, records, strict=True):
        assert run_alone(job, alone).scores == record.scores
        assert np.array_equal(codes_of(job, alone), codes_of(job, store))


def test_few_rows_are_another_compilation_than_many(worker: LocalWorker, store: Store, pids: Path) -> None:
    many, few = (worker.run(jobs_of("compiled", store, n)[0], store) for n in (200, 45))
    assert compiled_in(many) != compiled_in(few)


def test_a_compilation_is_ended_at_the_time_limit_of_its_job(
    worker: LocalWorker, store: Store, pids: Path
) -> None:
    seconds, jobs = 3, 0
    # A busy machine may need more than the first limit to come to the compilation.
    while len(told(pids, "compiles")) < 2:
        seconds, jobs = 2 * seconds, jobs + 1
        record = worker.run(jobs_of("compiles-for-ever", store)[0], store, timeout=seconds)
        assert (record.status, record.error) == ("timeout", f"stopped at the limit of {seconds} s")
    assert jobs >= 2, "a template that did not come to its end is not used again"
    assert not any(map(psutil.pid_exists, told(pids, "compiles")))
    assert "    still compiling\n" in (store.path / "run.log").read_text()


def test_a_compilation_that_crashes_is_a_row_with_the_signal(
    worker: LocalWorker, store: Store, pids: Path
) -> None:
    record = worker.run(jobs_of("crashes-in-compilation", store)[0], store)
    assert (record.status, "ended by SIGABRT" in str(record.error)) == ("killed", True)
    assert "Fatal Python error: Aborted" in (store.path / "run.log").read_text()


def test_a_template_outlives_a_job_that_is_ended_at_its_limit(
    worker: LocalWorker, store: Store, pids: Path
) -> None:
    first, second = jobs_of("fits-for-ever", store)
    with in_thread(worker, first, store) as records:
        assert wait_for(lambda: len(told(pids, "fits")) == 2)
        os.kill(told(pids, "fits")[1], signal.SIGTERM)
    assert (records[0].status, "ended by SIGTERM" in str(records[0].error)) == ("killed", True)
    assert worker.run(second, store, timeout=2).status == "timeout"
    assert not any(map(psutil.pid_exists, told(pids, "fits")))
    (template,) = told(pids, "compiles")
    assert is_running(template)


def test_a_template_that_is_killed_costs_one_row_and_is_replaced(
    worker: LocalWorker, store: Store, pids: Path
) -> None:
    job = jobs_of("fits-for-ever", store)[0]
    with in_thread(worker, job, store) as records:
        assert wait_for(lambda: len(told(pids, "fits")) == 2)
        template = psutil.Process(told(pids, "fits")[0]).ppid()
        os.kill(template, signal.SIGKILL)
    assert (records[0].status, "ended by SIGKILL" in str(records[0].error)) == ("killed", True)
    assert not any(map(psutil.pid_exists, [template, *told(pids, "fits")]))
    one, other = jobs_of("compiled", store)
    idle = compiled_in(worker.run(one, store))
    os.kill(idle, signal.SIGKILL)
    # One that waits for its next job takes nothing along.
    assert compiled_in(worker.run(other, store)) != idle


@pytest.mark.parametrize("reducer", ["compiles-for-ever", "fits-for-ever"])
@pytest.mark.parametrize("order", ["kill", "SIGKILL"])
def test_a_template_ends_with_the_one_who_started_it(
    reducer: str, order: str, worker: LocalWorker, store: Store, pids: Path
) -> None:
    word = "compiles" if reducer == "compiles-for-ever" else "fits"
    assert worker.native_precision("cpu", 1), "there is a server"
    before = worker._client._server
    assert before is not None
    with in_thread(worker, jobs_of(reducer, store)[0], store) as records:
        assert wait_for(lambda: "still " in "".join(map(read, scratch_outputs())))
        if order == "kill":
            worker.kill()
        else:
            os.kill(before.pid, signal.SIGKILL)
    assert records[0].status == "killed"
    assert told(pids, word)
    everyone = [*told(pids, "compiles"), *told(pids, "fits")]
    assert wait_for(lambda: not any(map(is_running, everyone)))


def scratch_outputs() -> list[Path]:
    return list(Path(os.environ["TMPDIR"]).glob("*/output.txt"))


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


@pytest.mark.parametrize("reducer", ["umap", "umap-unseeded"])
def test_umap_measures_what_it_does_in_a_fresh_process(
    reducer: str, worker: LocalWorker, store: Store, pids: Path, tmp_path: Path
) -> None:
    alone = Store(tmp_path / "alone", store.run)
    jobs = jobs_of(reducer, store, n_train=600)
    for job in jobs:
        record = worker.run(job, store)
        assert record.status == "ok", record.error
        assert record.scores["knn_accuracy"] > 0.5
        if reducer == "umap":
            assert run_alone(job, alone).scores == record.scores
            assert np.array_equal(codes_of(job, alone), codes_of(job, store))
