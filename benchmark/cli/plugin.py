"""``new`` and ``check``: a plugin to begin with, and what one breaks of what its kind promises."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import Debug, Json, option
from benchmark.errors import InputError, suggestion

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the reducer, as my-method.")]
Torch = Annotated[bool, option("--torch", "", "A variant of the autoencoder.")]
# What makes the test of a template quick and its reconstructions good.
_SETTINGS = {
    "numpy": "n_components=5",
    "torch": "n_components=5, epochs=100, batch_size=20, learning_rate=0.01",
}
Asked = Annotated[
    str,
    typer.Argument(
        metavar="NAME_OR_FILE",
        help="A plugin file, or the name of a reducer, metric, clustering or data set (of no download).",
    ),
]


def new(name: Name, torch: Torch = False, as_json: Json = False, debug: Debug = False) -> None:
    """Write a reducer of your own to begin with, as my_method.py, and its test; both pass at once."""
    from importlib.resources import files
    from string import Template

    from benchmark.cli.printing import print_json

    module, kind = name.replace("-", "_"), "torch" if torch else "numpy"
    sources = {f"{module}.py": f"{kind}_reducer.txt", f"test_{module}.py": "reducer_test.txt"}
    _check_free(name, module, list(sources))
    words = {
        "name": module.replace("_", "-"),
        "module": module,
        "class_name": "".join(word.capitalize() for word in module.split("_")),
        "settings": _SETTINGS[kind],
    }
    for path, source in sources.items():
        text = files("benchmark.cli").joinpath("templates", source).read_text(encoding="utf-8")
        try:
            Path(path).write_text(Template(text).substitute(words), encoding="utf-8")
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}.") from error
    if as_json:
        print_json({"written": list(sources)})
    else:
        sys.stdout.write("\n".join([*sources, f"Next: python -m benchmark check {module}.py"]) + "\n")


def _check_free(name: str, module: str, paths: list[str]) -> None:
    import re
    from importlib.util import find_spec
    from keyword import iskeyword

    from reducers.registry import find_reducers

    if not re.fullmatch(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", name) or len(name) > 60:
        raise InputError(
            "The name of a new reducer must be at most 60 lower-case letters and digits in words joined by "
            f"'-', as my-method; got {name!r}."
        )
    there = next((path for path in paths if Path(path).exists()), None)
    if there is not None:
        raise InputError(f"{there} is there already, and is not overwritten: give the reducer another name.")
    # A file of the name of a module would be imported in its place.
    if module.replace("_", "-") in find_reducers() or iskeyword(module) or find_spec(module) is not None:
        raise InputError(
            f"The name of a new reducer must not be that of a reducer or of a module; got {name!r}, which is "
            "in use: give it another."
        )


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
