"""``list``: reducers, datasets, metrics, clusterings, suites and runs, as rows of plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from benchmark.cli.options import Debug, Json, Plugins, ResultsDir
from benchmark.errors import InputError, suggestion

Row = dict[str, object]
What = Annotated[str, typer.Argument(metavar="reducers|datasets|metrics|clusterings|suites|runs")]


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
        "datasets": lambda: _datasets(plugins),
        "metrics": lambda: _metrics(plugins),
        "clusterings": lambda: _clusterings(plugins),
        "suites": _suites,
        "runs": lambda: _runs(results_dir),
    }
    if what not in lists:
        raise InputError(
            f"list takes one of {', '.join(lists)}; got {what!r}.{suggestion(what, list(lists))}"
        )
    rows = lists[what]()
    return rows + _unavailable(what.removesuffix("s"), rows)


def _unavailable(kind: str, rows: Sequence[Row]) -> list[Row]:
    """Return a row for each installed plugin that might be one of what is listed, but cannot be had."""
    from benchmark.plugin_kinds import KINDS

    broken = KINDS[kind].broken() if kind in KINDS else {}
    blank = dict.fromkeys(rows[0] if rows else (), "")
    known = {"origin": "unavailable"} if "origin" in blank else {}
    return [{**blank, "name": name, "summary": reason, **known} for name, reason in broken.items()]


def _reducers(plugins: Sequence[str]) -> list[Row]:
    from benchmark.analysis.columns import CONTROLS
    from reducers.registry import find_reducers
    from reducers.registry_error import RegistryError

    try:
        entries = find_reducers(plugins).values()
    except RegistryError as error:
        raise InputError(str(error)) from error
    known = [
        (e.name, e.group, e.summary, ", ".join(e.devices), _yes(e.reproducible), e.origin) for e in entries
    ]
    known += [(name, "", summary, "cpu", _yes(True), "control") for name, summary in CONTROLS.items()]
    columns = ("name", "group", "summary", "devices", "reproducible", "origin")
    return [dict(zip(columns, row, strict=True)) for row in known]


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _datasets(plugins: Sequence[str]) -> list[Row]:
    from benchmark.datasets import find_datasets

    return [{"name": d.name, "summary": d.summary, "source": d.url} for d in find_datasets(plugins).values()]


def _metrics(plugins: Sequence[str]) -> list[Row]:
    from benchmark.scoring import find_metrics

    return [
        {
            "name": m.name,
            "title": m.title,
            "summary": m.summary,
            "range": f"{m.low:g} to {m.high:g}",
            "better": m.better,
            "reference": m.reference,
        }
        for m in find_metrics(plugins).values()
    ]


def _clusterings(plugins: Sequence[str]) -> list[Row]:
    from benchmark.scoring import find_clusterings

    return [
        {"name": c.name, "title": c.title, "summary": c.summary, "reference": c.reference}
        for c in find_clusterings(plugins).values()
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
