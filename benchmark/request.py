"""What can be asked of a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """What the user asked for; None leaves a choice to the suite."""

    reducers: tuple[str, ...] | None = None
    dataset: str | None = None
    suite: str = "standard"
    devices: tuple[str, ...] = ("auto",)
    seeds: int | None = None
    components: int | None = None
    name: str | None = None
    fresh: bool = False
    threads: int | None = None
    data_dir: str | None = None
    results_dir: str = "results"
    reports_dir: str = "reports"
    plugins: tuple[str, ...] = ()
    precision: str | None = None
    repeats: int | None = None
    timeout: float | None = None
    cluster: str | None = None
