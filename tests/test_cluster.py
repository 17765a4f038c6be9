"""Jobs on a Dask cluster: a scheduler and workers as real processes, which are killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from waiting import wait_for

from benchmark.cli import app as cli
from benchmark.errors import InputError
from benchmark.execution.cluster import open_cluster
from benchmark.measure.measurement import measure
from benchmark.measure.outcome import Outcome, make_record
from benchmark.plan.suite_plan import SuitePlan
from benchmark.request import Request
from benchmark.results import Record, RunError, Store

distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
psutil = pytest.importorskip("psutil")

from benchmark.execution.cluster import cluster_pool, connect, worker_plugin  # noqa: E402
from benchmark.execution.cluster.cluster_pool import ClusterPool  # noqa: E402
from benchmark.execution.cluster.connect import RETRIES, offers_gpu  # noqa: E402
from benchmark.execution.cluster.worker_plugin import JobPlugin, jobs_by_host  # noqa: E402

pytestmark = pytest.mark.slow

PLUGINS = Path(__file__).parent / "plugins"
ON_CLUSTER = str(PLUGINS / "on_cluster.py")
SUITE = """
n_train = 200
n_test = 60
components = [3]

[reducers.autoencoder]
epochs = 2

[reducers.waits]
sign = "{sign}"
"""


@dataclass
class Cluster:
    """A scheduler and its workers, each a process of its own."""

    place: Path
    address: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Cluster:
        file = self.place / "scheduler.json"
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        assert wait_for(lambda: file.is_file() and file.read_text().rstrip().endswith("}"))
        self.address = json.loads(file.read_text())["address"]
        return self

    def __exit__(self, *error: object) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def add_worker(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker that runs one job at a time."""
        words = ["--nthreads", "1", "--no-nanny", "--local-directory", str(self.place), *options]
        return self._start("worker", self.address, *words)

    def lose_scheduler(self, sign: Path) -> None:
        """Kill the scheduler once a job has given a sign."""
        assert wait_for(sign.is_file)
        self.processes[0].kill()

    def _start(self, what: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *words, "--no-dashboard"]
        # Runs beside the tests must not have to take turns with theirs.
        environment = {**os.environ, "TMPDIR": str(self.place)}
        with (self.place / f"{what}.log").open("ab") as log:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))
        return self.processes[-1]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        for _ in range(3):
            cluster.add_worker()
        yield cluster


@pytest.fixture(scope="module")
def notes() -> list[str]:
    return []


@pytest.fixture(scope="module")
def pool(cluster: Cluster, notes: list[str]) -> Iterator[ClusterPool]:
    with open_cluster(cluster.address, notes.append) as pool:
        assert wait_for(lambda: len(workers_of(pool)) == 3)
        yield pool


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results", "digits-tiny")


def plan_of(
    where: Path, *reducers: str, dataset: str = "digits", threads: int = 1, **changes: Any
) -> SuitePlan:
    suite = where / "tiny.toml"
    suite.write_text(SUITE.format(sign=where / "sign"))
    request = Request(reducers=reducers, dataset=dataset, suite=str(suite), plugins=(ON_CLUSTER,))
    return SuitePlan(replace(request, **changes), SimpleNamespace(devices=("cpu",), threads=threads))


def run(pool: ClusterPool, plan: SuitePlan, store: Store, timeout: float | None = None) -> dict[str, Record]:
    """Run a plan and return its records by reducer and seed."""
    records = pool.run_all(plan.jobs, store, lambda job: None, timeout)
    return {f"{record.reducer}-{record.seed}": record for record in records}


def workers_of(pool: ClusterPool) -> dict[str, Any]:
    return pool._workers.there()


def begins(pool: ClusterPool) -> list[str]:
    """Return the tasks of a pool that workers have begun, one for each time."""
    return [key for _, key in pool._workers._client.get_events(pool._workers._name)]


def worker_of(pid: int) -> int:
    """Return the id of the Dask worker above the process of a job."""
    return int(psutil.Process(pid).parent().ppid())


def lose_worker_at(sign: Path, how: signal.Signals = signal.SIGKILL) -> None:
    """End the worker whose job gave a sign, and let the next one that runs it through."""
    assert wait_for(sign.is_file)
    job = int(sign.read_text())
    os.kill(worker_of(job), how)
    assert wait_for(lambda: ended(job))
    sign.with_suffix(".go").touch()


