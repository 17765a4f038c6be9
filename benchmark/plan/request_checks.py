"""Whether what the user asked for exists and is allowed, found out before anything slow starts."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmark.errors import InputError, suggestion
from benchmark.plan.suite import MOST, Suite, load_suite
from benchmark.results import check_run_name

if TYPE_CHECKING:
    from benchmark.request import Request

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "fp32", "bf16")


def check_request(request: Request) -> tuple[Suite, tuple[str, ...]]:
    """Return the suite and the reducers asked for; raise `InputError` where either is wrong."""
    names = choose_reducers(request)
    suite = _adjusted(load_suite(request.suite), request)
    _check_suite_reducers(suite, request)
    unknown = [d for d in request.devices if d not in DEVICES]
    if unknown:
        raise InputError(f"A device is one of {', '.join(DEVICES)}; got {unknown[0]!r}.")
    if request.precision is not None and request.precision not in PRECISIONS:
        raise InputError(f"A precision is one of {', '.join(PRECISIONS)}; got {request.precision!r}.")
    if request.timeout is not None and not 0 < request.timeout < math.inf:
        raise InputError(f"--timeout must be a finite number of seconds > 0; got {request.timeout:g}.")
    if request.name is not None:
        check_run_name(request.name)
    return suite, names


def _check_suite_reducers(suite: Suite, request: Request) -> None:
    from reducers.registry import find_reducers

    known = list(find_reducers(request.plugins))
    for name, params in suite.reducers.items():
        if name not in known and not name.startswith("sklearn."):
            raise InputError(
                f"The suite '{suite.name}' sets parameters of an unknown reducer {name!r}."
                f"{suggestion(name, known)} Known: {', '.join(known)}."
            )
        for parameter in ("n_components", "random_state", "device"):
            if parameter in params:
                raise InputError(
                    f"The suite '{suite.name}' cannot set {parameter} of '{name}': components, seeds and "
                    f"--device say it for every reducer."
                )


def choose_reducers(request: Request) -> tuple[str, ...]:
    """Return the reducers asked for, or all there are; raise `InputError` where one does not exist."""
    from reducers.registry import RegistryError, find_reducers, load_reducer

    try:
        known = find_reducers(request.plugins)
        if request.reducers is None:
            return tuple(known)
        for name in request.reducers:
            if not name.startswith("sklearn."):
                load_reducer(name, request.plugins)
    except RegistryError as error:
        raise InputError(str(error)) from error
    return tuple(dict.fromkeys(request.reducers))


def _adjusted(suite: Suite, request: Request) -> Suite:
    """Return the suite with what the command line says in place of its own."""
    for name, value in (
        ("seeds", request.seeds),
        ("components", request.components),
        ("repeats", request.repeats),
        ("threads", request.threads),
    ):
        if value is not None and value < 1:
            raise InputError(f"--{name} must be an integer >= 1; got {value}.")
        if value is not None and name in ("seeds", "repeats") and value > MOST:
            raise InputError(f"--{name} must be an integer <= {MOST}; got {value}.")
    if request.seeds is not None:
        suite = replace(suite, seeds=request.seeds)
    if request.repeats is not None:
        suite = replace(suite, repeats=request.repeats)
    if request.components is not None:
        suite = replace(suite, components=(request.components,))
    return suite
