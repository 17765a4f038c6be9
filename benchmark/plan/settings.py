"""Settings of reducers: the values of parameters that are measured, as a suite, `--set` or Python says them.

What Python says becomes what `--set` takes: it stands in the command that a run keeps, and is read here.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from operator import methodcaller
from typing import Any

from benchmark.errors import InputError, suggestion
from reducers.registry import Entry, find_reducers

# Said for every reducer at once, by --components, --seeds and --device.
FIXED = ("n_components", "random_state", "device")
# What the numbers of NumPy hold.
_ITEM = methodcaller("item")
_NOT_LITERAL = (ValueError, SyntaxError, TypeError, MemoryError, RecursionError)


@dataclass(frozen=True)
class Setting:
    """Values that were set, by parameter; `label` is the name that a suite gives them."""

    params: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""


DEFAULT = Setting()


def find_settings(
    asked: Iterable[str], suites: Mapping[str, Sequence[Setting]]
) -> dict[str, tuple[Setting, ...]]:
    """Return the settings of every reducer: those of its suite, each with all that was asked for.

    Parameters
    ----------
    asked : iterable of str
        ``REDUCER.PARAMETER=VALUE,VALUE``, of which several make a grid, or ``REDUCER={PARAMETER: VALUE}``,
        a setting that takes the place of the suite's.
    suites : mapping
        What the suite says of every reducer that is measured.

    Raises
    ------
    InputError
        A text is neither, or is of a reducer that is not measured.
    """
    own: dict[str, list[Setting]] = {}
    grids: dict[str, dict[str, list[Any]]] = {name: {} for name in suites}
    for text in asked:
        name, parameter, values = _parse(text, list(suites))
        if parameter:
            grids[name].setdefault(parameter, []).extend(values)
        else:
            own.setdefault(name, []).extend(map(Setting, values))
    return {
        name: tuple(
            _joined(base, dict(zip(grid, values, strict=True)))
            for base in own.get(name, suites[name])
            for values in product(*grid.values())
        )
        for name, grid in grids.items()
    }


def check_fixed(params: Iterable[str], name: str, who: str) -> None:
    """Raise `InputError` where `who` sets what is said for every reducer at once."""
    for parameter in FIXED:
        if parameter in params:
            raise InputError(
                f"{who} cannot set {parameter} of '{name}': components, seeds and --device say it for "
                "every reducer."
            )


def difference(params: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """Return the parameters that differ from `defaults`, as ``"min_dist=0.5, n_neighbors=5"``."""
    changed = (name for name in sorted(params) if params[name] != defaults.get(name, ...))
    return ", ".join(f"{name}={params[name]}" for name in changed)


def defaults_of(estimator: object) -> dict[str, Any]:
    """Return the defaults of an estimator's parameters."""
    return {name: p.default for name, p in inspect.signature(type(estimator)).parameters.items()}


def _joined(base: Setting, chosen: Mapping[str, Any]) -> Setting:
    label = ", ".join(filter(None, (base.label, difference(chosen, {})))) if base.label else ""
    return Setting({**base.params, **chosen}, label)


def _parse(text: str, names: Sequence[str]) -> tuple[str, str, list[Any]]:
    left, _, right = (part.strip() for part in text.partition("="))
    # Names hold dots too: sklearn.decomposition.FastICA.
    name, parameter = (left, "") if left in names else left.rpartition(".")[::2]
    values = _values(right)
    if not right or not name or not (parameter or all(isinstance(value, dict) for value in values)):
        raise InputError(
            "--set takes REDUCER.PARAMETER=VALUE, with commas between several values, as "
            f"umap.n_neighbors=5,15; got {text!r}."
        )
    if name not in names:
        raise InputError(
            f"--set {text} is of no reducer that is measured.{suggestion(name, names)} These are: "
            f"{', '.join(names)}."
        )
    check_fixed([parameter, *(key for value in values if not parameter for key in value)], name, "--set")
    return name, parameter, values


def _values(text: str) -> list[Any]:
    """Return the values between commas: literals of Python or TOML, and anything else as words."""
    try:
        return list(ast.literal_eval(f"[{text}]"))
    except _NOT_LITERAL:
        return [_value(word.strip()) for word in text.split(",")]


