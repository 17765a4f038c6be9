"""From a request to records: the plan, the job, and the processes that jobs run in."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from in_process import measured_here
from waiting import is_running, wait_for

from benchmark.analysis.columns import CONTROLS
from benchmark.datasets import Dataset, DataUnavailable, load_dataset
from benchmark.errors import InputError
from benchmark.execution.local import LocalWorker
from benchmark.execution.local.client import Client
from benchmark.execution.observers import Observer
from benchmark.execution.runner import run as run_suite
from benchmark.measure.measurement import measure
from benchmark.measure.outcome import Outcome, make_record
from benchmark.plan.job import Job
from benchmark.plan.suite_plan import SuitePlan
from benchmark.request import Request
from benchmark.results import Record, Store
from benchmark.scoring import DEFAULT, metrics_of
from reducers import find_reducers
from reducers.registry import BUILT_IN, FURTHER

PLUGINS = Path(__file__).parent / "plugins"
MISBEHAVING = str(PLUGINS / "misbehaving.py")
LABEL_FREE = {
    "reconstruction_mse", "trustworthiness", "continuity", "triplet_accuracy", "distance_correlation",
    "silhouette", "stability", "favoured_clusters",
}  # fmt: skip

SUITE = """
n_train = 200
n_test = 60
components = [3]

[reducers.autoencoder]
epochs = 2
"""

ALLOCATES = """
import numpy as np
from reducers.base import Reducer


class Allocates(Reducer):
    name = "allocates"
    reference = "none"

    def _fit(self, X, rng):
        self.size_ = np.ones(64 * 2**20, dtype=np.uint8).sum() if len(X) == 200 else 0
        self.history_ = [{"epoch": 1, "loss": 0.5}]

    def _transform(self, X):
        print("said by the reducer")
        return X[:, : self.n_components]
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(SUITE)
    return path


def plan_of(
    *reducers: str, devices: tuple[str, ...] = ("auto",), found: tuple[str, ...] = ("cpu",), **changes: Any
) -> SuitePlan:
    """Return a plan of named reducers (all without a name) on digits, on a machine with devices `found`."""
    request = Request(reducers=reducers or None, dataset="digits", devices=devices)
    return SuitePlan(replace(request, **changes), SimpleNamespace(devices=found, threads=1))


def job_of(reducer: str, suite: Path, **changes: Any) -> Job:
    (job,) = plan_of(reducer, suite=str(suite), **changes).jobs
    return job


def where(plan: SuitePlan) -> list[tuple[str, str, bool]]:
    return [(job.reducer, job.device, job.unavailable is None) for job in plan.jobs]


def test_all_reducers_are_planned_with_all_their_parameters() -> None:
    plan = plan_of()
    measured = [job.reducer for job in plan.jobs]
    assert measured == [*(entry.name for entry in BUILT_IN), *CONTROLS]
    assert set(find_reducers()) - set(measured) == {entry.name for entry in FURTHER}
    assert plan.run == "digits-standard"
    job = next(job for job in plan.jobs if job.reducer == "stacked")
    assert job.params["hidden"] == (500, 500, 2000)
    assert job.params["n_components"] == 10
    # These have a column of their own.
    assert not {"random_state", "device"} & set(job.params)
    assert (job.n_train, job.n_test, job.n_features, job.threads) == (1438, 359, 64, 1)
    assert len({job.key for job in plan.jobs}) == len(plan.jobs)


@pytest.mark.parametrize(
    ("asked", "found", "expected"),
    [
        (("auto",), ("cpu",), [("pca", "cpu", True), ("umap", "cpu", True)]),
        (("auto",), ("cpu", "cuda"), [("pca", "cuda", True), ("umap", "cpu", True)]),
        (("auto",), ("cpu", "mps"), [("pca", "mps", True), ("umap", "cpu", True)]),
        (("cpu",), ("cpu", "cuda"), [("pca", "cpu", True), ("umap", "cpu", True)]),
        (("auto", "cpu", "cpu"), ("cpu",), [("pca", "cpu", True), ("umap", "cpu", True)]),
        (
            ("cpu", "cuda"),
            ("cpu", "cuda"),
            [("pca", "cpu", True), ("pca", "cuda", True), ("umap", "cpu", True), ("umap", "cuda", False)],
        ),
        (("cuda",), ("cpu",), [("pca", "cuda", False), ("umap", "cuda", False)]),
    ],
)
def test_every_device_asked_for_is_planned_once(
    asked: tuple[str, ...], found: tuple[str, ...], expected: list[tuple[str, str, bool]]
) -> None:
    assert where(plan_of("pca", "umap", devices=asked, found=found)) == expected


