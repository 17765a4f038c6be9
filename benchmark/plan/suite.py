"""What to measure: a `Suite`, read from TOML."""

from __future__ import annotations

import hashlib
import json
import reprlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmark.analysis.columns import CONTROLS
from benchmark.datasets import find_datasets
from benchmark.errors import InputError, suggestion
from benchmark.plan.settings import DEFAULT, Setting, check_fixed, find_settings
from benchmark.request import EVERYTHING, MOST, BaseRequest, Request, whole
from benchmark.scoring import DEFAULT as DEFAULT_CLUSTERING
from benchmark.scoring import find_clusterings, find_metrics
from reducers.parameters import Allowed
from reducers.registry import FURTHER, find_reducers, load_reducer
from reducers.registry_error import RegistryError

SHIPPED = Path(__file__).parent / "suites"

_COUNT, _FEW, _TEXT = whole(1), whole(1, MOST), Allowed(lambda value: isinstance(value, str), "a string")


def _is_table_or_tables(value: Any) -> bool:
    if not isinstance(value, list):
        return isinstance(value, dict)
    return bool(value) and all(isinstance(v, dict) and isinstance(v.get("label", ""), str) for v in value)


# What the keys of a suite file may hold.
_ALLOWED = {
    **dict.fromkeys(("summary", "dataset"), _TEXT),
    **dict.fromkeys(("n_train", "n_test"), _COUNT),
    **dict.fromkeys(("seeds", "repeats"), _FEW),
    "min_updates": whole(0),
    "components": Allowed(
        lambda value: isinstance(value, list) and 0 < len(value) <= MOST and all(map(_COUNT.holds, value)),
        "a list of integers >= 1",
    ),
    "reducers": Allowed(
        lambda value: isinstance(value, dict) and all(map(_is_table_or_tables, value.values())),
        "a table of tables, as [reducers.stacked], or of arrays of tables, as [[reducers.stacked]], whose "
        "label is a string",
    ),
}


