"""What can be asked of a run: each option declared once, with its help and the values it may take.

The command line (`benchmark.cli`), `benchmark.run` and the command kept in ``run.json`` are made from
these fields.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

from benchmark.errors import InputError
from benchmark.run_names import check_run_name
from reducers.parameters import Allowed
from reducers.registry import GROUPS

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "fp32", "bf16")
PROTOCOLS = ("heldout", "transductive")
MOST = 10_000  # seeds, repeats or widths of a suite: each is a job, or a fit, for every reducer
SCALED_REDUCERS = ("pca", "random-projection", "sparse", "stacked", "umap")
EVERYTHING = "everything"  # the group of all reducers and controls there are

Show = Callable[[Any], str]


@dataclass(frozen=True)
class Option:
    """How one field of a request is asked for.

    Attributes
    ----------
    flag, metavar, help : str
        As the command line shows them; a field that holds a tuple is a flag that may be repeated.
    allowed : Allowed or None
        What a value (each value of a tuple) may be; None stands for a choice left open and is always allowed.
    show : callable or None
        Returns a value as the command in ``run.json`` has it; None keeps it out: directories of this
        machine are nobody's business.
    """

    flag: str
    metavar: str
    help: str
    allowed: Allowed | None = None
    show: Show | None = str


def one_of(words: tuple[str, ...]) -> Allowed:
    """Return the rule that a value is one of `words`."""
    return Allowed(lambda value: value in words, f"one of {', '.join(words)}")


def whole(low: int, high: int | None = None) -> Allowed:
    """Return the rule that a value is an integer from `low` to `high`, ends included."""
    words = f"an integer >= {low:,}" + ("" if high is None else f" and <= {high:,}")
    top = 2**63 - 1 if high is None else high
    return Allowed(lambda value: type(value) is int and low <= value <= top, words)


_IMAGE_SHAPE = Allowed(
    lambda value: bool(re.fullmatch(r"[1-9]\d{0,3}x[1-9]\d{0,3}", str(value))), "HEIGHTxWIDTH, as 28x28"
)
SECONDS = Allowed(
    lambda value: type(value) in (int, float) and 0 < value < math.inf, "a finite number of seconds > 0"
)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _basename(path: Any) -> str:
    return Path(path).name


def _number(value: Any) -> str:
    return str(value).removesuffix(".0")


def _without_host(cluster: Any) -> str:
    return str(cluster) if str(cluster).startswith("local:") else "ADDRESS"


def _option(default: Any, flag: str, metavar: str, help: str, allowed: Allowed | None = None,
            show: Show | None = str, *, positional: bool = False) -> Any:  # fmt: skip
    declared = Option(flag, metavar, help, allowed, show)
    return field(default=default, kw_only=not positional, metadata={"option": declared})


@dataclass(frozen=True)
class BaseRequest:
    """What the user asked for; None leaves a choice to the suite, the reducer or the machine."""

    verb: ClassVar[str]

    reducers: tuple[str, ...] | None = _option(
        None, "--reducer", "NAME", "Measure this reducer; repeatable.", positional=True
    )
    devices: tuple[str, ...] = _option(
        ("auto",), "--device", "|".join(DEVICES), "Repeatable: all are measured. (default: auto)",
        one_of(DEVICES),
    )  # fmt: skip
    precision: str | None = _option(
        None, "--precision", "|".join(PRECISIONS),
        "Arithmetic of the reducers that have a choice. (default: the reducer's)", one_of(PRECISIONS),
    )  # fmt: skip
    threads: int | None = _option(
        None, "--threads", "N", "Threads a job may use. (default: all cores)", whole(1)
    )
    timeout: float | None = _option(
        None, "--timeout", "SECONDS", "End a job that takes longer. (default: no limit)", SECONDS, _number
    )
    name: str | None = _option(None, "--name", "RUN", "Name of the run. (default: <dataset>-<suite>)")
    fresh: bool = _option(
        False, "--fresh", "", "Measure again what is there; begin a run of other data anew.", show=None
    )
    results_dir: str = _option("results", "--results-dir", "DIR", "Where runs keep their results.", show=None)
    reports_dir: str = _option("reports", "--reports-dir", "DIR", "Where reports go.", show=None)
    plugins: tuple[str, ...] = _option(
        (), "--plugin", "FILE.py",
        "A file that defines reducers, datasets, metrics or clusterings; repeatable.", show=_basename,
    )  # fmt: skip

    def __post_init__(self) -> None:
        for declared in fields(self):
            value = getattr(self, declared.name)
            # One where there could be several.
            if "tuple" in str(declared.type) and value is not None:
                value = tuple(map(_plain, value if isinstance(value, (list, tuple)) else (value,)))
            object.__setattr__(self, declared.name, _plain(value))

    def check(self) -> None:
        """Raise `InputError` for the first option whose value is not allowed."""
        for declared, option in options(type(self)):
            value = getattr(self, declared.name)
            for part in value if isinstance(value, tuple) else (value,):
                if option.allowed is not None and part is not None and not option.allowed.holds(part):
                    raise InputError(f"{option.flag} must be {option.allowed.words}; got {_shown(part)}.")
        if self.name is not None:
            check_run_name(self.name)

    def command(self) -> str:
        """Return the command line that asks for this, without the directories of this machine."""
        words = ["python", "-m", "benchmark", self.verb, *self._leading_words()]
        for declared, option in options(type(self)):
            value = getattr(self, declared.name)
            if option.show is None or value == declared.default or option.flag in words:
                continue
            for part in value if isinstance(value, tuple) else (value,):
                words += [option.flag] if part is True else [option.flag, option.show(part)]
        return shlex.join(words)

    @property
    def pool(self) -> str | None:
        """Address of the cluster to measure on; None for this machine."""
        return getattr(self, "cluster", None)

    def _leading_words(self) -> list[str]:
        """Return what the command says even where it is the default."""
        return []


@dataclass(frozen=True)
class Request(BaseRequest):
    """Reducers put through a suite on datasets."""

    verb: ClassVar[str] = "run"

    dataset: tuple[str, ...] | None = _option(
        None, "--dataset", "NAME_OR_PATH",
        "A dataset's name, openml:NAME, a file, or a folder of images; repeatable. (default: mnist)",
        show=_basename, positional=True,
    )  # fmt: skip
    groups: tuple[str, ...] = _option(
        (), "--group", "NAME", f"Measure these reducers: {', '.join(GROUPS)} or {EVERYTHING}; repeatable.",
        one_of((*GROUPS, EVERYTHING)),
    )  # fmt: skip
    settings: tuple[str, ...] = _option(
        (), "--set", "REDUCER.PARAMETER=VALUE,...",
        "Measure a reducer with these values of a parameter; repeatable, several parameters make a grid.",
    )  # fmt: skip
    select: str | None = _option(
        None, "--select", "METRIC",
        "Choose the best of a reducer's settings by this score of held-out training samples; test it alone.",
    )  # fmt: skip
    protocol: str = _option(
        "heldout", "--protocol", "|".join(PROTOCOLS),
        "Score test samples that were held out, or fit all samples and score the same. (default: heldout)",
        one_of(PROTOCOLS),
    )  # fmt: skip
    suite: str = _option(
        "standard", "--suite", "NAME_OR_FILE", "quick, standard, full, or a .toml file.", show=_basename
    )
    seeds: int | None = _option(
        None, "--seeds", "N", "Number of seeds. (default: the suite's)", whole(1, MOST)
    )
    components: tuple[int, ...] | None = _option(
        None, "--components", "D", "Width of the code; repeatable. (default: the suite's)", whole(1)
    )
    clusterings: tuple[str, ...] = _option(
        ("kmeans",), "--clustering", "NAME|all", "Judge the codes by this clustering too; repeatable. "
        "(default: kmeans)",
    )  # fmt: skip
    repeats: int | None = _option(
        None, "--repeats", "N", "Time each fit N times; the median counts. (default: the suite's)",
        whole(1, MOST),
    )  # fmt: skip
    keep_models: bool = _option(
        False, "--keep-models", "", "Keep every fitted reducer, for codes of other data; see `embed`."
    )
    cluster: str | None = _option(
        None, "--cluster", "tcp://HOST:PORT|local:N",
        "Send jobs to a Dask scheduler, or to N processes here. (default: one job at a time, here)",
        show=_without_host,
    )  # fmt: skip
    label: str | None = _option(None, "--label", "COLUMN", "The column of classes. (default: label, if any)")
    drop: tuple[str, ...] = _option((), "--drop", "COLUMN", "A column that is no feature; repeatable.")
    split: str | None = _option(None, "--split", "COLUMN", "The column that says train or test.")
    scale: str | None = _option(
        None, "--scale", "none|unit|standard",
        "As given; all features by one scale; or each standardised. (default: by the data, and said)",
        one_of(("none", "unit", "standard")),
    )  # fmt: skip
    missing: str = _option(
        "error", "--missing", "error|drop|mean", "Refuse missing values, leave out their rows, or fill in.",
        one_of(("error", "drop", "mean")),
    )  # fmt: skip
    image_shape: str | None = _option(
        None, "--image-shape", "HxW", "The features are pixels of images of this height and width.",
        _IMAGE_SHAPE,
    )  # fmt: skip
    data_dir: str | None = _option(None, "--data-dir", "DIR", "Where datasets lie, as DIR/mnist/.", show=None)

    def _leading_words(self) -> list[str]:
        words = ["--all"] if self.reducers is None and not self.groups else []
        for reducer in self.reducers or ():
            words += ["--reducer", reducer]
        for dataset in self.dataset or ():
            words += ["--dataset", _basename(dataset)]
        return [*words, "--suite", _basename(self.suite)]


@dataclass(frozen=True)
class ScaleRequest(BaseRequest):
    """Sweeps over samples, features and components; `budget` is how long a point may be predicted to take."""

    verb: ClassVar[str] = "scale"

    reducers: tuple[str, ...] = _option(
        SCALED_REDUCERS, "--reducer", "NAME",
        f"Measure this reducer; repeatable. (default: {', '.join(SCALED_REDUCERS)})", positional=True,
    )  # fmt: skip
    name: str = _option("scale", "--name", "RUN", "Name of the run.")
    samples_up_to: int = _option(
        1_000_000, "--samples-up-to", "N", "Most training samples.", whole(1_000, 100_000_000)
    )
    features_up_to: int = _option(4096, "--features-up-to", "D", "Most features.", whole(64, 50_176))
    components_up_to: int = _option(256, "--components-up-to", "K", "Widest code.", whole(2, 500))
    budget: float = _option(
        120.0, "--budget", "SECONDS", "Leave out points predicted to take longer, and larger ones.", SECONDS,
        _number,
    )  # fmt: skip


@dataclass(frozen=True)
class StudyRequest(BaseRequest):
    """Published claims, measured anew."""

    verb: ClassVar[str] = "study"

    reducers: None = field(default=None, kw_only=True)
    studies: tuple[str, ...] | None = field(default=None, kw_only=True)
    suite: str = _option(
        "standard", "--suite", "standard|quick", "All of the data, or a first look in minutes.",
        one_of(("standard", "quick", "tiny")),
    )  # fmt: skip
    seeds: int | None = _option(
        None, "--seeds", "N", "Number of seeds. (default: the study's)", whole(1, MOST)
    )
    dataset: str = _option(
        "mnist", "--dataset", "NAME_OR_PATH", "Other data than the claims'.", show=_basename
    )
    data_dir: str | None = _option(None, "--data-dir", "DIR", "Where datasets lie, as DIR/mnist/.", show=None)

    def _leading_words(self) -> list[str]:
        return ["--all"] if self.studies is None else list(self.studies)


def options(request: type[BaseRequest]) -> Iterator[tuple[Field[Any], Option]]:
    """Yield every field of a kind of request with how it is asked for, the positional ones first."""
    for declared in sorted(fields(request), key=lambda field: bool(field.kw_only)):
        if "option" in declared.metadata:
            yield declared, declared.metadata["option"]


def _shown(value: object) -> str:
    return f"{value:,}" if type(value) is int else f"{value:g}" if type(value) is float else repr(value)