def below(pid: int) -> set[int]:
    """Return the ids of the processes that a process started, directly or not."""
    children = [child for child in psutil.Process(pid).children(recursive=True) if not ended(child.pid)]
    # Python's own keeper of shared memory lives as long as the process that needed it.
    return {child.pid for child in children if "resource_tracker" not in " ".join(child.cmdline())}


def ended(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    "given", ["127.0.0.1:8786", "local", "local:0", "local:-1", "http://host:80", "tcp://"]
)
def test_what_is_no_cluster_is_refused_before_anything_starts(given: str) -> None:
    with pytest.raises(InputError, match="--cluster must be the address of a Dask scheduler") as refusal:
        open_cluster(given, print)
    assert repr(given) in str(refusal.value)


def test_the_missing_extra_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install 'dimensionality-reduction-benchmark\[cluster\]'"):
        open_cluster("local:2", print)


def test_an_encrypted_scheduler_needs_certificates() -> None:
    with pytest.raises(InputError, match="needs certificates in Dask's configuration"):
        open_cluster("tls://127.0.0.1:9", print)


def test_a_scheduler_out_of_reach_is_one_sentence_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", "--reducer", "pca", "--dataset", "digits", "--cluster", "tcp://127.0.0.1:9"]
    monkeypatch.setattr(sys, "argv", ["benchmark", *words])
    monkeypatch.setattr(connect, "CONNECT_SECONDS", 0.5)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        cli.main()
    said = capsys.readouterr().err
    assert end.value.code == 2
    assert said.startswith("Error: The scheduler tcp://127.0.0.1:9 of --cluster cannot be reached: ")
    assert said.count("\n") == 1


def test_a_scheduler_without_workers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "FIRST_WORKER_SECONDS", 0.2)
    with Cluster(tmp_path) as empty, pytest.raises(InputError, match="has no workers"):
        open_cluster(empty.address, print)


def test_jobs_are_counted_by_host_and_gpus_are_found() -> None:
    def worker(host: str, nthreads: int, **resources: float) -> dict[str, Any]:
        return {"host": host, "nthreads": nthreads, "resources": resources}

    workers = {"a": worker("one", 1), "b": worker("two", 1, GPU=1), "c": worker("two", 1)}
    assert jobs_by_host(workers) == {"one": 1, "two": 2}
    assert jobs_by_host({"a": worker("one", 2)}) == {"one": 2}
    assert offers_gpu(workers)
    assert not offers_gpu({"a": workers["a"], "c": worker("two", 1, GPU=0)})


def test_a_worker_that_is_killed_costs_no_job_and_no_score(
    cluster: Cluster, pool: ClusterPool, store: Store, tmp_path: Path
) -> None:
    others = plan_of(tmp_path, "pca", "autoencoder", "random-projection", seeds=4).jobs
    jobs = [*plan_of(tmp_path, "waits").jobs, *others]
    begun: list[str] = []
    records: list[Record] = []
    for record in pool.run_all(jobs, store, lambda job: begun.append(job.key), 300):
        store.save(record)
        records.append(record)
        if len(records) == 1:
            lose_worker_at(tmp_path / "sign")
    assert [(record.reducer, record.error) for record in records if record.status != "ok"] == []
    assert sorted(record.key for record in records) == sorted(job.key for job in jobs)
    assert sorted(begun) == sorted(job.key for job in jobs)
    scores = {record.key: record.scores for record in records}
    for planned in others[::4]:
        here = measure(planned)
        assert here.scores == scores[planned.key]
        assert np.array_equal(
            store.load_arrays("embeddings", planned.key)["Z_test"], here.artifacts["embeddings"]["Z_test"]
        )
        for kind in ("views", "predictions"):
            assert set(store.load_arrays(kind, planned.key)) == set(here.artifacts[kind])
    assert {record.timing for record in records} == {"shared"}
    assert all(record.environment["usable_cores"] for record in records)


