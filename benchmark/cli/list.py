"""``list`` and ``info``: what there is, reducers and runs say, and the machine as every record carries it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from benchmark.cli.options import Debug, Json, Plugins, ResultsDir
from benchmark.errors import InputError, suggestion

Row = dict[str, object]
What = Annotated[str, typer.Argument(metavar="reducers|datasets|metrics|clusterings|suites|runs")]


def list_(
    what: What = "reducers",
    as_json: Json = False,
    results_dir: ResultsDir = "results",
    plugin: Plugins = None,
    debug: Debug = False,
) -> None:
    """List what there is."""
    from benchmark.cli.printing import print_rows

    print_rows(what, list_rows(what, results_dir, tuple(plugin or ())), as_json=as_json)


def info(as_json: Json = False, debug: Debug = False) -> None:
    """Show the hardware, the versions and the devices found, as every record carries them."""
    from benchmark.cli.printing import print_json, print_rows
    from benchmark.measure.environment import available_devices, environment

    facts = {"devices": list(available_devices()), **environment()}
    if as_json:
        print_json(facts)
    else:
        print_rows("facts", [{"fact": key, "value": value} for key, value in _flat(facts)])


def _flat(facts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested facts as pairs of a dotted name and a readable value."""
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, (list, tuple)):
            yield f"{prefix}{name}", ", ".join(map(str, value)) or "none"
        else:
            yield f"{prefix}{name}", "unknown" if value is None else str(value)


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
    known = [(e.name, e.group, e.summary, ", ".join(e.devices), e.reproducible, e.origin) for e in entries]
    known += [(name, "", summary, "cpu", True, "control") for name, summary in CONTROLS.items()]
    columns = ("name", "group", "summary", "devices", "reproducible", "origin")
    rows: list[Row] = [dict(zip(columns, row, strict=True)) for row in known]
    return [row | {"reproducible": "yes" if row["reproducible"] else "no"} for row in rows]


def _datasets(plugins: Sequence[str]) -> list[Row]:
    from benchmark.datasets import find_datasets

    return [{"name": d.name, "summary": d.summary, "source": d.url} for d in find_datasets(plugins).values()]


def _metrics(plugins: Sequence[str]) -> list[Row]:
    from benchmark.scoring import find_metrics

    return [
        {"name": m.name, "title": m.title, "summary": m.summary, "range": f"{m.low:g} to {m.high:g}",
         "better": m.better, "reference": m.reference}
        for m in find_metrics(plugins).values()
    ]  # fmt: skip


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

    stores = {name: Store(results_dir, name) for name in find_runs(results_dir)}
    facts = {name: store.facts() for name, store in stores.items()}
    return [
        {
            "name": name,
            "dataset": facts[name].get("dataset"),
            "suite": facts[name].get("suite"),
            "jobs": sum(1 for _ in (store.path / "jobs").glob("*.json")),
            "started": facts[name].get("started_at"),
        }
        for name, store in stores.items()
    ]