def test_seeds_and_widths_multiply_the_jobs(tmp_path: Path) -> None:
    (tmp_path / "wide.toml").write_text("seeds = 2\ncomponents = [2, 5]\ndataset = 'digits'")
    plan = plan_of("pca", "pca", suite=str(tmp_path / "wide.toml"), dataset=None)
    found = [(job.params["n_components"], job.seed) for job in plan.jobs]
    assert found == [(2, 0), (5, 0), (2, 1), (5, 1)], "one seed's data after the other"
    assert plan.run == "digits-wide"
    narrowed = plan_of("pca", suite=str(tmp_path / "wide.toml"), seeds=3, components=7, name="mine")
    assert [(job.params["n_components"], job.seed) for job in narrowed.jobs] == [(7, 0), (7, 1), (7, 2)]
    assert narrowed.run == "mine"


def test_epochs_rise_to_the_least_number_of_updates(tmp_path: Path) -> None:
    path = tmp_path / "updates.toml"
    path.write_text(
        "n_train = 1000\nmin_updates = 300\n"
        "[reducers.autoencoder]\nbatch_size = 256\nepochs = 20\n"
        "[reducers.sparse]\nbatch_size = 256\nepochs = 76\n"
        "[reducers.dbn]\nbatch_size = 500\nepochs = 1\npretrain_batch_size = 100\npretrain_epochs = 1\n"
        "[reducers.stacked]\nbatch_size = 500\nepochs = 1\npretrain_epochs = 0\n"
    )
    plan = plan_of("autoencoder", "sparse", "dbn", "stacked", "umap", suite=str(path))
    params = {job.reducer: job.params for job in plan.jobs}
    # 1,000 samples are 4 batches of 256: 75 epochs make 300 updates.
    assert params["autoencoder"]["epochs"] == 75
    assert params["sparse"]["epochs"] == 76
    assert (params["dbn"]["epochs"], params["dbn"]["pretrain_epochs"]) == (150, 150)
    # No pretraining was asked for, so none is added.
    assert (params["stacked"]["epochs"], params["stacked"]["pretrain_epochs"]) == (150, 0)
    assert "epochs" not in params["umap"]


def test_the_code_is_never_wider_than_the_data(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "narrow.npz"
    np.savez(path, X=rng.random((50, 3)), y=np.arange(50) % 2)
    plan = plan_of("pca", dataset=str(path))
    assert [job.params["n_components"] for job in plan.jobs] == [2]
    assert "3 features" in plan.notes[0]
    with pytest.raises(InputError, match=r"--components must be 1 to 3 for narrow-[0-9a-f]+; got 4"):
        plan_of("pca", dataset=str(path), components=4)
    assert plan_of("pca", dataset=str(path), components=3).notes == ()


def test_the_shape_of_images_reaches_the_reducer() -> None:
    (job,) = plan_of("convolutional").jobs
    assert job.params["image_shape"] == [8, 8]


def test_a_parameter_that_no_file_can_hold_is_an_error(tmp_path: Path, suite: Path) -> None:
    plugin = tmp_path / "allocates.py"
    plugin.write_text(ALLOCATES.replace('reference = "none"', 'reference = "none"\n    kernel: object = max'))
    with pytest.raises(InputError, match=r"'allocates'.* kernel .*JSON.*<built-in function max>"):
        plan_of("allocates", suite=str(suite), plugins=(str(plugin),))


def test_mnist_gives_way_to_digits_only_where_nobody_named_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str, **options: Any) -> Dataset:
        if name == "mnist":
            raise DataUnavailable("mnist is not at hand.")
        return load_dataset(name, **options)

    monkeypatch.setattr("benchmark.plan.suite_plan.load_dataset", load)
    plan = plan_of("pca", dataset=None)
    assert plan.run == "digits-standard"
    assert {job.source for job in plan.jobs} == {"digits"}
    assert plan.notes == ("mnist is not at hand. This run therefore measures 'digits' instead of 'mnist'.",)
    with pytest.raises(DataUnavailable):
        plan_of("pca", dataset="mnist")


