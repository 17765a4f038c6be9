"""Fixtures that several tests share."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Give every worker a core, and a place for temporary files: the lock that makes runs wait lies there."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        tempfile.tempdir = tempfile.mkdtemp(prefix=f"{worker}-")
        os.environ |= {"TMPDIR": tempfile.tempdir, "OMP_NUM_THREADS": "1"}


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Time benchmarks in this process, with nothing beside it."""
    return 0 if config.getoption("benchmark_only") else None


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """The directory that holds ``mnist/``, from BENCHMARK_DATA_DIR."""
    given = os.environ.get("BENCHMARK_DATA_DIR")
    if not given or not (Path(given) / "mnist").is_dir():
        pytest.skip("MNIST is not at hand: BENCHMARK_DATA_DIR names no directory that holds mnist/")
    return Path(given)
