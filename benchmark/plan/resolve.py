"""What a reducer gets in a job: its whole parameters, the digest of its code, and its device."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmark.errors import InputError
from benchmark.plan.job import Job
from benchmark.plan.suite import Suite

if TYPE_CHECKING:
    from benchmark.datasets import Dataset
    from reducers.base import Reducer


def resolve(
    name: str,
    width: int,
    suite: Suite,
    template: Job,
    dataset: Dataset,
    precision: str | None = None,
    code: str | None = None,
) -> tuple[dict[str, Any], str, tuple[str, ...]]:
    """Return a reducer's whole parameters, the digest of its code, and the devices it runs on.

    `precision`, where given, replaces the suite's and the reducer's own, in reducers that have one;
    `code` is the digest, where it is known from another width of the same reducer.

    Raises
    ------
    InputError
        The reducer cannot be made with the suite's parameters, or a job file could not hold them.
    """
    from reducers.source import source_digest

    given = dict(suite.reducers.get(name, {}))
    reducer = _make(name, template.plugins, {"n_components": width, **given}, precision)
    params = _job_params(reducer.get_params(deep=False), given, width, dataset)
    if {"epochs", "batch_size"} <= set(params):
        params |= suite.epochs(params, template.n_train)
    _check_storable(name, params)
    return params, code or source_digest(reducer), tuple(reducer.devices)


def choose_device(
    name: str, asked: str, supported: tuple[str, ...], found: tuple[str, ...], on_cluster: bool = False
) -> tuple[str, str | None]:
    """Return the device to measure on, and why it cannot be, if so."""
    where = "offered by no worker of the cluster" if on_cluster else "not on this machine"
    if asked == "auto":
        return next(d for d in ("cuda", "mps", "cpu") if d in supported and d in found), None
    if asked not in supported:
        return asked, f"{name} runs on {', '.join(supported)} only"
    if asked not in found:
        return asked, f"device '{asked}' is {where}; found: {', '.join(found)}"
    return asked, None


def _make(name: str, plugins: tuple[str, ...], given: Mapping[str, Any], precision: str | None) -> Reducer:
    from reducers.parameters import check_parameters
    from reducers.registry import RegistryError, make_reducer

    try:
        reducer = make_reducer(name, plugins, **given)
        if precision is not None and "precision" in reducer.get_params(deep=False):
            reducer.set_params(precision=precision)
        check_parameters(reducer)
    except RegistryError as error:
        raise InputError(str(error)) from error
    except (TypeError, ValueError) as error:
        raise InputError(f"The reducer '{name}' cannot be made: {error}") from error
    return reducer


def _check_storable(name: str, params: Mapping[str, Any]) -> None:
    for parameter, value in params.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            raise InputError(
                f"The reducer '{name}' needs {parameter} to be a value that JSON can hold; got {value!r}."
            ) from None


def _job_params(
    all_params: Mapping[str, Any], given: Mapping[str, Any], width: int, dataset: Dataset
) -> dict[str, Any]:
    """Return the parameters a job carries: all but those that have a column of their own."""
    if "estimator" in all_params:
        return {"n_components": width, **given}
    params = {k: v for k, v in all_params.items() if k not in ("random_state", "device")}
    if params.get("image_shape", ()) is None and dataset.image_shape is not None:
        params["image_shape"] = list(dataset.image_shape)
    return params
