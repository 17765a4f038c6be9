"""``new``: a plugin to begin with, and its test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import Debug, Json
from benchmark.errors import InputError

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the reducer, as my-method.")]
Torch = Annotated[bool, typer.Option("--torch", help="A variant of the autoencoder.")]
# What makes the test of a template quick and its reconstructions good.
_SETTINGS = {
    "numpy": "n_components=5",
    "torch": "n_components=5, epochs=100, batch_size=20, learning_rate=0.01",
}


def new(name: Name, torch: Torch = False, as_json: Json = False, debug: Debug = False) -> None:
    """Write a reducer of your own to begin with, as my_method.py, and its test; both pass at once."""
    from benchmark.cli.printing import print_json

    written = write_plugin(name, "torch" if torch else "numpy")
    if as_json:
        print_json({"written": written})
    else:
        sys.stdout.write("\n".join([*written, f"Next: python -m benchmark check {written[0]}"]) + "\n")


def write_plugin(name: str, template: str) -> list[str]:
    """Write the files of a new reducer to the working directory and return their names.

    Raises
    ------
    InputError
        The name is no name or in use, or a file is there already or cannot be written.
    """
    from importlib.resources import files
    from string import Template

    module = name.replace("-", "_")
    names = {f"{module}.py": f"{template}_reducer.txt", f"test_{module}.py": "reducer_test.txt"}
    _check_free(name, module, list(names))
    words = {
        "name": module.replace("_", "-"),
        "module": module,
        "class_name": "".join(word.capitalize() for word in module.split("_")),
        "settings": _SETTINGS[template],
    }
    for path, source in names.items():
        text = files("benchmark.cli").joinpath("templates", source).read_text(encoding="utf-8")
        try:
            Path(path).write_text(Template(text).substitute(words), encoding="utf-8")
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}.") from error
    return list(names)


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
