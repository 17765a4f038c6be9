"""A benchmark of dimensionality reduction: one run, top to bottom.

Request                          what can be asked, declared once              benchmark.request
Plan.next(records) -> jobs       what to measure next                         benchmark.plan
run(request)                     skip what is done, hand out jobs, keep       benchmark.execution
measure(job) -> Outcome          load, warm up, timed fit and transform, score benchmark.measure
Store.save(record)               one atomic file a job, arrays beside it      benchmark.results
save_tables(store)               results.csv and results.parquet              benchmark.analysis
write_report(store)              report.md and its figures                    benchmark.reporting
Study                            a claim: cases to plan, expectations to judge benchmark.studies
"""

from __future__ import annotations

import importlib
import inspect
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.errors import InputError, suggestion
from benchmark.request import Request, options

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.measure.kept_models import embed
    from benchmark.measure.own_codes import score
    from benchmark.reporting.stored_run import StoredRun

__all__ = ["embed", "load_results", "load_run", "run", "score"]

_ELSEWHERE = {"embed": "benchmark.measure.kept_models", "score": "benchmark.measure.own_codes"}


def __getattr__(name: str) -> Any:
    """Import what takes its time only when it is asked for."""
    if name in _ELSEWHERE:
        return getattr(importlib.import_module(_ELSEWHERE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def run(reducers: Any = None, dataset: Any = None, **options: Any) -> StoredRun:
    """Measure reducers on a dataset and return the run: its tables, codes, figures and report.

    Parameters
    ----------
    reducers : str, mapping, estimator, or a sequence of names and estimators, optional
        Names of reducers; all of them by default. A mapping gives a reducer's parameters a value or a
        list of values, of which every combination is measured: ``{"umap": {"n_neighbors": [5, 15]}}``; a
        tuple is one value. Of estimators, reducers or scikit-learn's, the parameters count, but for
        `random_state`, which `seeds` decides; their `n_components` are the `components` of all, by default.
    dataset : str, path, data, or a list of them, optional
        Name of a dataset, a path to own data, or data: a DataFrame (with ``label="COLUMN"``), an array or
        sparse matrix X, (X, y), (X_train, y_train, X_test, y_test), or a Dataset; MNIST by default. What is
        in memory is written to this user's cache once, and read from there.
    **options
        By keyword, as listed below.

    Returns
    -------
    benchmark.reporting.stored_run.StoredRun
        The whole run: `table` has a row a job, `board` a row a configuration, and `embedding`, `figure` and
        `report` what else there is.

    Raises
    ------
    benchmark.errors.InputError
        Something given is wrong; the message says what and what is allowed.
    KeyboardInterrupt
        The user interrupted; what was measured is stored.

    Other Parameters
    ----------------
    """
    from benchmark.datasets.in_memory import as_sources
    from benchmark.execution import runner
    from benchmark.plan.settings import from_python
    from benchmark.plan.suite import choose_reducers
    from benchmark.reporting.stored_run import StoredRun
    from benchmark.results import Store

    known = [field.name for field in fields(Request)]
    for name in options:
        if name not in known:
            raise InputError(
                f"run() has no option {name!r}.{suggestion(name, known)} It has: {', '.join(known)}."
            )
    given = {"dataset": None if dataset is None else as_sources(dataset), **options}
    if reducers is not None:
        plain = Request(plugins=given.get("plugins", ()), settings=given.get("settings", ()))
        choose_reducers(plain)  # a plugin that cannot be read is an error of its own
        asked = from_python(reducers, plain.plugins)
        given = {**asked, **given, "settings": (*asked["settings"], *plain.settings)}
    result = runner.run(Request(**given))
    if result.interrupted:
        raise KeyboardInterrupt
    return StoredRun(Store(result.results_dir, result.run), result.report)


def _document_options() -> None:
    """Give `run` the signature and the list of options that `Request` declares."""
    parameters, lines = [], ""
    for declared, option in options(Request):
        kind = inspect.Parameter.KEYWORD_ONLY if declared.kw_only else inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters.append(
            inspect.Parameter(declared.name, kind, default=declared.default, annotation=declared.type)
        )
        if declared.kw_only:
            lines += f"    {declared.name} : {declared.type}\n        {option.help}\n"
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__doc__ = f"{run.__doc__}{lines.lstrip()}    "


_document_options()


def load_run(run: str | Path, results_dir: str | Path = "results") -> StoredRun:
    """Return a run by its name, as `run` returns the one it made.

    Raises
    ------
    benchmark.errors.InputError
        There is no run of that name.
    """
    from benchmark.reporting.stored_run import StoredRun
    from benchmark.results import open_store

    return StoredRun(open_store(results_dir, str(run)))


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
