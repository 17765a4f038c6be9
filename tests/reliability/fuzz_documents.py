"""Suite files, job files and run.json: valid, damaged, and valid JSON or TOML of the wrong shape."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

from fuzz_mutations import damaged

Made = tuple[str, bytes]


def nested(depth: int, kind: type) -> Any:
    """Return a list or a dict within itself, `depth` times."""
    value: Any = 1
    for _ in range(depth):
        value = {"a": value} if kind is dict else [value]
    return value


VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 10**9, 2**63, 10**30, 0.0, -0.5, 1e308, float("nan"), float("inf"), "",
    "ok",
    "a", "cpu", "../../x", "/etc/passwd", "a\0b", "\x1b[31m", "\ud800", "x" * 3000, "[/red]", "<script>",
    "$\\frac{",
    [], [1], [None], [[]], ["a"], {}, {"a": 1}, {"": None}, {"loss": "x"}, [{"loss": None}], [{"loss": [1]}],
    {"name": 5}, [{"name": "a", "b": {"c": []}}], {"versions": None}, {"n_components": []},
    nested(60, dict), nested(300, dict), nested(300, list),
)  # fmt: skip
WORDS = (b"[", b"]", b"{", b"}", b'"', b"'", b"=", b",", b"\n", b"[[", b"NaN", b"-Infinity", b"1e999",
    b"\\u0000",
         b"\\ud800", b"null", b"true", b"2020-01-01T25:00:00", b"0x", b"9" * 5000, b"\xff", b"\xef\xbb\xbf",
         b"#",
         b'"""', b".", b"_", b"inf", b"[" * 200000, b'{"a":' * 200000, b"a." * 5000)  # fmt: skip
KEY = "pca-cpu-d2-s0-0123456789"
RECORD: dict[str, Any] = {
    "run": "r", "dataset": "digits", "reducer": "pca", "device": "cpu", "precision": "fp32", "threads": 1,
    "seed": 0,
    "status": "ok", "key": KEY, "n_train": 100, "n_test": 20, "n_features": 64, "n_components": 2,
    "n_parameters": 130, "warmup_seconds": 0.1, "fit_seconds": 0.2, "transform_seconds": 0.3,
    "score_seconds": 0.4,
    "peak_memory_mb": 5.5, "peak_device_memory_mb": None, "scores": {"knn_accuracy": 0.9, "kmeans_nmi": 0.5},
    "params": {"n_components": 2, "hidden": [3, 4], "whiten": False, "precision": "auto"}, "error": None,
    "started_at": "2026-01-01T00:00:00+00:00", "history": [{"stage": "training", "epoch": 1, "loss": 0.5}],
    "environment": {"cpu": "a", "gpus": [], "versions": {"python": "3.11"}}, "schema": 1,
}  # fmt: skip
FACTS: dict[str, Any] = {
    "run": "r", "suite": "standard", "suite_summary": "all", "dataset": "digits",
    "requested_dataset": "mnist",
    "dataset_sha256": "0f", "n_train": 100, "n_test": 20, "n_features": 64, "n_classes": 10,
    "reducers": ["pca"],
    "devices": ["cpu"], "seeds": 1, "components": [2], "min_updates": 0, "threads": 1, "notes": [],
    "started_at": "2026-01-01T00:00:00+00:00", "finished_at": None, "wall_seconds": 1.5,
    "command": "python -m",
    "environment": {"cpu": "a", "memory_gb": 23.5, "gpus": [{"name": "b", "memory_gb": 80}],
                    "blas": [{"name": "openblas", "version": "0.3", "threads": 2}],
                    "versions": {"python": "3.11"}},
}  # fmt: skip
SUITE: dict[str, Any] = {
    "summary": "x", "n_train": 5, "n_test": 4, "seeds": 3, "components": [2, 3], "min_updates": 7,
    "dataset": "digits", "reducers": {"pca": {"whiten": True}, "stacked": {"hidden": [4, 3], "rate": 0.5}},
}  # fmt: skip


def record(rng: Random) -> Made:
    """Return a job file."""
    return f"{KEY}.json", _json(rng, RECORD)


def facts(rng: Random) -> Made:
    """Return a run.json."""
    return "run.json", _json(rng, FACTS)


def suite(rng: Random) -> Made:
    """Return a suite file."""
    document = _changed(rng, SUITE) if rng.random() < 0.7 else SUITE
    data = _toml(document).encode("utf-8", "surrogatepass")
    return "input.toml", damaged(rng, data, (), WORDS) if rng.random() < 0.6 else data


def _json(rng: Random, document: dict[str, Any]) -> bytes:
    changed = _changed(rng, document) if rng.random() < 0.7 else document
    data = json.dumps(changed, indent=rng.choice((None, 1))).encode()
    return damaged(rng, data, (b"[" * 10**6, b'{"a":' * 10**5), WORDS) if rng.random() < 0.5 else data


def _changed(rng: Random, document: dict[str, Any]) -> dict[str, Any]:
    """Return a copy with some values, at any depth, replaced, left out or added."""
    copy = deepcopy(document)
    for _ in range(rng.choice((1, 1, 2, 5))):
        holder: Any = copy
        while True:
            inner = [value for value in _items(holder) if isinstance(value, (dict, list)) and value]
            if not inner or rng.random() < 0.6:
                break
            holder = rng.choice(inner)
        if holder:
            rng.choice((_replace, _replace, _replace, _remove, _add))(rng, holder)
    return copy


def _items(holder: Any) -> list[Any]:
    return list(holder.values()) if isinstance(holder, dict) else list(holder)


def _replace(rng: Random, holder: Any) -> None:
    place = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
    holder[place] = deepcopy(rng.choice(VALUES))


def _remove(rng: Random, holder: Any) -> None:
    del holder[rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))]


def _add(rng: Random, holder: Any) -> None:
    if isinstance(holder, dict):
        holder[str(rng.choice(VALUES))] = deepcopy(rng.choice(VALUES))
    else:
        holder.append(deepcopy(rng.choice(VALUES)))


def _toml(document: dict[str, Any]) -> str:
    """Return a document as TOML, inline below its top level."""
    return "".join(f"{_text(key)} = {_inline(value)}\n" for key, value in document.items())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key)} = {_inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    forms: dict[type, Callable[[Any], str]] = {
        bool: lambda v: str(v).lower(),
        str: _text,
        type(None): lambda _: "''",
    }
    return forms.get(type(value), repr)(value)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if text.isprintable() else json.dumps(text)
