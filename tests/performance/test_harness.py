"""Seconds of what stands around the measurements: starting up, and giving a job its process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmark.execution.local import LocalWorker
from harness import command_line, run_one, seconds_until_ready, trivial_job

ROUNDS = 5


@pytest.mark.parametrize("words", [("--help",), ("list", "reducers")], ids=" ".join)
def test_command_line(words: tuple[str, ...], benchmark: Any) -> None:
    benchmark.pedantic(command_line, args=words, rounds=ROUNDS, warmup_rounds=1)


@pytest.fixture
def worker() -> Iterator[LocalWorker]:
    with LocalWorker() as pool:
        assert pool.devices  # it has started, and imported what jobs need
        yield pool


def test_trivial_job(worker: LocalWorker, tmp_path: Path, benchmark: Any) -> None:
    job, store = trivial_job(tmp_path)
    ready = [seconds_until_ready(worker, job, store) for _ in range(ROUNDS)]
    benchmark.extra_info["seconds_until_ready"] = min(ready)
    record = benchmark.pedantic(run_one, args=(worker, job, store), rounds=ROUNDS)
    assert record.n_train == 200