def test_a_key_belongs_to_what_is_measured_and_to_nothing_else(suite: Path) -> None:
    job = job_of("pca", suite)
    again = Job.from_dict(json.loads(json.dumps(asdict(job))))
    assert again.key == job.key
    for same in (
        {"run": "other"},
        {"data_dir": "elsewhere"},
        {"source": "elsewhere/digits"},
        {"plugins": ("x",)},
    ):
        assert replace(job, **same).key == job.key
    changes: list[dict[str, Any]] = [
        {"data": "0" * 64},
        {"params": {**job.params, "whiten": True}},
        {"code": "other"},
        {"seed": 1},
        {"threads": 2},
        {"device": "cuda"},
        {"n_train": 199},
        {"reducer": "umap"},
    ]
    changes.append({"arithmetic": "bf16"})
    keys = {replace(job, **change).key for change in changes}
    assert len(keys) == len(changes)
    assert job.key not in keys
    assert "/" not in replace(job, reducer="sklearn.x/../../y").key


def recorded(job: Job) -> tuple[Record, Outcome]:
    outcome = measure(job)
    return make_record(job, outcome, {}), outcome


def test_a_job_measures_everything_there_is_to_measure(suite: Path) -> None:
    record, outcome = recorded(job_of("autoencoder", suite))
    assert record.status == "ok"
    assert record.error is None
    for name in ("warmup_seconds", "fit_seconds", "transform_seconds", "score_seconds"):
        assert 0 < getattr(record, name) < 60
    absent = {"favoured_clusters", "own_nmi", "own_ari", "own_accuracy"}
    assert set(record.scores) == set(metrics_of([DEFAULT])) - absent
    assert record.n_parameters == 64 * 3 + 3 + 3 * 64 + 64
    assert [epoch["epoch"] for epoch in record.history] == [1, 2]
    assert {name: part.shape for name, part in outcome.artifacts["embeddings"].items()} == {
        "Z_train": (200, 3),
        "Z_test": (60, 3),
        "y_train": (200,),
        "y_test": (60,),
        "class_names": (10,),
        "rows_train": (200,),
        "rows_test": (60,),
    }
    view = outcome.artifacts["views"]
    assert view["codes"].shape == (60, 2)
    assert view["images"].shape == view["reconstructions"].shape == (10, 64)
    assert Record.from_json(record.to_json()).scores == record.scores


def test_the_same_seed_gives_the_same_scores(suite: Path) -> None:
    job = job_of("autoencoder", suite)
    first, second = measure(job), measure(job)
    assert first.scores == second.scores
    codes, same_codes = (outcome.artifacts["embeddings"]["Z_test"] for outcome in (first, second))
    np.testing.assert_array_equal(codes, same_codes)
    other = measure(replace(job, seed=1))
    assert other.scores != first.scores


def test_the_cost_of_a_fit_is_its_own(tmp_path: Path, suite: Path) -> None:
    plugin = tmp_path / "allocates.py"
    plugin.write_text(ALLOCATES)
    record, _ = recorded(job_of("allocates", suite, plugins=(str(plugin),)))
    assert record.peak_memory_mb is not None
    assert 60 < record.peak_memory_mb < 100
    assert record.peak_device_memory_mb is None


def test_without_labels_only_label_free_metrics_are_there(tmp_path: Path, suite: Path) -> None:
    path = tmp_path / "plain.npy"
    np.save(path, np.random.default_rng(0).random((80, 6)))
    record, outcome = recorded(job_of("pca", suite, dataset=str(path)))
    assert record.status == "ok"
    assert set(record.scores) == LABEL_FREE
    assert "labels" not in outcome.artifacts["views"]


def test_labels_of_one_part_alone_are_no_labels(tmp_path: Path, suite: Path) -> None:
    path = tmp_path / "half.npz"
    X = np.random.default_rng(0).random((80, 6))
    np.savez(path, X_train=X[:60], y_train=np.arange(60) % 2, X_test=X[60:])
    record, _ = recorded(job_of("pca", suite, dataset=str(path)))
    assert record.status == "ok"
    assert set(record.scores) == LABEL_FREE


