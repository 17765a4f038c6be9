"""What a job measured: the `Record`, checked when it is made, and the reading of the files that hold one."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, get_type_hints

from benchmark.errors import InputError
from benchmark.results.schema import SCHEMA, SchemaError, fits, parse_record

STATUSES = ("ok", "failed", "timeout", "killed", "interrupted", "unavailable")
_WORDS = {
    "status": STATUSES,
    "timing": ("exclusive", "shared", "disturbed"),
    "scored_on": ("heldout", "fitted", "all"),
}

# Where two environments differ in one of these, their times do not compare.
_DECIDES_TIMES = ("machine", "cpu", "usable_cores", "gpus")
_DECIDING_VERSIONS = ("python", "torch", "scikit-learn", "numpy", "umap-learn")


@dataclass(frozen=True)
class Record:
    """Everything one job measured; one row of ``results.csv`` and one file ``jobs/<key>.json``.

    What was not measured is None (times, memory) or absent (`scores`), never 0. Seconds are wall
    time, memory is in MiB. `scores` maps a metric's name to its value; `history` holds one dict
    an epoch for reducers that train by epochs. `timing` is "exclusive", "shared" where other jobs of
    the suite ran on the machine meanwhile, or "disturbed" where other processes did, which took the share
    `foreign_cpu` (0 to 1) of all cores; None where that is not known. `fit_times` and `transform_times`
    hold the seconds of every repeat, `fit_seconds` and `transform_seconds` their medians. `sequence` counts
    what a store was given: of two records, the one with the larger number was stored later, whatever the
    clock says.
    `job_seconds` is the wall time of the job's whole process, from its start to its record.
    `setting` says what differs from the reducer's defaults where something was set, or is its label; `chosen`
    of how many settings it was chosen, and by what. `part` is "test", or "validation" for a job that was
    fitted on four fifths of the training set and scored on the fifth that was held out. `scored_on` is
    "heldout", "fitted" where the rows that are scored are those of the training set, or "all" where all
    samples of both sets were fitted and the same scored, which are then `n_train` and `n_test` alike; the
    three never compare.
    `code` identifies the source of the reducer; it is empty in records of earlier versions. `reproducible` is
    whether the reducer gives the same codes again; None where it was not asked.

    Raises
    ------
    ValueError
        A field is not of its type, or holds what JSON cannot: NaN, say.
    """

    run: str
    dataset: str
    reducer: str
    device: str
    precision: str | None
    threads: int
    seed: int
    status: str
    key: str
    timing: str = "exclusive"
    repeats: int = 1
    n_train: int | None = None
    n_test: int | None = None
    n_features: int | None = None
    n_components: int | None = None
    n_parameters: int | None = None
    warmup_seconds: float | None = None
    fit_seconds: float | None = None
    transform_seconds: float | None = None
    score_seconds: float | None = None
    peak_memory_mb: float | None = None
    peak_device_memory_mb: float | None = None
    fit_times: list[float] = field(default_factory=list)
    transform_times: list[float] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    started_at: str | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)
    job_seconds: float | None = None
    setting: str = ""
    part: str = "test"
    chosen: str = ""
    foreign_cpu: float | None = None
    code: str = ""
    scored_on: str = "heldout"
    reproducible: bool | None = None
    sequence: int = field(default=0, compare=False)
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        for name, hint in _TYPES.items():
            if not fits(getattr(self, name), hint):
                raise ValueError(f"its {name} is {str(getattr(self, name))[:50]!r}")
        for name, words in _WORDS.items():
            if getattr(self, name) not in words:
                raise ValueError(f"{name} must be one of {', '.join(words)}; got {getattr(self, name)!r}.")

    @property
    def place(self) -> tuple[object, ...]:
        """The place in a run's table this record fills: a new record of the same place replaces it."""
        # The precision asked for: a job that failed never got to know the one it would have had.
        asked, width = repr(self.params.get("precision")), repr(self.params.get("n_components"))
        return (self.dataset, self.reducer, self.device, asked, self.threads, self.seed, width,
                self.n_train, self.n_test, self.setting, self.part, self.scored_on)  # fmt: skip

    @property
    def machine(self) -> str:
        """The `machine_id` of the environment: times of records that differ in it do not compare."""
        return machine_id(self.environment)

    @property
    def version(self) -> str | None:
        """Version of this package that measured; None where it is not known."""
        known = _versions(self.environment).get("dimensionality-reduction-benchmark")
        return None if known is None else str(known)

    @property
    def slot(self) -> tuple[object, ...]:
        """The place and the machine: rows of several machines stand side by side in a merged run."""
        return (*self.place, self.machine)

    @property
    def spent_seconds(self) -> float:
        """Seconds that the job's measured parts took: warm-up, every fit and transform, scores."""
        fits = self.fit_times or [self.fit_seconds or 0.0]
        transforms = self.transform_times or [self.transform_seconds or 0.0]
        return math.fsum([self.warmup_seconds or 0.0, *fits, *transforms, self.score_seconds or 0.0])

    def to_json(self) -> str:
        """Return the record as JSON text, its keys in declaration order."""
        return json.dumps(vars(self), indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Read a record back; what a newer version added to its schema is left out.

        Raises `ValueError` where the text is no record, and what `parse_record` raises.
        """
        data = parse_record(text)
        try:
            return cls(**{name: data[name] for name in _TYPES if name in data})
        except TypeError as error:
            raise ValueError(f"not a job record: {error}") from None


_TYPES: dict[str, Any] = get_type_hints(Record)


def title(measured: Any) -> str:
    """Return the reducer of a job or a record, with its setting if it has one."""
    return f"{measured.reducer} ({measured.setting})" if measured.setting else str(measured.reducer)


def latest(records: Iterable[Record]) -> list[Record]:
    """Return one record a slot, the one that was stored last.

    Of records that no store has numbered, it is the one that started last.
    """
    newest: dict[tuple[object, ...], Record] = {}
    for record in records:
        held = newest.get(record.slot, record)
        if (record.sequence, record.started_at or "") >= (held.sequence, held.started_at or ""):
            newest[record.slot] = record
    return list(newest.values())


def machine_id(environment: Mapping[str, Any]) -> str:
    """Return eight digits for all that times depend on: the machine and the versions of the libraries."""
    versions = _versions(environment)
    facts = [environment.get(name) for name in _DECIDES_TIMES]
    facts += [versions.get(name) for name in _DECIDING_VERSIONS]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:8]


def _versions(environment: Mapping[str, Any]) -> dict[str, Any]:
    versions = environment.get("versions")
    return versions if isinstance(versions, dict) else {}


def read_record(path: Path, warn: Callable[[str], None]) -> Record | None:
    """Return the record of a job's file; None where there is none, or where it is damaged.

    A damaged file is set aside under another name, and `warn` is given one sentence about it. One of a schema
    that this version does not read stays where it is, and `InputError` is raised.
    """
    if not path.is_file():  # a pipe would wait
        return None
    try:
        record = Record.from_json(path.read_text(encoding="utf-8"))
        if record.key != path.stem:
            raise ValueError("it is named after another job")
        return record
    except SchemaError as error:
        remedy = "use the version of this package that wrote it, or another run's name"
        raise InputError(f"{path} {error}: {remedy}.") from None
    except ValueError as error:
        warn(f"{path} cannot be read ({' '.join(str(error).split())}); {_set_aside(path)}.")
    except FileNotFoundError:
        pass
    except OSError as error:
        warn(f"{path} cannot be read ({error.strerror}); it is left out.")
    return None


def _set_aside(path: Path) -> str:
    """Rename a damaged file so that nothing reads it, and return what was done."""
    names = (path.with_suffix(f".damaged-{n}" if n > 1 else ".damaged") for n in count(1))
    aside = next(name for name in names if not name.exists())
    try:
        path.rename(aside)
    except OSError:
        return "it is left out"
    return f"it was set aside as {aside.name}"
