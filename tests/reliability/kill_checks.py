"""What must hold of a run's files after every kill, and of what the run has become in the end."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout
from kill_place import RUN, Place

from benchmark.results import Store
from benchmark.results.lock import RUN_LOCK
from benchmark.results.record import Record

# What may be wrong, in the words of the table.
LOST, DOUBLE, HALF, AGAIN = "lost", "double", "half-written", "measured again"
DIFFERENT, LEFT, PROCESS, WRONG = "different", "left over", "process left", "wrong end"
KINDS = (LOST, DOUBLE, HALF, AGAIN, DIFFERENT, LEFT, PROCESS, WRONG)

Finding = tuple[str, str]

_ENDED = re.compile(r"job (\S+) ends: (\w+)")
# Times, memory and the state of the machine are those of one measurement.
_OWN = re.compile(
    r".*(_seconds|_times|_mb|foreign_cpu)(_std|_count)?|seconds|started_at|sequence|environment|timing"
)


@dataclass
class Ledger:
    """What a directory was seen to hold: keys of records, and the content of those that ended well."""

    seen: set[str] = field(default_factory=set)
    done: dict[str, bytes] = field(default_factory=dict)


def check_store(place: Place, ledger: Ledger) -> list[Finding]:
    """Return what is wrong with the files of a run that was killed; the ledger learns what is there."""
    contents = {path.stem: path.read_bytes() for path in sorted((place.results / "jobs").glob("*.json"))}
    told = dict(_ENDED.findall(place.log().decode()))
    findings = [(LOST, key) for key in sorted((ledger.seen | set(told) | set(ledger.done)) - set(contents))]
    records, damaged = _records(place, contents)
    findings += damaged
    for key, record in records.items():
        ledger.seen.add(key)
        if record.status == "ok":
            before = ledger.done.get(key, contents[key])
            # Times that others disturbed, as this campaign does, are measured once more.
            if before != contents[key] and json.loads(before).get("timing") != "disturbed":
                findings.append((AGAIN, key))
            ledger.done[key] = contents[key]
            if not (place.results / "views" / f"{key}.npz").is_file():
                findings.append((LOST, f"the arrays of {key}"))
        elif key in ledger.done or told.get(key) == "ok":
            findings.append((LOST, f"{key} is {record.status}, and was ok"))
        elif record.status != "killed":
            findings.append((WRONG, f"{key} is {record.status}: {record.error}"))
    places = Counter(record.place for record in records.values())
    findings += [(DOUBLE, str(where)) for where, count in places.items() if count > 1]
    return findings + list(_unreadable(place))


def _records(place: Place, contents: Mapping[str, bytes]) -> tuple[dict[str, Record], list[Finding]]:
    """Read the records by the suite's own store, and by plain JSON: the two must agree."""
    findings: list[Finding] = []
    for key, content in contents.items():
        try:
            named = json.loads(content)["key"]
        except (ValueError, KeyError, TypeError) as error:
            findings.append((HALF, f"{key}.json: {error}"))
        else:
            findings += [] if named == key else [(DOUBLE, f"{key}.json holds {named}")]
    warnings: list[str] = []
    records = {record.key: record for record in Store(place.results.parent, RUN, warnings.append).records()}
    findings += [(HALF, warning) for warning in warnings]
    return records, findings


def _unreadable(place: Place) -> Iterator[Finding]:
    """Yield every file under its final name, of results and report, that cannot be read to its end."""
    for directory in (place.results, place.reports):
        for path in sorted(path for path in directory.rglob("[!.]*") if path.is_file()):
            try:
                read(path)
            # Whatever a reader raises, the file is not whole.
            except Exception as error:
                yield HALF, f"{path.relative_to(place.path)}: {type(error).__name__}: {error}"


def read(path: Path) -> object:
    """Return the content of a file of a run; raise where it is not whole."""
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".json":
        return json.loads(path.read_text())
    content = path.read_bytes()
    end = b"IEND\xaeB`\x82" if path.suffix == ".png" else b"\n"
    if not content.endswith(end) or "damaged" in path.suffix:
        raise ValueError(f"it ends with {content[-20:]!r}")
    return _rows(path) if path.suffix == ".csv" else content


def temporary_files(place: Place) -> list[Path]:
    """Return what begins with a dot below results and reports: files that nobody finished, and no locks."""
    both = (place.path / "results", place.path / "reports")
    return sorted(path for top in both for path in top.rglob(".*") if path.name != RUN_LOCK)


def check_left(place: Place) -> list[Finding]:
    """Return the temporary files that a run left which came to its end."""
    return [(LEFT, str(path.relative_to(place.path))) for path in temporary_files(place)]


def check_end(place: Place, reference: Place) -> list[Finding]:
    """Return in what a finished run differs from the one that nobody disturbed."""
    findings = [*check_left(place), *_held_locks(place)]
    for told, of in (("results", "results"), ("reports", "report")):
        one, other = (_names(where.path / told) for where in (place, reference))
        findings += [(DIFFERENT, f"{name} is in one {of} only") for name in sorted(one ^ other)]
    findings += [(DIFFERENT, name) for name in sorted(_differences(place, reference))]
    if not Store(place.results.parent, RUN).facts().get("finished_at"):
        findings.append((WRONG, "run.json names no time of the end"))
    return findings


def _held_locks(place: Place) -> Iterator[Finding]:
    for path in (place.results / RUN_LOCK, *(place.path / "tmp").glob("*.lock")):
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield PROCESS, f"{path.relative_to(place.path)} is held"
        else:
            lock.release()


def _names(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("[!.]*")}


def _differences(place: Place, reference: Place) -> Iterator[str]:
    """Yield the records, arrays and tables that say something else than the reference's."""
    for path in sorted(reference.results.rglob("*.*")):
        name = path.relative_to(reference.results)
        if (place.results / name).is_file() and name.parts[0] not in ("run.log", "run.json", RUN_LOCK):
            one, other = (_measured(read(where / name)) for where in (place.results, reference.results))
            if not _same(one, other):
                yield f"{name}: {str(one)[:2000]} instead of {str(other)[:2000]}"


def _measured(content: Any) -> Any:
    """Return what a repetition must give again of a file's content."""
    if isinstance(content, pd.DataFrame):
        return _measured(content.astype(object).where(content.notna(), None).to_dict("records"))
    if isinstance(content, dict):
        return {name: _measured(value) for name, value in content.items() if not _OWN.fullmatch(name)}
    return [_measured(value) for value in content] if isinstance(content, list) else content


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and any(isinstance(value, np.ndarray) for value in one.values()):
        return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)
    return bool(one == other)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