def test_a_method_that_does_not_apply_is_unavailable_with_its_reason(tmp_path: Path, suite: Path) -> None:
    path = tmp_path / "table.npz"
    np.savez(path, X=np.random.default_rng(0).random((80, 6)), y=np.arange(80) % 2)
    record, outcome = recorded(job_of("convolutional", suite, dataset=str(path)))
    assert record.status == "unavailable"
    assert "6 features are no square image" in str(record.error)
    assert not outcome.artifacts
    assert record.fit_seconds is None


def test_what_was_measured_before_a_failure_is_kept(tmp_path: Path, suite: Path) -> None:
    plugin = tmp_path / "fails.py"
    # The warm-up transforms the test set and succeeds; what is timed fails.
    fails = "CALLS.append(len(X)); assert CALLS == [60], 'no more'"
    plugin.write_text("CALLS = []\n" + ALLOCATES.replace('print("said by the reducer")', fails))
    job = replace(job_of("allocates", suite, plugins=(str(plugin),)), repeats=3)
    record, outcome = recorded(job)
    assert (outcome.status, outcome.error) == ("failed", "AssertionError: no more")
    assert outcome.warmup_seconds is not None
    assert len(outcome.fit_times) == 1
    assert outcome.transform_times == []
    assert outcome.peak_memory_mb is not None
    assert 60 < outcome.peak_memory_mb < 100
    assert (record.precision, record.fit_seconds) == ("fp32", outcome.fit_times[0])
    assert (record.transform_seconds, record.scores, outcome.artifacts) == (None, {}, {})


@pytest.mark.slow
def test_the_arithmetic_of_a_job_is_given_to_a_reducer_that_leaves_it_open(suite: Path) -> None:
    job = job_of("autoencoder", suite)
    job = replace(job, params={**job.params, "epochs": 2})
    assert job.params["precision"] == "auto"
    for arithmetic in ("fp32", "bf16"):
        record, _ = recorded(replace(job, arithmetic=arithmetic))
        assert (record.status, record.precision) == ("ok", arithmetic)
    asked = replace(job, arithmetic="bf16", params={**job.params, "precision": "fp32"})
    assert measure(asked).precision == "fp32"
    assert measure(replace(job_of("pca", suite), arithmetic="bf16")).status == "ok"


def test_any_scikit_learn_transformer_can_be_measured(suite: Path) -> None:
    record, _ = recorded(job_of("sklearn.decomposition.TruncatedSVD", suite))
    assert (record.status, record.n_components) == ("ok", 3)
    assert record.scores["knn_accuracy"] > 0.3


@pytest.fixture(scope="module")
def worker() -> Iterator[LocalWorker]:
    with LocalWorker() as made:
        yield made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results", "digits-tiny")


def test_a_worker_knows_the_machine(worker: LocalWorker) -> None:
    assert worker.devices[0] == "cpu"
    assert worker.environment["versions"]["numpy"] == np.__version__


def test_a_job_runs_in_a_process_of_its_own(
    worker: LocalWorker, store: Store, suite: Path, tmp_path: Path
) -> None:
    plugin = tmp_path / "allocates.py"
    plugin.write_text(ALLOCATES)
    job = job_of("allocates", suite, plugins=(str(plugin),))
    record = worker.run(job, store)
    assert record.status == "ok", record.error
    assert record.environment == worker.environment
    assert store.load_arrays("embeddings", job.key)["Z_test"].shape == (60, 3)
    assert store.load_arrays("views", job.key)["codes"].shape == (60, 2)
    assert "said by the reducer" in (store.path / "run.log").read_text()
    assert record.scores == measure(job).scores


@pytest.mark.parametrize(
    ("reducer", "status", "reason"),
    [
        ("kills-itself", "killed", "SIGKILL"),
        ("exits", "killed", "without"),
        ("leaves", "failed", "SystemExit: no licence"),
        ("raises", "failed", "RuntimeError: the matrix is singular"),
        ("numpy-facts", "ok", ""),
    ],
)
def test_whatever_a_job_does_to_itself_the_next_one_works(
    reducer: str, status: str, reason: str, worker: LocalWorker, store: Store, suite: Path
) -> None:
    record = worker.run(job_of(reducer, suite, plugins=(MISBEHAVING,)), store)
    assert (record.status, reason in (record.error or "")) == (status, True), record.error
    assert worker.run(job_of("pca", suite), store).status == "ok"


