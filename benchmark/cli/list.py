"""``list``: reducers, datasets, metrics, suites and runs, as rows of plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from benchmark.cli.options import Debug, Json, Plugins, ResultsDir
from benchmark.errors import InputError, suggestion

Row = dict[str, object]
What = Annotated[str, typer.Argument(metavar="reducers|datasets|metrics|suites|runs")]


def list_things(
    what: What = "reducers",
    as_json: Json = False,
    results_dir: ResultsDir = "results",
    plugin: Plugins = None,
    debug: Debug = False,
) -> None:
    """List what there is."""
    from benchmark.cli.printing import print_json, print_rows

    rows = list_rows(what, results_dir, tuple(plugin or ()))
    if as_json:
        print_json(rows)
    else:
        print_rows(what, rows)


def list_rows(what: str, results_dir: str, plugins: Sequence[str] = ()) -> list[Row]:
    """Return one row for each of what was asked for.

    Raises
    ------
    InputError
        There is no such list, or a plugin cannot be read.
    """
    lists: dict[str, Callable[[], list[Row]]] = {
        "reducers": lambda: _reducers(plugins),
        "datasets": _datasets,
        "metrics": _metrics,
        "suites": _suites,
        "runs": lambda: _runs(results_dir),
    }
    if what not in lists:
        raise InputError(
            f"list takes one of {', '.join(lists)}; got {what!r}.{suggestion(what, list(lists))}"
        )
    return lists[what]()


def _reducers(plugins: Sequence[str]) -> list[Row]:
    from benchmark.analysis.columns import CONTROLS
    from reducers.registry import broken_plugins, find_reducers
    from reducers.registry_error import RegistryError

    try:
        entries = find_reducers(plugins).values()
    except RegistryError as error:
        raise InputError(str(error)) from error
    rows: list[Row] = [
        {"name": e.name, "summary": e.summary, "devices": ", ".join(e.devices), "origin": e.origin}
        for e in entries
    ]
    rows += [{"name": n, "summary": s, "devices": "cpu", "origin": "control"} for n, s in CONTROLS.items()]
    broken = broken_plugins().items()
    return rows + [
        {"name": n, "summary": reason, "devices": "", "origin": "unavailable"} for n, reason in broken
    ]


def _datasets() -> list[Row]:
    from benchmark.datasets import DATASETS

    return [{"name": name, "summary": d.summary, "source": d.url} for name, d in DATASETS.items()]


def _metrics() -> list[Row]:
    from benchmark.scoring import METRICS

    return [
        {
            "name": m.name,
            "title": m.title,
            "summary": m.summary,
            "range": f"{m.low:g} to {m.high:g}",
            "better": m.better,
            "reference": m.reference,
        }
        for m in METRICS.values()
    ]


def _suites() -> list[Row]:
    from benchmark.plan.suite import load_suite, shipped_suites

    return [{"name": s.name, "summary": s.summary} for s in map(load_suite, shipped_suites())]


def _runs(results_dir: str) -> list[Row]:
    from benchmark.results import Store, find_runs

    rows: list[Row] = []
    for name in find_runs(results_dir):
        store = Store(results_dir, name)
        facts = store.facts()
        rows.append(
            {
                "name": name,
                "dataset": facts.get("dataset"),
                "suite": facts.get("suite"),
                "jobs": sum(1 for _ in (store.path / "jobs").glob("*.json")),
                "started": facts.get("started_at"),
            }
        )
    return rows
