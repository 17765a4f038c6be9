"""What a job's file may hold: its schema, the way up from older ones, and the types of its fields."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from types import UnionType
from typing import Any, NoReturn, Union, get_args, get_origin

SCHEMA = 1

_MOST_NESTED = 50

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]

# What run.json may say, as far as someone reads it.
_FACTS: dict[str, Any] = {
    **dict.fromkeys(("run", "suite", "suite_summary", "dataset", "requested_dataset", "dataset_sha256"), str),
    **dict.fromkeys(("dataset_summary", "started_at", "finished_at", "command"), str),
    **dict.fromkeys(("n_train", "n_test", "n_features", "n_classes", "seeds", "repeats", "threads"), int),
    **dict.fromkeys(("wall_seconds", "overhead_seconds"), float),
    **dict.fromkeys(("reducers", "devices", "notes", "merged_from"), list[str]),
    "components": list[int],
    "environment": dict[str, Any],
    "environments": dict[str, dict[str, Any]],
}

# What turns the content of a file of an older schema into that of the next one.
_UPGRADES: dict[int, Upgrade] = {}


class SchemaError(ValueError):
    """A file of a schema that this version does not read; nothing is wrong with it."""


def parse(text: str) -> dict[str, Any]:
    """Return the content of a job's file as the present schema has it.

    Raises
    ------
    SchemaError
        The file is of a schema that this version does not read.
    ValueError
        The text is not JSON, says no schema, or is not what its schema promises.
    """
    data = _read_json(text)
    if not isinstance(data, dict) or not fits(data.get("schema"), int):
        raise ValueError("it is not a job record")
    return _upgraded(data)


def parse_facts(text: str) -> dict[str, Any]:
    """Return the facts of a ``run.json`` that are of the type they should be; empty where it is damaged."""
    try:
        facts = _read_json(text)
    except ValueError:
        return {}
    if not isinstance(facts, dict):
        return {}
    return {name: value for name, value in facts.items() if fits(value, _FACTS.get(name, Any))}


def _read_json(text: str) -> Any:
    """Return the content of JSON text; ValueError where it is none, or nested more than 50 deep."""
    try:
        data = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    layer, depth = [data], 0
    while layer := [item for value in layer for item in _items(value)]:
        depth += 1
        if depth > _MOST_NESTED:
            raise ValueError("it is nested too deeply")
    # Half of a surrogate pair, which JSON can hold, fits into no table, figure or terminal.
    return json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))


def _items(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def _upgraded(data: dict[str, Any]) -> dict[str, Any]:
    schema: int = data["schema"]
    while schema in _UPGRADES and schema < SCHEMA:
        try:
            data = _UPGRADES[schema](data)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it is not what schema {schema} promises: {error}") from None
        schema += 1
    if schema != SCHEMA:
        oldest = min([SCHEMA, *_UPGRADES])
        raise SchemaError(f"is of schema {schema}, and this version reads {oldest} to {SCHEMA}")
    return {**data, "schema": SCHEMA}


def fits(value: object, hint: Any) -> bool:
    """Whether a value that JSON gave is of the type that a field is declared with."""
    kind, inner = get_origin(hint), get_args(hint)
    if kind in (Union, UnionType):
        return any(fits(value, choice) for choice in inner)
    if kind is dict:
        return isinstance(value, dict) and all(fits(v, inner[1]) for v in value.values())
    if kind is list:
        return isinstance(value, list) and all(fits(v, inner[0]) for v in value)
    if hint in (int, float) and type(value) is int:
        return abs(value) < 2**63  # What a table's column can hold.
    if hint is float:
        return type(value) is float and math.isfinite(value)
    return hint is Any or (hint is not int and isinstance(value, hint))
