"""``check``: what a plugin, or what is there by name, breaks of what its kind promises."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import Debug, Json
from benchmark.errors import InputError, suggestion

Asked = Annotated[
    str,
    typer.Argument(
        metavar="NAME_OR_FILE",
        help="A plugin file, or the name of a reducer, metric, clustering or data set (of no download).",
    ),
]


def check(asked: Asked, as_json: Json = False, debug: Debug = False) -> None:
    """Tell all that a plugin breaks of what it promises; the exit code is 1 where that is anything."""
    from benchmark.cli.printing import print_json
    from benchmark.conformance import all_breaches
    from reducers.registry_error import RegistryError

    try:
        found = all_breaches(_wanted(asked))
    except RegistryError as error:
        raise InputError(str(error)) from error
    if as_json:
        print_json({"checked": asked, "breaches": found})
    else:
        sys.stdout.write("\n".join(found or [f"{asked} keeps every promise."]) + "\n")
    raise typer.Exit(1 if found else 0)


def _wanted(asked: str) -> object:
    """Return the path of a file, or what has the name that was asked for."""
    from benchmark.datasets import find_datasets
    from benchmark.plugin_kinds import broken_plugins
    from benchmark.scoring import find_clusterings, find_metrics
    from reducers.registry import find_reducers, make_reducer

    if asked.endswith(".py"):
        return Path(asked)
    if asked in find_reducers() or asked.startswith("sklearn."):
        return make_reducer(asked)
    made = {name: info for name, info in find_datasets().items() if info.load}
    others: dict[str, object] = {**made, **find_clusterings(), **find_metrics()}
    if asked not in others:
        reason = broken_plugins().get(asked)
        raise InputError(
            reason
            or "check takes a plugin file (.py) or the name of a reducer, metric, clustering or data set (of "
            f"no download); got {asked!r}.{suggestion(asked, [*find_reducers(), *others])}"
        )
    return others[asked]
