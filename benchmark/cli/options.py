"""The options of the command line: made from the fields of a request, or shared by several verbs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import Field
from typing import Annotated, Any, get_type_hints

import typer

from benchmark.errors import InputError
from benchmark.request import BaseRequest, Option, Request, options


def option(flag: str, metavar: str, help: str, min: float | None = None) -> Any:
    """Return how an option is asked for, no metavar being a flag that takes no value."""
    return typer.Option(flag, metavar=metavar or None, help=help, min=min)


_SHARED = {declared.name: option(o.flag, o.metavar, o.help) for declared, o in options(Request)}
ResultsDir = Annotated[str, _SHARED["results_dir"]]
ReportsDir = Annotated[str, _SHARED["reports_dir"]]
Plugins = Annotated[list[str] | None, _SHARED["plugins"]]
Label = Annotated[str | None, _SHARED["label"]]
Drop = Annotated[list[str] | None, _SHARED["drop"]]
Missing = Annotated[str, _SHARED["missing"]]
Clusterings = Annotated[list[str] | None, _SHARED["clusterings"]]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="Name of a run in the results directory.")]
Debug = Annotated[bool, option("--debug", "", "Show the traceback of an error.")]
Json = Annotated[bool, option("--json", "", "Print JSON, and all else to standard error.")]
Quiet = Annotated[bool, option("--quiet", "", "Print warnings and failures only.")]


def options_of(kind: type[BaseRequest]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a verb, whose first argument is a request of `kind`, an option for every field of that."""

    def decorate(verb: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(kind)
        asked = {field.name: _parameter(field, o, hints[field.name]) for field, o in options(kind)}
        own = list(inspect.signature(verb, eval_str=True).parameters.values())[1:]

        @functools.wraps(verb)
        def command(**given: Any) -> None:
            every = {name: given.pop(name) for name in asked}
            chosen: dict[str, Any] = {name: v for name, v in every.items() if v not in (None, [])}
            lists = {name: tuple(v) for name, v in chosen.items() if isinstance(v, list)}
            verb(kind(**(chosen | lists)), **given)

        # What chooses comes first, how to look at an error last.
        parameters = sorted([*own, *asked.values()], key=lambda p: p.name == "debug")
        keyword = inspect.Parameter.KEYWORD_ONLY
        signature = inspect.Signature([parameter.replace(kind=keyword) for parameter in parameters])
        command.__signature__ = signature  # type: ignore[attr-defined]
        command.__annotations__ = {name: p.annotation for name, p in signature.parameters.items()}
        return command

    return decorate


def check_choice(verb: str, every: bool, named: object, names: str) -> None:
    """Raise `InputError` unless a verb was given either --all or `names`."""
    if every == bool(named):
        raise InputError(f"{verb} needs either --all or {names}; got {'both' if every else 'neither'}.")


def _parameter(field: Field[Any], declared: Option, hint: Any) -> inspect.Parameter:
    repeated = "tuple" in str(hint)
    kind = (list[int] if "int" in str(hint) else list[str]) | None if repeated else hint
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None if repeated else field.default,
        annotation=Annotated[kind, option(declared.flag, declared.metavar, declared.help)],
    )
