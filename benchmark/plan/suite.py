"""What to measure: a `Suite`, read from TOML."""

from __future__ import annotations

import reprlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from benchmark.errors import InputError, suggestion

SHIPPED = Path(__file__).parent / "suites"
MOST = 10_000  # seeds, repeats or widths of a suite: each is a job, or a fit, for every reducer


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
        Parameters that differ from a reducer's defaults, by reducer.
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
    reducers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    dataset: str | None = None

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
    known = [f.name for f in fields(Suite) if f.name != "name"]
    for key in content:
        if key not in known:
            raise InputError(
                f"The suite file {path} has an unknown key {_shown(key)}.{suggestion(key, known)} "
                f"Known: {', '.join(known)}."
            )
    for key, value in content.items():
        _check(path, key, value)
    if "components" in content:
        content["components"] = tuple(content["components"])
    return Suite(name=path.stem, **content)


def _check(path: Path, key: str, value: object) -> None:
    """Raise `InputError` where a value of a suite file has the wrong type or range."""
    if key in ("seeds", "repeats"):
        holds = _is_count(value, MOST)
        words = f"an integer <= {MOST}" if _is_count(value) else "an integer >= 1"
    elif key in ("n_train", "n_test"):
        holds, words = _is_count(value), "an integer >= 1"
    elif key == "min_updates":
        holds, words = value == 0 or _is_count(value), "an integer >= 0"
    elif key == "components":
        holds = isinstance(value, list) and 1 <= len(value) <= MOST and all(map(_is_count, value))
        words = "a list of integers >= 1"
    elif key == "reducers":
        holds = isinstance(value, dict) and all(isinstance(v, dict) for v in value.values())
        words = "a table of tables, as [reducers.stacked]"
    else:
        holds, words = isinstance(value, str), "a string"
    if not holds:
        raise InputError(f"The suite file {path} needs {key} to be {words}; got {_shown(value)}.")


def _is_count(value: object, most: int = 2**63 - 1) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def _shown(value: object) -> str:
    try:
        return reprlib.repr(value)
    except ValueError:  # Python writes no number of more than 4300 digits
        return "a number of thousands of digits"
