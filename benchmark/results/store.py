"""What a run leaves behind: the store that keeps one atomic file a job, arrays beside it, tables on top."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from benchmark.errors import InputError, RunError
from benchmark.results.artifacts import ARTIFACTS
from benchmark.results.atomic import remove_temporary, write_atomically
from benchmark.results.record import Record, read_record
from benchmark.results.schema import parse_facts
from benchmark.run_names import check_run_name

if TYPE_CHECKING:
    import numpy as np

    from benchmark.results.artifacts import Arrays


def print_warning(warning: str) -> None:
    """Write a warning to standard error, on one line."""
    sys.stderr.write(f"Warning: {warning}\n")


class Store:
    """The directory ``results_dir/run/``: one JSON file a job, arrays beside it, tables on top.

    Every file is written under a temporary name, flushed to disk and renamed, so a reader sees
    all of it or none of it, whenever the writer dies. What writes raises `RunError` where the
    disk refuses. One process writes at a time: who holds the run's lock. `warn` is given one sentence
    for every file that cannot be read.
    """

    def __init__(
        self, results_dir: str | Path, run: str, warn: Callable[[str], None] = print_warning
    ) -> None:
        self.run = check_run_name(run)
        self.path = Path(results_dir) / run
        self._warn = warn
        # The keys of the records that fill a place; None before they are read.
        self._keys: defaultdict[tuple[object, ...], set[str]] | None = None
        self._sequence = 0

    def exists(self) -> bool:
        """Whether anything was ever stored under this name."""
        return (self.path / "jobs").is_dir()

    def record_path(self, key: str) -> Path:
        """Where the record of job `key` stands."""
        return self.path / "jobs" / f"{key}.json"

    def save(self, record: Record) -> None:
        """Store a record; those that filled the same place before are removed, whoever measured them."""
        self.add(record)
        keys = self._keys_by_place()
        for old in keys[record.place] - {record.key}:
            self.forget(old)
        keys[record.place] = {record.key}

    def add(self, record: Record) -> None:
        """Store a record beside those that are there, as the last one; one of the same key is replaced."""
        keys = self._keys_by_place()[record.place]
        self._sequence += 1
        text = replace(record, sequence=self._sequence).to_json()
        self.save_table(f"jobs/{record.key}.json", lambda file: file.write(text.encode()))
        keys.add(record.key)

    def forget(self, key: str) -> None:
        """Remove job `key` and its arrays."""
        with self._storing():
            self.record_path(key).unlink(missing_ok=True)
        self.forget_arrays(key)

    def tidy(self) -> None:
        """Remove the half-written files of a process that was killed; only for who holds the run's lock."""
        with self._storing():
            for name in ("", "jobs", *ARTIFACTS):
                remove_temporary(self.path / name)

    def get(self, key: str) -> Record | None:
        """Return the record of job `key`, or None where there is none that can be read."""
        return read_record(self.record_path(key), self._warn)

    def records_by_key(self) -> dict[str, Record]:
        """Read every stored record, in the order of their keys; files that are damaged are set aside.

        Of a file that this version does not read, `InputError` is raised.
        """
        paths = sorted((self.path / "jobs").glob("*.json"))
        records = [record for path in paths if (record := read_record(path, self._warn))]
        self._keys = defaultdict(set)
        for record in records:
            self._keys[record.place].add(record.key)
        self._sequence = max((record.sequence for record in records), default=0)
        return {record.key: record for record in records}

    def records(self) -> Iterator[Record]:
        """Read every stored record; see `records_by_key`."""
        return iter(self.records_by_key().values())

    def arrays_path(self, kind: str, key: str) -> Path:
        """Where the arrays of job `key` stand, if it has any of this kind."""
        return self.path / kind / f"{key}.npz"

    def save_arrays(self, kind: str, key: str, arrays: Arrays) -> None:
        """Store named arrays as ``<kind>/<key>.npz``; `kind` is one of `ARTIFACTS`."""
        import numpy as np

        write = np.savez_compressed if ARTIFACTS[kind].compressed else np.savez
        self.save_table(f"{kind}/{key}.npz", lambda file: write(file, **arrays))  # type: ignore[arg-type]

    def load_arrays(self, kind: str, key: str) -> dict[str, np.ndarray]:
        """Return the arrays of ``<kind>/<key>.npz``; empty where there are none."""
        import numpy as np

        path = self.arrays_path(kind, key)
        if not path.is_file():
            return {}
        with np.load(path, allow_pickle=False) as arrays:
            if sum(member.file_size for member in arrays.zip.infolist()) > 2**31:
                raise ValueError(f"{path.name} unpacks to more than 2 GiB")
            return {name: arrays[name] for name in arrays.files}

    def array_keys(self, kind: str) -> list[str]:
        """Return the keys of all arrays of a kind, sorted."""
        return sorted(path.stem for path in (self.path / kind).glob("*.npz"))

    def forget_arrays(self, key: str) -> None:
        """Remove the arrays of job `key`, whose record stays."""
        with self._storing():
            for kind in ARTIFACTS:
                self.arrays_path(kind, key).unlink(missing_ok=True)

    def save_facts(self, facts: Mapping[str, Any]) -> None:
        """Write ``run.json``: what was run, on what, when."""
        self.save_table("run.json", lambda file: file.write(json.dumps(facts, indent=1).encode()))

    def facts(self) -> dict[str, Any]:
        """Return ``run.json``; empty where the run has none that can be read."""
        try:
            return parse_facts((self.path / "run.json").read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return {}

    def save_table(self, name: str, write: Callable[[IO[bytes]], object]) -> None:
        """Write file `name`, a table say, atomically with `write`, which is given an open binary file."""
        with self._storing():
            write_atomically(self.path / name, write)

    def _keys_by_place(self) -> defaultdict[tuple[object, ...], set[str]]:
        if self._keys is None:
            self.records_by_key()
        assert self._keys is not None
        return self._keys

    @contextmanager
    def _storing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = f"{self.path} cannot be written to ({error.strerror or error})"
            raise RunError(f"{reason}; what was stored there before is kept.") from error


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
