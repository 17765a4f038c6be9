"""What every timing shares: one thread, and a stored result that is small and names nobody's machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from benchmark.execution.measure import limit_threads


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Time on one thread: two machines, or two hours of one, then differ the least."""
    import torch  # noqa: F401  (only libraries that are loaded can be limited)

    with limit_threads(1):
        yield


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """Keep what decides how fast a machine is, and drop its name and its compiler's story."""
    cpu = machine_info.get("cpu", {})
    kept = {name: machine_info[name] for name in ("machine", "system", "python_version")}
    kept["cpu"] = {name: cpu[name] for name in ("brand_raw", "count") if name in cpu}
    machine_info.clear()
    machine_info.update(kept)


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(
    config: pytest.Config, benchmarks: list[Any], output_json: dict[str, Any]
) -> None:
    """Round to what a clock can tell, and drop the single timings and the state of the checkout."""
    output_json["commit_info"] = {}
    for entry in output_json["benchmarks"]:
        entry["stats"] = {
            name: float(f"{value:.4g}") if isinstance(value, float) else value
            for name, value in entry["stats"].items()
            if name != "data"
        }
