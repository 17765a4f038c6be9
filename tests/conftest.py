"""Fixtures that several tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """The directory that holds ``mnist/``, from BENCHMARK_DATA_DIR."""
    given = os.environ.get("BENCHMARK_DATA_DIR")
    if not given or not (Path(given) / "mnist").is_dir():
        pytest.skip("MNIST is not at hand: BENCHMARK_DATA_DIR names no directory that holds mnist/")
    return Path(given)
