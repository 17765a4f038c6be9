"""What a job leaves behind: the `Record`, and the store that keeps one atomic file a job."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from benchmark.errors import InputError

if TYPE_CHECKING:
    import numpy as np

SCHEMA = 1
STATUSES = ("ok", "failed", "timeout", "killed", "interrupted", "unavailable")


@dataclass(frozen=True)
class Record:
    """Everything one job measured; one row of ``results.csv`` and one file ``jobs/<key>.json``.

    What was not measured is None (times, memory) or absent (`scores`), never 0. Seconds are wall
    time, memory is in MiB. `scores` maps a metric's name to its value; `history` holds one dict
    an epoch for reducers that train by epochs.
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
    scores: dict[str, float] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    started_at: str | None = None
    history: list[dict[str, float]] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"status must be one of {', '.join(STATUSES)}; got {self.status!r}.")

    @property
    def slot(self) -> tuple[object, ...]:
        """The place in the table this record fills: a new record of the same slot replaces it."""
        # The precision asked for: a job that failed never got to know the one it would have had.
        asked = self.params.get("precision")
        return (self.dataset, self.reducer, self.device, asked, self.threads, self.seed,
                self.params.get("n_components"), self.n_train, self.n_test)  # fmt: skip

    def to_json(self) -> str:
        """Return the record as JSON text, its keys in declaration order."""
        return json.dumps(asdict(self), indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Read a record back; raise ValueError where the text is not one."""
        data = json.loads(text)
        names = {f.name for f in fields(cls)}
        if not isinstance(data, dict) or not set(data) <= names:
            raise ValueError("not a job record of this version")
        if data.get("schema") != SCHEMA:
            raise ValueError(f"schema {data.get('schema')!r}, this version reads {SCHEMA}")
        try:
            return cls(**data)
        except TypeError as error:
            raise ValueError(f"not a job record: {error}") from None


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")


def check_run_name(name: str) -> str:
    """Return `name` if it can safely name a directory, else raise `InputError`."""
    if not _NAME.fullmatch(name) or ".." in name:
        raise InputError(
            f"A run's name is 1 to 100 letters, digits, '.', '_', '+' or '-' and begins with a letter "
            f"or digit; got {name!r}."
        )
    return name


class Store:
    """The directory ``results/<run>/``: one JSON file a job, arrays beside it, tables on top.

    Parameters
    ----------
    results_dir : path
        The directory that holds all runs.
    run : str
        Name of the run.

    Notes
    -----
    Every file is written under a temporary name, flushed to disk and renamed, so a reader sees
    all of it or none of it, whenever the writer dies.
    """

    def __init__(self, results_dir: str | Path, run: str) -> None:
        self.run = check_run_name(run)
        self.path = Path(results_dir) / run
        self._keys: dict[tuple[object, ...], str] | None = None

    def exists(self) -> bool:
        """Whether anything was ever stored under this name."""
        return (self.path / "jobs").is_dir()

    def record_path(self, key: str) -> Path:
        """Where the record of job `key` stands."""
        return self.path / "jobs" / f"{key}.json"

    def save(self, record: Record) -> None:
        """Store a record; one that filled the same slot before is replaced."""
        if self._keys is None:
            self._keys = {old.slot: old.key for old in self.records()}
        self._write(self.record_path(record.key), record.to_json())
        before = self._keys.get(record.slot, record.key)
        if before != record.key:
            self.forget(before)
        self._keys[record.slot] = record.key

    def forget(self, key: str) -> None:
        """Remove job `key` and its arrays."""
        self.record_path(key).unlink(missing_ok=True)
        for kind in ("embeddings", "views"):
            (self.path / kind / f"{key}.npz").unlink(missing_ok=True)

    def get(self, key: str) -> Record | None:
        """Return the record of job `key`, or None where there is none that can be read."""
        path = self.record_path(key)
        return _read_record(path) if path.is_file() else None

    def records(self) -> Iterator[Record]:
        """Yield every stored record, in the order of their keys; files that are damaged are set aside."""
        for path in sorted((self.path / "jobs").glob("*.json")):
            record = _read_record(path)
            if record is not None:
                yield record

    def save_arrays(self, kind: str, key: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Store named arrays as ``<kind>/<key>.npz`` (compressed for views, which git keeps)."""
        import numpy as np

        write = np.savez_compressed if kind == "views" else np.savez
        self._replace(self.path / kind / f"{key}.npz", lambda file: write(file, **arrays))  # type: ignore[arg-type]

    def load_arrays(self, kind: str, key: str) -> dict[str, np.ndarray]:
        """Return the arrays of ``<kind>/<key>.npz``; empty where there are none."""
        import numpy as np

        path = self.path / kind / f"{key}.npz"
        if not path.is_file():
            return {}
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}

    def save_facts(self, facts: Mapping[str, Any]) -> None:
        """Write ``run.json``: what was run, on what, when."""
        self._write(self.path / "run.json", json.dumps(facts, indent=1))

    def facts(self) -> dict[str, Any]:
        """Return ``run.json``; empty where the run has none that can be read."""
        path = self.path / "run.json"
        try:
            facts = json.loads(path.read_text())
        except (OSError, ValueError):
            return {}
        return facts if isinstance(facts, dict) else {}

    def save_table(self, name: str, write: Callable[[IO[bytes]], object]) -> None:
        """Write table `name` atomically with `write`, which is given an open binary file."""
        self._replace(self.path / name, write)

    def _write(self, path: Path, text: str) -> None:
        self._replace(path, lambda file: file.write(text.encode()))

    @staticmethod
    def _replace(path: Path, write: Callable[[IO[bytes]], object]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _read_record(path: Path) -> Record | None:
    import warnings

    try:
        return Record.from_json(path.read_text())
    except ValueError as error:
        aside = path.with_suffix(".damaged")
        path.replace(aside)
        warnings.warn(f"{path} cannot be read ({error}); it was set aside as {aside.name}.", stacklevel=2)
        return None


def find_runs(results_dir: str | Path) -> list[str]:
    """Return the names of all runs below `results_dir`, sorted."""
    return sorted(p.parent.name for p in Path(results_dir).glob("*/jobs"))


def open_store(results_dir: str | Path, run: str) -> Store:
    """Return the store of a run that exists, else raise `InputError` that names those that do."""
    store = Store(results_dir, run)
    if not store.exists():
        known = ", ".join(find_runs(results_dir)) or "none yet"
        raise InputError(f"No run named {run!r} in {results_dir}; runs there: {known}.")
    return store


def latest(records: Iterable[Record]) -> list[Record]:
    """Return one record a slot, the one that started last."""
    newest: dict[tuple[object, ...], Record] = {}
    for record in records:
        held = newest.get(record.slot)
        if held is None or (record.started_at or "") >= (held.started_at or ""):
            newest[record.slot] = record
    return list(newest.values())
