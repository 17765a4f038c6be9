"""A benchmark of dimensionality reduction: one run, top to bottom.

make_plan(request)               suite, dataset, reducers -> list of jobs      benchmark.execution
load_dataset(name_or_path)       train, test, labels                           benchmark.datasets
make_reducer(name, **params)     a scikit-learn transformer                   reducers
run_job(job) -> Record           warm up, timed fit, timed transform, score   benchmark.execution
Store.save(record)               one atomic file a job                        benchmark.results
save_tables(store)               results.csv and results.parquet              benchmark.analysis
write_report(store)              report.md and its figures                    benchmark.reporting
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["load_results", "run"]


def run(
    reducers: Sequence[str] | None = None,
    dataset: str | Path | None = None,
    *,
    suite: str | Path = "standard",
    devices: Sequence[str] = ("auto",),
    seeds: int | None = None,
    components: int | None = None,
    precision: str | None = None,
    repeats: int | None = None,
    timeout: float | None = None,
    cluster: str | None = None,
    name: str | None = None,
    fresh: bool = False,
    threads: int | None = None,
    data_dir: str | Path | None = None,
    results_dir: str | Path = "results",
    reports_dir: str | Path = "reports",
    plugins: Sequence[str | Path] = (),
) -> pd.DataFrame:
    """Measure reducers on a dataset and return the table of results, one row a job.

    Parameters
    ----------
    reducers : sequence of str, optional
        Names of reducers; all of them by default.
    dataset : str or path, optional
        Name of a dataset, or a path to own data (.npz, .npy, .csv, .parquet); MNIST by default.
    suite : str or path
        ``quick``, ``standard``, ``full``, or a TOML file.
    devices : sequence of {'auto', 'cpu', 'cuda', 'mps'}
        Every one named is measured.
    seeds, components : int, optional
        Number of seeds and width of the code, in place of the suite's.
    precision : {'auto', 'fp32', 'bf16'}, optional
        Arithmetic of the reducers that have a choice, in place of theirs and the suite's.
    repeats : int, optional
        How often each fit and each transform is timed, in place of the suite's; their medians are
        recorded, and the spread beside them.
    timeout : float, optional
        Seconds after which a job is ended, from its start to its scores; no limit by default.
    cluster : str, optional
        Address of a Dask scheduler whose workers run the jobs, as ``tcp://HOST:8786``, or ``local:N``
        for N processes on this machine; by default jobs run here, one at a time.
    name : str, optional
        Name of the run, by default ``<dataset>-<suite>``.
    fresh : bool
        Measure again what is there already.
    threads : int, optional
        Threads a job may use, by default all cores.
    data_dir, results_dir, reports_dir : path
        Where data lie, and where results and the report go.
    plugins : sequence of path
        Python files that define reducers.

    Returns
    -------
    pandas.DataFrame
        The run's whole table; columns as in ``results.csv``.

    Raises
    ------
    benchmark.errors.InputError
        Something given is wrong; the message says what and what is allowed.
    """
    from benchmark.execution.runner import run_suite
    from benchmark.request import Request

    request = Request(
        reducers=None if reducers is None else tuple(reducers),
        dataset=None if dataset is None else str(dataset),
        suite=str(suite),
        devices=tuple(devices),
        seeds=seeds,
        components=components,
        precision=precision,
        repeats=repeats,
        timeout=timeout,
        cluster=cluster,
        name=name,
        fresh=fresh,
        threads=threads,
        data_dir=None if data_dir is None else str(data_dir),
        results_dir=str(results_dir),
        reports_dir=str(reports_dir),
        plugins=tuple(str(path) for path in plugins),
    )
    result = run_suite(request)
    if result.interrupted:
        raise KeyboardInterrupt
    return result.table


def load_results(run: str | Path, results_dir: str | Path = "results") -> pd.DataFrame:
    """Return the table of a run by its name, with its types; see `run` for the columns.

    Raises
    ------
    benchmark.errors.InputError
        There is no run of that name.
    """
    from benchmark.analysis.tables import load_table
    from benchmark.results import open_store

    return load_table(open_store(results_dir, str(run)))
