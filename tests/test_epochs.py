"""Epochs on their way from the training loop to whoever watches the run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmark.execution.local import LocalWorker
from benchmark.execution.local.job_process import EpochFile, read_epoch
from benchmark.execution.observers import Observer
from benchmark.measure.preparation import warm_up
from benchmark.plan.job import Job
from benchmark.plan.suite_plan import SuitePlan
from benchmark.request import Request
from benchmark.results import Store
from reducers import make_reducer
from reducers.training.epochs import Epoch, report_epoch, watch_epochs

X = np.random.default_rng(0).random((60, 8), dtype=np.float32)

TRAINS = """
import time
from reducers.base import Reducer
from reducers.training.epochs import report_epoch


class Trains(Reducer):
    name = "trains"
    reference = "none"

    def _fit(self, X, rng):
        for epoch in range(1, 5):
            time.sleep(0.4)
            report_epoch(epoch, 4, 1.0 / epoch)

    def _transform(self, X):
        return X[:, : self.n_components]
"""


@pytest.mark.parametrize(
    ("reducer", "params", "expected"),
    [
        ("autoencoder", {"epochs": 3}, [(1, 3), (2, 3), (3, 3)]),
        ("rbm", {"epochs": 2}, [(1, 2), (2, 2)]),
        ("stacked", {"hidden": (6,), "epochs": 2, "pretrain_epochs": 1}, [(1, 1), (1, 2), (2, 2)]),
    ],
)
def test_whoever_watches_is_told_of_every_epoch_with_its_loss(
    reducer: str, params: dict[str, Any], expected: list[tuple[int, int]]
) -> None:
    told: list[Epoch] = []
    model = make_reducer(reducer, n_components=2, device="cpu", **params)
    with watch_epochs(told.append):
        model.fit(X)
    assert [(epoch.number, epoch.of) for epoch in told] == expected
    assert [epoch.loss for epoch in told] == [entry["loss"] for entry in model.history_]
    model.fit(X)
    assert len(told) == len(expected), "nobody watches any more"


def test_the_warm_up_is_not_what_is_watched() -> None:
    told: list[Epoch] = []
    with watch_epochs(told.append):
        warm_up(make_reducer("autoencoder", n_components=2, device="cpu"), X, X[:20], "cpu")
        assert told == []
        report_epoch(1, 2, 0.5)
    assert told == [Epoch(1, 2, 0.5)]


def test_an_epoch_is_written_twice_a_second_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(
        "benchmark.execution.local.job_process.time", SimpleNamespace(monotonic=lambda: now[0])
    )
    tell = EpochFile(tmp_path)
    assert read_epoch(tmp_path) is None
    for epoch, at in enumerate([100.0, 100.1, 100.49, 100.5, 100.9, 101.0]):
        now[0] = at
        tell(Epoch(epoch, 9, 0.5))
        assert read_epoch(tmp_path) == Epoch([0, 0, 0, 3, 3, 5][epoch], 9, 0.5)
    (tmp_path / "epoch.json").write_text("[1, 2")
    assert read_epoch(tmp_path) is None, "it is being written"


def test_a_directory_that_is_gone_is_no_reason_to_stop_training(tmp_path: Path) -> None:
    EpochFile(tmp_path / "gone")(Epoch(1, 2, 0.5))
    assert read_epoch(tmp_path / "gone") is None


@pytest.mark.slow
def test_the_epochs_of_a_job_reach_the_one_who_waits_for_it(tmp_path: Path) -> None:
    (tmp_path / "trains.py").write_text(TRAINS)
    request = Request(("trains",), "digits", plugins=(str(tmp_path / "trains.py"),), components=2)
    (job,) = SuitePlan(request, SimpleNamespace(devices=("cpu",), threads=1)).jobs
    told: list[tuple[Job, Epoch]] = []

    class Told(Observer):
        def trained(self, job: Job, epoch: Epoch) -> None:
            told.append((job, epoch))

    with LocalWorker(Told()) as worker:
        record = worker.run(job, Store(tmp_path / "results", job.run))
    assert record.status == "ok", record.error
    assert all(of == job for of, _ in told)
    epochs = [epoch.number for _, epoch in told]
    assert epochs == sorted(set(epochs))
    assert epochs
    assert [epoch for _, epoch in told] == [Epoch(number, 4, 1.0 / number) for number in epochs]
