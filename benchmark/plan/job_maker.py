"""From a reducer's name to a job: its whole parameters, the digest of its code, and its device."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from benchmark.analysis.columns import CONTROLS
from benchmark.datasets import Dataset
from benchmark.datasets.synthetic import Synthetic
from benchmark.errors import InputError
from benchmark.plan.job import Job
from benchmark.plan.settings import DEFAULT, Setting, as_json, defaults_of, difference
from benchmark.plan.suite import Suite
from benchmark.request import BaseRequest
from reducers.parameters import check_parameters
from reducers.registry import find_reducers, make_reducer
from reducers.registry_error import RegistryError

if TYPE_CHECKING:
    from reducers.base import Reducer

# Made-up data need not be there before their job.
Data = Dataset | Synthetic
# A reducer's whole parameters, what was set of them, the digest of its code, and the reducer.
Resolved = tuple[dict[str, Any], str, str, "Reducer"]


class Machine(Protocol):
    """What there is to measure on; a pool of workers is one."""

    @property
    def devices(self) -> tuple[str, ...]:
        """Devices found."""

    @property
    def threads(self) -> int:
        """Threads a job may use, where the user does not say."""


class JobMaker:
    """Makes the jobs of one run; `machine` is asked for its devices when the first of them is made."""

    def __init__(self, request: BaseRequest, machine: Machine, run: str) -> None:
        self._request, self._machine, self._run = request, machine, run
        self.threads = request.threads or machine.threads
        self._known: dict[tuple[object, ...], Resolved] = {}
        self._digests: dict[str, str] = {}

    def make(
        self, data: Data, suite: Suite, name: str, width: int, asked: str, *, setting: Setting = DEFAULT,
        seed: int = 0, source: str = "", data_dir: str | None = None,
    ) -> Job:  # fmt: skip
        """Return the job of a reducer at a width of the code on a device asked for ("auto": the best).

        Raises
        ------
        InputError
            The reducer cannot be made with the suite's parameters, or a job file could not hold them.
        """
        place = name, width, data.name, data.n_train, repr(setting)
        if place not in self._known:
            self._known[place] = self._resolve(data, suite, name, width, setting)
        params, said, code, reducer = self._known[place]
        device, unavailable = self._choose_device(name, asked, reducer.devices)
        unavailable = unavailable or reducer.inapplicable(data.n_train) or None
        # Few rows may be compiled for in another way than many.
        template = json.dumps([name, code, device, self.threads, data.n_train >= reducer.warmup_samples])
        if params.get("image_shape", ()) is None:
            unavailable = f"{name} takes images: if {data.name} holds some, say --image-shape HEIGHTxWIDTH"
        return Job(
            run=self._run,
            dataset=data.name,
            source=source,
            data=data.sha256,
            n_train=data.n_train,
            n_test=data.n_test,
            n_features=data.n_features,
            reducer=name,
            params=params,
            device=device,
            threads=self.threads,
            seed=seed,
            code=code,
            data_dir=data_dir,
            plugins=self._request.plugins,
            unavailable=unavailable,
            repeats=suite.repeats,
            setting=said,
            template=template if reducer.compiles else "",
            scored_on="heldout" if reducer.supports_unseen else "fitted",
        )

    def _resolve(self, data: Data, suite: Suite, name: str, width: int, setting: Setting) -> Resolved:
        from reducers.source import source_digest

        if name in CONTROLS:
            if setting.params:
                raise InputError(f"The control '{name}' has no parameters; got {', '.join(setting.params)}.")
            # Its codes are made elsewhere, on the processor, as this reducer's are.
            return {"n_components": width}, "", "control", self._reducer("raw", {"n_components": width})
        reducer, params, every = self._parameters(data, suite, name, width, setting)
        text = setting.label
        if setting.params and not text:
            text = difference(every, self._parameters(data, suite, name, width, DEFAULT)[2])
        for parameter, value in params.items():
            as_json(name, parameter, value)
        # To read the code of a reducer takes longer than all the rest.
        if name not in self._digests:
            self._digests[name] = source_digest(reducer)
        return params, text, self._digests[name], reducer

    def _parameters(
        self, data: Data, suite: Suite, name: str, width: int, setting: Setting
    ) -> tuple[Reducer, dict[str, Any], dict[str, Any]]:
        """Return a reducer, the parameters a job carries, and all that it has."""
        own = suite.parameters(name) | dict(setting.params)
        reducer = self._reducer(name, {"n_components": width, **own})
        estimator = getattr(reducer, "estimator", None)
        if estimator is not None:
            every, usual = estimator.get_params(deep=False), defaults_of(estimator)
            # What the registry sets is said too: another version may set something else.
            entry = find_reducers(self._request.plugins).get(name)
            declared = entry.defaults if entry else {}
            own = {k: every[k] for k in {**declared, **own} if k in declared or every[k] != usual[k]}
            return reducer, {"n_components": width, **own}, every
        every = reducer.get_params(deep=False)
        # The others have a column of their own.
        params = {k: v for k, v in every.items() if k not in ("random_state", "device")}
        if params.get("image_shape", ()) is None and data.image_shape is not None:
            params["image_shape"] = list(data.image_shape)
        # Epochs that were set are those that are wanted.
        if {"epochs", "batch_size"} <= set(params) and "epochs" not in setting.params:
            params |= suite.epochs(params, data.n_train)
        return reducer, params, params

    def _reducer(self, name: str, own: Mapping[str, Any]) -> Reducer:
        precision = self._request.precision
        try:
            reducer = make_reducer(name, self._request.plugins, **own)
            if precision is not None and "precision" in reducer.get_params(deep=False):
                reducer.set_params(precision=precision)
            check_parameters(reducer)
        except RegistryError as error:
            raise InputError(str(error)) from error
        except (TypeError, ValueError) as error:
            raise InputError(f"The reducer '{name}' cannot be made: {error}") from error
        return reducer

    def _choose_device(self, name: str, asked: str, supported: tuple[str, ...]) -> tuple[str, str | None]:
        """Return the device to measure on, and why it cannot be, if so."""
        found = self._machine.devices
        if asked == "auto":
            return next(d for d in ("cuda", "mps", "cpu") if d in supported and d in found), None
        if asked not in supported:
            return asked, f"{name} runs on {', '.join(supported)} only"
        if asked not in found:
            where = "offered by no worker of the cluster" if self._request.pool else "not on this machine"
            return asked, f"device '{asked}' is {where}; found: {', '.join(found)}"
        return asked, None