def test_numbers_of_numpy_are_kept_as_numbers(suite: Path) -> None:
    record, _ = recorded(job_of("numpy-facts", suite, plugins=(MISBEHAVING,)))
    kept = Record.from_json(record.to_json())
    assert kept.n_components == 3
    # A loss that is no number is one that was not measured.
    assert kept.history == [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": None}]


def test_a_mended_reducer_replaces_its_failure(
    worker: LocalWorker, store: Store, suite: Path, tmp_path: Path
) -> None:
    plugin = tmp_path / "mine.py"
    for name, status in (("Missing", "failed"), ("Reducer", "ok")):
        plugin.write_text(ALLOCATES.replace('print("said by the reducer")', f"{name}.__name__"))
        store.save(worker.run(job_of("allocates", suite, plugins=(str(plugin),)), store))
        assert [record.status for record in store.records()] == [status]


@pytest.mark.slow
def test_a_job_over_its_time_is_ended_with_all_it_started(
    store: Store, suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "pids"
    monkeypatch.setenv("SLOW_REDUCER_PIDS", str(marker))
    job = job_of("slow", suite, plugins=(str(PLUGINS / "slow.py"),))
    with LocalWorker() as worker:
        seconds = 3
        # A busy machine may need more than the first limit to come to the fit.
        while not marker.exists():
            started = time.monotonic()
            record = worker.run(job, store, timeout=seconds)
            assert (record.status, record.error) == ("timeout", f"stopped at the limit of {seconds} s")
            assert time.monotonic() - started >= seconds
            assert record.fit_seconds is None
            seconds *= 2
        pids = [int(word) for word in marker.read_text().split()]
        assert wait_for(lambda: not any(is_running(pid) for pid in pids))
        assert worker.run(job_of("pca", suite), store, timeout=900).status == "ok"


@pytest.mark.slow
def test_systems_whose_libraries_stand_no_fork_import_them_in_every_job(suite: Path, store: Store) -> None:
    job = job_of("pca", suite)
    lines = (
        "import sys, benchmark.execution.local.server as server\n"
        "server.PRELOADS = False\n"
        "fork = server.fork\n"
        "def bare(*given):\n"
        "    assert not {'torch', 'sklearn', 'numpy'} & set(sys.modules)\n"
        "    return fork(*given)\n"
        "server.fork = bare\n"
        "server.main()"
    )
    client = Client([sys.executable, "-c", lines])
    client.ask("job", job=asdict(job), environment={}, results_dir=str(store.path.parent))
    end, reply = client.wait()
    client.terminate()
    assert (end.code, list(reply)) == (0, ["record"]), client.last_message()
    record = Record.from_json(reply["record"])
    assert record.status == "ok"
    assert record.scores == measure(job).scores
    assert store.load_arrays("embeddings", job.key)


@pytest.mark.slow
def test_what_another_machine_measured_is_measured_again(
    suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever else is busy on this machine.
    monkeypatch.setattr("benchmark.execution.dispatch.Dispatch.disturbed", lambda self: [])
    notes: list[str] = []
    begun: list[str] = []

    class Watch(Observer):
        def note(self, text: str) -> None:
            notes.append(text)

        def started(self, job: Job) -> None:
            begun.append(job.reducer)

    request = Request(
        ("raw", "pca"),
        "digits",
        suite=str(suite),
        results_dir=str(tmp_path / "results"),
        reports_dir=str(tmp_path / "reports"),
    )
    with measured_here():
        run_suite(request, Watch())
    path = next((tmp_path / "results" / "digits-tiny" / "jobs").glob("pca-*.json"))
    foreign = json.loads(path.read_text())
    foreign["environment"]["machine"] = "another"
    path.write_text(json.dumps(foreign))
    with measured_here():
        run_suite(request, Watch())
    assert begun == ["raw", "pca", "pca"]
    assert [note.split(",")[0] for note in notes] == [
        "1 jobs of digits-tiny were measured on another machine or with other libraries"
    ]
    assert json.loads(path.read_text())["environment"]["machine"] != "another"
