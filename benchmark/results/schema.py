"""What the JSON of a run may hold: the schema of a job's file, the way up from older ones, and the types."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from types import UnionType
from typing import Any, Union, get_args, get_origin

SCHEMA = 1

_MOST_NESTED = 50

# What run.json may say, as far as someone reads it.
_FACTS: dict[str, Any] = {
    **dict.fromkeys(("run", "suite", "suite_summary", "dataset", "requested_dataset", "dataset_sha256"), str),
    **dict.fromkeys(("dataset_summary", "started_at", "finished_at", "command", "suite_sha256"), str),
    **dict.fromkeys(("n_train", "n_test", "n_features", "n_classes", "seeds", "repeats", "threads"), int),
    **dict.fromkeys(("wall_seconds", "overhead_seconds"), float),
    **dict.fromkeys(("reducers", "devices", "notes", "merged_from", "commands", "commits"), list[str]),
    "components": list[int],
    "datasets": dict[str, dict[str, str | int]],
    "arithmetic": dict[str, str],
    "environment": dict[str, Any],
    "environments": dict[str, dict[str, Any]],
}

# What turns the content of a file of an older schema into that of the next one.
_UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


class SchemaError(ValueError):
    """A file of a schema that this version does not read; nothing is wrong with it."""


def parse_record(text: str) -> dict[str, Any]:
    """Return the content of a job's file as the present schema has it.

    Raises `SchemaError` for a schema that this version does not read, and `ValueError` for text that is not
    JSON, says no schema, or is not what its schema promises.
    """
    data = _parse_object(text)
    if not fits(data.get("schema"), int):
        raise ValueError("it is not a job record")
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


def parse_facts(text: str) -> dict[str, Any]:
    """Return the facts of a ``run.json`` that are of the type they should be; empty where it is damaged."""
    try:
        facts = _parse_object(text)
    except ValueError:
        return {}
    return {name: value for name, value in facts.items() if fits(value, _FACTS.get(name, Any))}


def _parse_object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
        # Half of a surrogate pair, which JSON can hold, fits into no table, figure or terminal.
        data = json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(data, dict):
        raise ValueError("it is not a JSON object")
    return data


def fits(value: object, hint: Any, nested: int = 1) -> bool:
    """Whether JSON can hold a value, and it is of the type that a field is declared with.

    Numbers must be finite, integers of a declared type of at most 64 bits, which is what a table's
    column can hold. `nested` is how deep the value lies already, of 50 levels at most.
    """
    kind, inner = get_origin(hint), get_args(hint)
    if kind in (Union, UnionType):
        return any(fits(value, choice, nested) for choice in inner)
    if isinstance(value, (dict, list, tuple)):
        if nested >= _MOST_NESTED or not (hint is Any or (kind and isinstance(value, kind))):
            return False
        items = value.values() if isinstance(value, dict) else value
        return all(fits(item, inner[-1] if inner else Any, nested + 1) for item in items)
    if isinstance(value, float):
        return hint in (float, Any) and math.isfinite(value)
    if hint is Any:
        return value is None or isinstance(value, (str, int))
    if type(value) is int:
        return hint in (int, float) and abs(value) < 2**63
    return hint is not int and kind is None and isinstance(value, hint)