@dataclass(frozen=True)
class Suite:
    """A plan that any dataset and any choice of reducers can be put through.

    Attributes
    ----------
    n_train, n_test : int or None
        Size of the stratified sub-sample; None takes all there is.
    seeds : int
        How many seeds, counted from 0.
    repeats : int
        How often each fit and each transform is timed; their medians are recorded.
    components : tuple of int
        Widths of the code.
    min_updates : int
        Reducers that train by epochs get as many as this number of gradient steps takes, where
        their own epochs would be fewer: twenty epochs of a small dataset train nothing. Epochs of
        pretraining are raised by the same factor.
    reducers : mapping
        Parameters that differ from a reducer's defaults, by reducer; a list of them where several
        settings are measured, each with a ``label`` if it has one.
    dataset : str or None
        Dataset of the suite; None leaves the choice to the user, MNIST by default.
    """

    name: str
    summary: str = ""
    n_train: int | None = None
    n_test: int | None = None
    seeds: int = 1
    repeats: int = 1
    components: tuple[int, ...] = (10,)
    min_updates: int = 0
    reducers: Mapping[str, Any] = field(default_factory=dict)
    dataset: str | None = None

    def parameters(self, name: str) -> dict[str, Any]:
        """Return what the suite sets for every setting of a reducer."""
        table = self.reducers.get(name, {})
        return {} if isinstance(table, list) else dict(table)

    def settings(self, name: str) -> tuple[Setting, ...]:
        """Return the settings of a reducer that the suite measures: one, unless it lists several."""
        tables = self.reducers.get(name)
        if not isinstance(tables, list):
            return (DEFAULT,)
        return tuple(
            Setting({k: v for k, v in t.items() if k != "label"}, t.get("label", "")) for t in tables
        )

    @property
    def sha256(self) -> str:
        """Identifies the suite but for what a run may have more of: seeds, repeats and components."""
        names = ("name", "n_train", "n_test", "min_updates", "reducers")
        said = json.dumps({name: getattr(self, name) for name in names}, sort_keys=True, default=str)
        return hashlib.sha256(said.encode()).hexdigest()

    def epochs(self, params: Mapping[str, Any], n_train: int) -> dict[str, int]:
        """Return the numbers of epochs to raise, all by one factor, for a reducer with `params`."""
        updates_an_epoch = -(-n_train // params["batch_size"])
        needed = -(-self.min_updates // updates_an_epoch)
        planned = params["epochs"]
        if needed <= planned:
            return {}
        pretraining = params.get("pretrain_epochs", 0)
        raised = {"epochs": needed, "pretrain_epochs": -(-pretraining * needed // planned)}
        return {name: value for name, value in raised.items() if params.get(name)}


def check_request(request: BaseRequest) -> None:
    """Raise `InputError` where something asked for is wrong, as far as that is known without data."""
    request.check()
    names = choose_reducers(request)
    metrics = find_metrics(request.plugins)
    find_datasets(request.plugins)
    if isinstance(request, Request):
        if request.select not in (None, *metrics):
            raise InputError(
                f"--select takes one of {', '.join(metrics)}; got {request.select!r}."
                f"{suggestion(str(request.select), metrics)}"
            )
        if request.select is not None and request.protocol == "transductive":
            raise InputError(
                "--select scores held-out samples, and --protocol transductive has none: leave one out."
            )
        suite = find_suite(request)
        find_settings(request.settings, {name: suite.settings(name) for name in names})
        choose_clusterings(request)


def choose_reducers(request: BaseRequest) -> tuple[str, ...]:
    """Return the reducers and, of a suite, the controls asked for; raise `InputError` for unknown ones.

    Where none is asked for by name or group, these are all but those of `reducers.registry.FURTHER`.
    """
    try:
        known = find_reducers(request.plugins)
        for name in CONTROLS.keys() & known.keys():
            raise InputError(
                f"The name '{name}' is that of a control, and a reducer of {known[name].origin} has it: "
                "rename the reducer."
            )
        controls, groups = (tuple(CONTROLS), request.groups) if isinstance(request, Request) else ((), ())
        if request.reducers is None and not groups:
            further = {entry.name for entry in FURTHER}
            return (*(name for name in known if name not in further), *controls)
        for name in request.reducers or ():
            if not name.startswith("sklearn.") and name not in controls:
                load_reducer(name, request.plugins)
    except RegistryError as error:
        raise InputError(str(error)) from error
    every = EVERYTHING in groups
    grouped = [name for name, entry in known.items() if every or entry.group in groups]
    return tuple(dict.fromkeys([*(request.reducers or ()), *grouped, *(controls if every else ())]))


def choose_clusterings(request: Request) -> tuple[str, ...]:
    """Return the default clustering and those asked for, in the order of their declaration."""
    known = find_clusterings(request.plugins)
    for name in request.clusterings:
        if name not in (*known, "all"):
            raise InputError(
                f"--clustering takes {', '.join(known)} or all; got {name!r}.{suggestion(name, known)}"
            )
    every = "all" in request.clusterings
    wanted = {DEFAULT_CLUSTERING, *(known if every else request.clusterings)}
    return tuple(name for name in known if name in wanted)


def find_suite(request: Request) -> Suite:
    """Return the suite asked for, with what the request says in place of its own."""
    suite = load_suite(request.suite)
    _check_reducers(suite, request)
    asked = {name: getattr(request, name) for name in ("seeds", "repeats", "components")}
    return replace(suite, **{name: value for name, value in asked.items() if value is not None})


def _check_reducers(suite: Suite, request: Request) -> None:
    known = list(find_reducers(request.plugins))
    for name in suite.reducers:
        if name not in known and not name.startswith("sklearn."):
            raise InputError(
                f"The suite '{suite.name}' sets parameters of an unknown reducer {name!r}."
                f"{suggestion(name, known)} Known: {', '.join(known)}."
            )
        settings = suite.settings(name)
        said = [*suite.parameters(name), *(parameter for s in settings for parameter in s.params)]
        check_fixed(said, name, f"The suite '{suite.name}'")
        labels = [setting.label for setting in settings if setting.label]
        if len(set(labels)) < len(labels):
            raise InputError(f"The suite '{suite.name}' gives two settings of '{name}' the same label.")


def shipped_suites() -> list[str]:
    """Return the names of the shipped suites, from the quickest to the longest."""
    return sorted((p.stem for p in SHIPPED.glob("*.toml")), key=["quick", "standard", "full"].index)


def load_suite(name_or_path: str | Path) -> Suite:
    """Return a shipped suite by its name, or the suite of a TOML file.

    Raises
    ------
    InputError
        There is no such suite, or the file is not one; the message says what is wrong.
    """
    given = str(name_or_path)
    if given in shipped_suites():
        return _parse(SHIPPED / f"{given}.toml")
    if not given.endswith(".toml"):
        raise InputError(
            f"No suite is named {given!r}.{suggestion(given, shipped_suites())} "
            f"Known: {', '.join(shipped_suites())}; or give a file that ends in .toml."
        )
    return _parse(Path(given))


def _parse(path: Path) -> Suite:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The suite file {path} cannot be read: {error.strerror}.") from None
    # Numbers of thousands of digits, and brackets within brackets, are more than the parser takes.
    except (ValueError, RecursionError) as error:
        raise InputError(f"The suite file {path} is not valid TOML: {error}.") from None
    for key, value in content.items():
        if key not in _ALLOWED:
            raise InputError(
                f"The suite file {path} has an unknown key {_shown(key)}.{suggestion(key, _ALLOWED)} "
                f"Known: {', '.join(_ALLOWED)}."
            )
        if not _ALLOWED[key].holds(value):
            raise InputError(
                f"The suite file {path} needs {key} to be {_ALLOWED[key].words}; got {_shown(value)}."
            )
    if "components" in content:
        content["components"] = tuple(content["components"])
    return Suite(name=path.stem, **content)


def _shown(value: object) -> str:
    try:
        return reprlib.repr(value)
    except ValueError:  # Python writes no number of more than 4300 digits
        return "a number of thousands of digits"
