"""Every parser of foreign files: what makes its files, what reads them, and what a right result is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import fuzz_arrays
import fuzz_bombs
import fuzz_documents
import fuzz_images
import fuzz_tables
import numpy as np

from benchmark.datasets import Dataset, load_dataset, read_idx
from benchmark.errors import InputError
from benchmark.plan.suite import load_suite
from benchmark.results import Record, Store

LONGEST_MESSAGE = 1000


class WrongResultError(Exception):
    """A parser returned what it must not."""


@dataclass(frozen=True)
class Parser:
    """One parser under test.

    Attributes
    ----------
    make : callable
        Returns the name and the content of a file, from a generator of random numbers.
    read : callable
        Reads that file and checks what it got.
    refusal : type
        The only exception that `read` may raise.
    """

    make: Callable[[Random], tuple[str, bytes]]
    read: Callable[[Path], None]
    refusal: type[Exception] = InputError


def expect(holds: object, what: str) -> None:
    """Raise `WrongResultError` unless `holds`."""
    if not holds:
        raise WrongResultError(what)


def check_refusal(error: Exception, path: Path) -> str:
    """Return what is wrong with a refusal, or "": it is one clear sentence, and not a lack of memory."""
    message = str(error).replace(str(path), path.name)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError) and "needs more memory" not in message:
            return f"the memory ran out: {cause}"
        cause = cause.__cause__ or cause.__context__
    if not isinstance(error, InputError):
        return ""  # the store has words of its own for these
    one = message.isprintable() and message.endswith((".", "?")) and len(message) <= LONGEST_MESSAGE
    return "" if one and path.name in message else f"no clear sentence: {message[:2000]!r}"


def _read_idx(path: Path) -> None:
    array = read_idx(path)
    expect(
        array.dtype == np.uint8 and 1 <= array.ndim <= 4 and array.nbytes <= 2**30,
        f"{array.dtype} {array.shape}",
    )


def _read_dataset(path: Path) -> None:
    data = load_dataset(path)
    check_dataset(data)


def _read_image(path: Path) -> None:
    """Read a folder that holds the image among good ones of its size."""
    folder = path.parent / "folder"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for place in range(5):
        (folder / f"{place}.png").write_bytes(fuzz_images.images()[".png"][0])
    shutil.copy(path, folder)
    data = load_dataset(folder)
    check_dataset(data)
    expect(data.n_train + data.n_test == 6, "an image is missing")


def _read_bomb(path: Path) -> None:
    (_read_idx if path.suffix == ".gz" else _read_dataset)(path)


def check_dataset(data: Dataset) -> None:
    """Raise `WrongResultError` where a data set is not what its description promises."""
    for X, y in ((data.X_train, data.y_train), (data.X_test, data.y_test)):
        # In float64 is what float32 would lose the digits of: one column of both parts is enough.
        known = X.dtype in (np.uint8, np.float32, np.float64)
        expect(X.ndim == 2 and known and 0 not in X.shape, f"{X.dtype} {X.shape}")
        expect(X.dtype == np.uint8 or np.isfinite(X).all(), "not finite")
        expect(y is None or (y.dtype == np.int64 and y.shape == (len(X),)), "labels do not fit")
        expect(y is None or (y.min() >= 0 and y.max() < data.n_classes), "labels out of range")
    expect(data.X_train.shape[1] == data.X_test.shape[1], "features differ")
    expect(all(name.isprintable() or name for name in data.class_names), "a class without a name")
    json.dumps(data.class_names).encode("utf-8")
    "".join(data.class_names).encode("utf-8")
    train, test = data.scaled()
    expect(np.isfinite(train).all() and np.isfinite(test).all(), "not finite when scaled")
    expect(train.min() >= 0 and train.max() <= 1, "not in the unit range")


def _read_suite(path: Path) -> None:
    suite = load_suite(path)
    counts = (suite.n_train or 1, suite.n_test or 1, suite.seeds, *suite.components)
    expect(all(type(count) is int and count >= 1 for count in counts), f"{counts}")
    expect(suite.seeds <= 10**6 and len(suite.components) <= 10**6, "more jobs than can be listed")
    for params in suite.reducers.values():
        tables = params if isinstance(params, list) else [params]
        expect(all(isinstance(table, dict) for table in tables) and tables, "neither a table nor several")


def _read_record(path: Path) -> None:
    """Read a job file as one of a store, and write the tables and the report made of it."""
    from benchmark.cli.closing_table import closing_table
    from benchmark.reporting.content import RunContent
    from benchmark.reporting.markdown import render
    from benchmark.reporting.report_data import gather

    store = Store(path.parent, "fuzzed", warn=lambda _: None)
    store.record_path(path.stem).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, store.record_path(path.stem))
    listed = list(store.records())
    for record in listed:
        expect(record.key == path.stem, "a key that is not the name of its file")
        expect(Record.from_json(record.to_json()) == record, "other content when written and read again")
        data = gather(store)
        data.frame.to_csv().encode("utf-8")
        closing_table(data.board, data.frame, "title")
        render(RunContent(data, [data]).blocks(set())).encode("utf-8")
    alone = Record.from_json(path.read_text(encoding="utf-8"))
    expect(listed or alone.key != path.stem, "a good record was not listed")


@cache
def _tables() -> tuple[Any, Any]:
    from benchmark.analysis.ranking import with_ranks
    from benchmark.analysis.tables import leaderboard, to_frame

    frame = to_frame([Record.from_json(json.dumps(fuzz_documents.RECORD))])
    return frame, with_ranks(leaderboard(frame), frame, Store("nowhere", "none"))


def _read_facts(path: Path) -> None:
    """Read run.json, which is taken for none where it is damaged, and write the section made of it."""
    from benchmark.cli.list import list_rows
    from benchmark.reporting.markdown import render
    from benchmark.reporting.report_data import ReportData
    from benchmark.reporting.run_setup import run_setup

    store = Store(path.parent, "fuzzed")
    (store.path / "jobs").mkdir(parents=True, exist_ok=True)
    shutil.copy(path, store.path / "run.json")
    facts = store.facts()
    report = ReportData(facts, *_tables(), [], {})
    expect(render(run_setup(report)).strip().encode("utf-8"), "an empty section")
    expect(report.devices[0] and list_rows("runs", str(path.parent)), "no run listed")
    if not facts:
        raise ValueError("taken for none")


PARSERS = {
    "idx": Parser(fuzz_arrays.idx, _read_idx),
    "npy": Parser(fuzz_arrays.npy, _read_dataset),
    "npz": Parser(fuzz_arrays.npz, _read_dataset),
    "csv": Parser(fuzz_tables.csv, _read_dataset),
    "parquet": Parser(fuzz_tables.parquet, _read_dataset),
    "sparse": Parser(fuzz_images.matrix, _read_dataset),
    "images": Parser(fuzz_images.image, _read_image),
    "suite": Parser(fuzz_documents.suite, _read_suite),
    "record": Parser(fuzz_documents.record, _read_record, ValueError),
    "run.json": Parser(fuzz_documents.facts, _read_facts, ValueError),
    "bombs": Parser(fuzz_bombs.bomb, _read_bomb),
}
