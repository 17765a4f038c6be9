"""Fixtures that several tests share."""

from __future__ import annotations

import gc
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling


def pytest_configure(config: pytest.Config) -> None:
    """Give every worker a core, and a place for temporary files: the lock that makes runs wait lies there."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        tempfile.tempdir = tempfile.mkdtemp(prefix=f"{worker}-")
        os.environ |= {"TMPDIR": tempfile.tempdir, "OMP_NUM_THREADS": "1"}


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep what all tests import from being looked through whenever a clock collects garbage."""
    gc.collect()
    gc.freeze()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Time benchmarks in this process, with nothing beside it."""
    return 0 if config.getoption("benchmark_only") else None


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Hand out studies one by one: they share nothing, and a file of them would keep one worker for long."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByFileOrStudy(LoadFileScheduling):
        """Tests by file, and those of studies each by itself."""

        def _split_scope(self, nodeid: str) -> str:
            return nodeid if "::test_a_study_runs_end_to_end" in nodeid else super()._split_scope(nodeid)

    return ByFileOrStudy(config, log)


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """The directory that holds ``mnist/``, from BENCHMARK_DATA_DIR."""
    given = os.environ.get("BENCHMARK_DATA_DIR")
    if not given or not (Path(given) / "mnist").is_dir():
        pytest.skip("MNIST is not at hand: BENCHMARK_DATA_DIR names no directory that holds mnist/")
    return Path(given)