def _value(word: str) -> Any:
    try:
        return ast.literal_eval(word)
    except _NOT_LITERAL:
        return {"true": True, "false": False}.get(word, word)


def from_python(given: Any, plugins: Sequence[str]) -> dict[str, Any]:
    """Return the fields of a request for reducers given as names, a mapping of settings, or estimators.

    Raises
    ------
    InputError
        Something is none of these, or another process could not make it.
    """
    if isinstance(given, Mapping) and all(isinstance(said, Mapping) for said in given.values()):
        texts = [_grid(name, p, v) for name, said in given.items() for p, v in said.items()]
        return {"reducers": tuple(given), "settings": tuple(texts)}
    settings: dict[str, list[dict[str, Any]]] = {}
    widths: set[int] = set()
    for one in given if isinstance(given, (list, tuple)) else [given]:
        name, params = (one, {}) if isinstance(one, str) else _from_estimator(one, plugins)
        widths |= {params.pop("n_components")} if "n_components" in params else set()
        settings.setdefault(name, []).append(params)
    # Estimators as they come need no words.
    several = {name: params for name, params in settings.items() if any(params)}
    texts = [f"{name}={one!r}" for name, params in several.items() for one in params]
    found = {"reducers": tuple(settings), "settings": tuple(texts)}
    return found | ({"components": tuple(sorted(widths))} if widths else {})


def _grid(name: str, parameter: str, given: Any) -> str:
    values = given if isinstance(given, list) else [given]
    return f"{name}.{parameter}={', '.join(repr(as_json(name, parameter, value, _ITEM)) for value in values)}"


def _from_estimator(one: Any, plugins: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return the name that another process knows an estimator by, and what differs from its defaults."""
    if isinstance(one, type) or not hasattr(one, "get_params"):
        raise InputError(
            "reducers= takes names, a mapping of names to mappings of parameters, or estimators, as "
            f"['pca', FastICA(10)]; got {one!r}."
        )
    from reducers.adapter import ScikitLearn

    known, width = find_reducers(plugins), one.get_params(deep=False).get("n_components")
    name = _name_of(one, known)
    declared: Mapping[str, Any] = {}
    if isinstance(one, ScikitLearn):
        one, declared = one.estimator, known[name].defaults
    defaults, params = defaults_of(one), one.get_params(deep=False)
    changed = {p: v for p, v in params.items() if p in declared or repr(v) != repr(defaults[p])}
    check_fixed({"device"} & changed.keys(), name, "An estimator")
    if type(width) is not int and "n_components" in changed:
        raise InputError(f"The estimator {name} needs n_components to be an integer; got {width!r}.")
    plain = {p: as_json(name, p, v, _ITEM) for p, v in changed.items() if p not in FIXED}
    return name, plain | ({"n_components": width} if type(width) is int else {})


def _name_of(one: Any, known: Mapping[str, Entry]) -> str:
    from reducers.adapter import ScikitLearn

    cls, public = type(one), type(one).__module__.partition("._")[0]
    name = str(getattr(one, "name", ""))
    if name in known and (isinstance(one, ScikitLearn) or known[name].target.endswith(f":{cls.__name__}")):
        return name
    if public.startswith("sklearn.") and getattr(importlib.import_module(public), cls.__name__, 0) is cls:
        return f"{public}.{cls.__name__}"
    raise InputError(
        "Another process makes an estimator anew, and knows reducers and scikit-learn by name, but not "
        f"{cls.__module__}.{cls.__qualname__}: put it, as a Reducer, into a file that plugins= names."
    )


def as_json(name: str, parameter: str, value: Any, default: Callable[[Any], Any] | None = None) -> Any:
    """Return a value of a parameter as JSON gives it back to another process; `default` is that of `json`."""
    try:
        return json.loads(json.dumps(value, allow_nan=False, default=default))
    except (TypeError, ValueError, AttributeError, RecursionError):
        raise InputError(
            f"The reducer '{name}' needs {parameter} to be a value that JSON can hold, so that another "
            f"process can make it; got {value!r}."
        ) from None