def test_jobs_end_apart_from_their_worker(pool: ClusterPool, store: Store, tmp_path: Path) -> None:
    misbehaving = (ON_CLUSTER, str(PLUGINS / "misbehaving.py"))
    workers = set(workers_of(pool))
    # A limit that a job which ends by itself does not meet on a busy machine.
    plan = plan_of(tmp_path, "kills-itself", "raises", "tells-threads", plugins=misbehaving)
    records = run(pool, plan, store, timeout=300) | run(pool, plan_of(tmp_path, "waits"), store, timeout=15)
    assert {name: record.status for name, record in records.items()} == {
        "waits-0": "timeout",
        "kills-itself-0": "killed",
        "raises-0": "failed",
        "tells-threads-0": "ok",
    }
    assert "SIGKILL" in (records["kills-itself-0"].error or "")
    assert ended(int((tmp_path / "sign").read_text()))
    log = (store.path / "run.log").read_text()
    assert "told its threads" in log
    assert "the matrix" in log
    assert set(workers_of(pool)) == workers


def test_data_are_read_where_the_job_runs(pool: ClusterPool, store: Store, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("same", "gone", "other"):
        np.save(tmp_path / f"{name}.npy", rng.random((100, 8)))
    plans = {
        name: plan_of(tmp_path, "pca", dataset=str(tmp_path / f"{name}.npy"))
        for name in ("same", "gone", "other")
    }
    (tmp_path / "gone.npy").unlink()
    np.save(tmp_path / "other.npy", rng.random((100, 8)))
    records = {name: run(pool, plan, store)["pca-0"] for name, plan in plans.items()}
    assert {name: record.status for name, record in records.items()} == {
        "same": "ok",
        "gone": "failed",
        "other": "failed",
    }
    assert "cannot be read on the worker" in (records["gone"].error or "")
    assert "differ" in (records["other"].error or "")


def test_a_worker_with_other_versions_is_told_of_once(
    pool: ClusterPool, notes: list[str], store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_pool, "installed_version", lambda name: "0.0")
    run(pool, plan_of(tmp_path, "raw", seeds=2), store)
    assert len(notes) == 1
    assert "torch 2" in notes[0]
    assert "(here 0.0)" in notes[0]


def test_a_worker_is_asked_for_its_arithmetic(pool: ClusterPool) -> None:
    assert pool.native_precision("cpu", 1) in ("fp32", "bf16")


def test_jobs_for_a_gpu_go_to_workers_that_offer_one(
    cluster: Cluster, pool: ClusterPool, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pool.devices == ("cpu",)
    plan = plan_of(tmp_path, "pca", devices=("cuda",))
    (asked,) = plan.jobs
    assert asked.unavailable is not None
    # As if there had been one when the run was planned.
    plan.jobs = (replace(asked, unavailable=None),)
    monkeypatch.setattr(cluster_pool, "PATIENCE", 1.5)
    (record,) = run(pool, plan, store).values()
    assert (record.status, record.error) == ("unavailable", "no worker of the cluster offers GPU=1")
    worker = cluster.add_worker("--resources", "GPU=1")
    try:
        assert wait_for(lambda: offers_gpu(workers_of(pool)))
        (record,) = run(pool, plan, store).values()
        assert record.environment["machine"] == pool.environment["machine"]
    finally:
        worker.kill()


def test_a_worker_that_is_closed_while_it_has_a_job_leaves_it_to_another(
    store: Store, tmp_path: Path
) -> None:
    with Cluster(tmp_path) as cluster:
        for _ in range(2):
            cluster.add_worker()
        with open_cluster(cluster.address, print) as pool:
            jobs = plan_of(tmp_path, "waits").jobs
            lose = threading.Thread(target=lose_worker_at, args=(tmp_path / "sign", signal.SIGTERM))
            lose.start()
            records = list(pool.run_all(jobs, store, lambda job: None, 300))
            lose.join()
    assert [(record.status, record.error) for record in records] == [("ok", None)]


def test_what_a_job_leaves_on_a_worker_that_was_closed_meanwhile_is_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,) = plan_of(tmp_path, "raw").jobs
    plugin = JobPlugin("jobs")
    plugin._worker = SimpleNamespace(local_directory=str(tmp_path), log_event=lambda *event: None)  # type: ignore[assignment]
    plugin._busy, plugin._idle, plugin._closed = {}, {}, False
    killed: list[str] = []
    local = SimpleNamespace(kill=lambda: killed.append("local"))
    monkeypatch.setattr(plugin, "_take", lambda: local)
    monkeypatch.setattr(plugin, "_find_host", lambda: ("host", False))

    def close_meanwhile(*arguments: object, alone: bool) -> Record:
        plugin._closed = True
        return make_record(job, Outcome("killed", "ended beside it"), {})

    monkeypatch.setattr(worker_plugin, "_measure", close_meanwhile)
    with pytest.raises(RunError, match="the worker was closed"):
        plugin.run("key", asdict(job), None)
    assert killed == ["local"]


def test_a_job_that_no_worker_can_end_is_given_up_with_the_reason(
    pool: ClusterPool, store: Store, tmp_path: Path
) -> None:
    name, client, before = pool._workers._name, pool._workers._client, len(begins(pool))

    def fill_disk(dask_worker: Any) -> None:
        from benchmark.results import RunError

        plugin = dask_worker.plugins[name]

        def out_of_space(key: str, *arguments: object) -> None:
            dask_worker.log_event(name, key)
            raise RunError("the disk is full")

        plugin.run = out_of_space

    def free_disk(dask_worker: Any) -> None:
        del dask_worker.plugins[name].run

    client.run(fill_disk)
    try:
        (record,) = run(pool, plan_of(tmp_path, "raw"), store).values()
    finally:
        client.run(free_disk)
    assert (record.status, record.error) == (
        "failed",
        "the worker could not run it: RunError: the disk is full",
    )
    assert len(begins(pool)) - before == 1 + RETRIES


def test_a_job_that_takes_its_worker_along_is_given_up_after_three_more_tries(
    store: Store, tmp_path: Path
) -> None:
    (ends,) = plan_of(tmp_path, "ends-worker").jobs
    # More than the workers can run at once: some wait on a worker that is lost, and none is to blame.
    others = plan_of(tmp_path, "raw", seeds=8).jobs
    before = below(os.getpid())
    tries: list[str] = []
    with open_cluster("local:2", print) as pool:
        jobs = [ends, *others]
        records = list(pool.run_all(jobs, store, lambda job: tries.append(job.key), 300))
        begun = below(os.getpid()) - before
    assert [(record.key, record.status, record.error) for record in records if record.status != "ok"] == [
        (ends.key, "killed", "the worker that ran it was lost, 4 times on end")
    ]
    assert sorted(record.key for record in records) == sorted(job.key for job in jobs)
    assert sorted(tries) == sorted(job.key for job in jobs)
    assert wait_for(lambda: all(ended(pid) for pid in begun))


def test_a_lost_scheduler_ends_the_run_and_a_host_of_one_worker_is_timed_alone(
    store: Store, tmp_path: Path
) -> None:
    with Cluster(tmp_path) as cluster:
        cluster.add_worker()
        with open_cluster(cluster.address, print) as pool:
            assert pool.threads == pool.environment["usable_cores"]
            (alone,) = run(pool, plan_of(tmp_path, "tells-threads", threads=2), store).values()
            assert (alone.status, alone.timing == "shared") == ("ok", False)
            assert alone.history == [{"torch": 2, "blas": 2}]
            jobs = plan_of(tmp_path, "waits", seeds=9).jobs
            records = pool.run_all(jobs, store, lambda job: cluster.lose_scheduler(tmp_path / "sign"), None)
            assert {(record.status, record.error) for record in records} == {
                ("killed", "the connection to the scheduler was lost")
            }
        assert wait_for(lambda: ended(int((tmp_path / "sign").read_text())))


@pytest.mark.parametrize(("where", "how"), [("local:2", signal.SIGINT), ("remote", signal.SIGKILL)])
def test_nothing_runs_on_when_the_client_goes(
    cluster: Cluster, tmp_path: Path, where: str, how: signal.Signals
) -> None:
    plan_of(tmp_path, "waits")
    words = ["--reducer", "waits", "--plugin", ON_CLUSTER, "--dataset", "digits", "--suite", "tiny.toml"]
    address = cluster.address if where == "remote" else where
    client = subprocess.Popen(
        [sys.executable, "-m", "benchmark", "run", *words, "--cluster", address],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert wait_for((tmp_path / "sign").is_file)
    job = int((tmp_path / "sign").read_text())
    begun = below(client.pid)
    # As a terminal does: to every process of the session.
    os.killpg(client.pid, how)
    said = client.communicate(timeout=300)[1]
    assert wait_for(lambda: ended(job) and all(ended(pid) for pid in begun))
    if how == signal.SIGINT:
        assert (client.returncode, said) == (130, b"")
        (record,) = Store(tmp_path / "results", "digits-tiny").records()
        assert (record.status, record.error) == ("interrupted", "stopped by the user")
