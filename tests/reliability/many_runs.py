"""Runs of thousands of small jobs: the suite's own plan, and drawn records that it takes for its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from benchmark.datasets import Dataset
    from benchmark.measure.outcome import Outcome
    from benchmark.plan.job import Job
    from benchmark.plan.suite_plan import SuitePlan
    from benchmark.request import Request
    from benchmark.results import Record

RUN = "many"
REDUCERS = ("pca", "random-projection", "umap", "rbm", "autoencoder")
EPOCHS = 20  # of the drawn histories


@dataclass(frozen=True)
class Shape:
    """How the jobs of a run differ: `widths` of the code of each of `REDUCERS`, `seeds` of each of those."""

    widths: int
    seeds: int

    @property
    def jobs(self) -> int:
        return len(REDUCERS) * self.widths * self.seeds

    @property
    def configurations(self) -> int:
        return len(REDUCERS) * self.widths


def shape_of(name: str, jobs: int) -> Shape:
    """Return how about `jobs` jobs differ: mostly in their seeds, or mostly in the widths of their codes."""
    each = max(jobs // len(REDUCERS), 1)
    if name == "seeds":
        return Shape(widths=20, seeds=max(each // 20, 1))
    return Shape(widths=max(each // 2, 1), seeds=2)


def write_inputs(directory: Path, shape: Shape) -> None:
    """Write data of a few classes, and the suite, into a directory."""
    import numpy as np

    rng = np.random.default_rng(0)
    # Codes as wide as there are features, or samples to learn from, would reduce nothing.
    features, samples = max(shape.widths + 1, 32), max(2 * shape.widths, 1000)
    labels = np.arange(samples) % 5
    X = rng.normal(size=(samples, features)) + rng.normal(size=(5, features))[labels]
    np.savez(directory / "data.npz", X=X.astype(np.float32), y=labels)
    (directory / "many.toml").write_text(
        f"seeds = {shape.seeds}\ncomponents = {list(range(1, shape.widths + 1))}\n"
    )


def words(name: str = RUN) -> list[str]:
    """Return what is written behind ``python -m benchmark run`` to ask for the jobs."""
    chosen = [word for reducer in REDUCERS for word in ("--reducer", reducer)]
    options = ["--dataset", "data.npz", "--suite", "many.toml", "--device", "cpu", "--threads", "1"]
    return [*chosen, *options, "--name", name]


def request(directory: Path, name: str = RUN) -> Request:
    """Return the same as a request, from any directory of work."""
    from benchmark.request import Request

    return Request(
        reducers=REDUCERS,
        dataset=str(directory / "data.npz"),
        suite=str(directory / "many.toml"),
        devices=("cpu",),
        name=name,
        threads=1,
        results_dir=str(directory / "results"),
        reports_dir=str(directory / "reports"),
    )


def plan(directory: Path, name: str = RUN) -> SuitePlan:
    """Return the suite's own plan."""
    from benchmark.plan.suite_plan import SuitePlan

    planned = SuitePlan(request(directory, name), SimpleNamespace(devices=("cpu",), threads=1))
    planned.arithmetic["cpu"] = "fp32"
    planned.jobs = tuple(planned.next({}))
    return planned


def import_reducers() -> None:
    """Import what the reducers are made of, torch among it."""
    from reducers.registry import make_reducer

    for name in REDUCERS:
        make_reducer(name)


def drawn_records(jobs: tuple[Job, ...], environment: dict[str, object]) -> Iterator[Record]:
    """Yield a record a job, as if it had been measured here; the same jobs get the same scores."""
    import numpy as np

    from benchmark.measure.outcome import make_record

    rng = np.random.default_rng(0)
    for job in jobs:
        yield make_record(job, _drawn_outcome(job, rng), environment)


def _drawn_outcome(job: Job, rng: np.random.Generator) -> Outcome:
    from benchmark.analysis.columns import SCORES
    from benchmark.measure.outcome import Outcome

    width, place = int(job.params["n_components"]), REDUCERS.index(job.reducer)
    level = 0.5 + 0.4 * width / (width + 5) - 0.03 * place
    fit, transform = float(0.002 * (place + 1) * rng.lognormal(0, 0.3)), float(0.001 * rng.lognormal(0, 0.3))
    epochs = range(1, EPOCHS + 1) if "epochs" in job.params else ()
    return Outcome(
        status="ok",
        precision="fp32",
        n_components=width,
        n_parameters=width * job.n_features,
        warmup_seconds=0.01,
        fit_times=[fit],
        transform_times=[transform],
        score_seconds=0.25,
        peak_memory_mb=float(rng.uniform(1, 9)),
        scores={name: _bounded(level + float(rng.normal(0, 0.01))) for name in SCORES},
        history=[{"epoch": n, "loss": 1 / n, "seconds": 0.01 * n} for n in epochs],
    )


def _bounded(score: float) -> float:
    return min(max(score, 0.0), 1.0)


def drawn_arrays(dataset: Dataset) -> dict[str, dict[str, np.ndarray]]:
    """Return what is kept beside a record: codes of ten dimensions, and the view that the report draws."""
    import numpy as np

    from benchmark.measure.view import make_view

    assert dataset.y_test is not None
    rng = np.random.default_rng(0)
    test = np.asarray(dataset.rows()[1])
    codes = (rng.normal(size=(len(test), 10)) + dataset.y_test[:, None]).astype(np.float32)
    return {"embeddings": {"Z_test": codes}, "views": make_view(dataset, codes, test, None)}
