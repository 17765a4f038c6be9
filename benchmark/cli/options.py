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


def _described(option: Option) -> Any:
    return typer.Option(option.flag, metavar=option.metavar or None, help=option.help)


_SHARED = {declared.name: _described(option) for declared, option in options(Request)}
ResultsDir = Annotated[str, _SHARED["results_dir"]]
ReportsDir = Annotated[str, _SHARED["reports_dir"]]
Plugins = Annotated[list[str] | None, _SHARED["plugins"]]
Label = Annotated[str | None, _SHARED["label"]]
Drop = Annotated[list[str] | None, _SHARED["drop"]]
Missing = Annotated[str, _SHARED["missing"]]
Clusterings = Annotated[list[str] | None, _SHARED["clusterings"]]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and all else to standard error.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print warnings and failures only.")]


def options_of(kind: type[BaseRequest]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a verb, whose first argument is a request of `kind`, an option for every field of that."""

    def decorate(verb: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(kind)
        asked = {declared.name: _parameter(declared, option, hints) for declared, option in options(kind)}
        own = list(inspect.signature(verb, eval_str=True).parameters.values())[1:]

        @functools.wraps(verb)
        def command(**given: Any) -> None:
            chosen = {name: given.pop(name) for name in asked}
            verb(kind(**{name: _value(v) for name, v in chosen.items() if v not in (None, [])}), **given)

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


def _parameter(declared: Field[Any], option: Option, hints: dict[str, Any]) -> inspect.Parameter:
    repeated = "tuple" in str(hints[declared.name])
    several = list[int] if "int" in str(hints[declared.name]) else list[str]
    kind = several | None if repeated else hints[declared.name]
    return inspect.Parameter(
        declared.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None if repeated else declared.default,
        annotation=Annotated[kind, _described(option)],
    )


def _value(given: Any) -> Any:
    return tuple(given) if isinstance(given, list) else given
