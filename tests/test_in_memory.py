"""Data given from Python: written once under their checksum, read back as what they were."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from in_process import measured_here
from scipy import sparse

from benchmark import run
from benchmark.datasets import load_dataset
from benchmark.datasets.data_options import DataOptions
from benchmark.datasets.in_memory import as_source, as_sources
from benchmark.errors import InputError

RNG = np.random.default_rng(0)
X = RNG.random((40, 4)).astype(np.float32)
Y = np.array(["elm", "oak"])[np.arange(40) % 2]
FRAME = pd.DataFrame(X, columns=list("abcd"))
PLAIN = DataOptions(scale="none")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("benchmark.datasets.in_memory.cache_directory", lambda: tmp_path / "cache")
    return tmp_path / "cache"


FORMS: dict[str, tuple[Any, int]] = {
    "array": (X, 0),
    "nested arrays of doubles": (X.astype(np.float64), 0),
    "sparse": (sparse.csr_array(X), 0),
    "DataFrame": (FRAME, 0),
    "(X, y)": ((X, Y), 2),
    "(X, y of objects)": ((X, pd.Series(Y, dtype=object)), 2),
    "(X, None)": ((X, None), 0),
    "(sparse, y)": ((sparse.csr_matrix(X), Y), 2),
    "(DataFrame, y)": ((FRAME, Y), 2),
    "(DataFrame, Series of another index)": ((FRAME, pd.Series(Y, index=range(100, 140))), 2),
    "DataFrame with labels": (FRAME.assign(label=pd.Categorical(Y)), 2),
}


@pytest.mark.parametrize("form", FORMS)
def test_data_are_read_back_as_they_were(form: str) -> None:
    """Complaint 6: run() took neither DataFrames nor arrays."""
    given, n_classes = FORMS[form]
    data = load_dataset(as_source(given), options=PLAIN)
    np.testing.assert_array_equal(data.X_train, X[data.rows_train])
    assert data.n_classes == n_classes
    if n_classes:
        assert data.y_test is not None
        assert np.array(data.class_names)[data.y_test].tolist() == Y[data.rows_test].tolist()


def test_four_arrays_are_a_split() -> None:
    data = load_dataset(as_source((X[:30], Y[:30], X[30:], Y[30:])), options=PLAIN)
    np.testing.assert_array_equal(data.X_test, X[30:])
    assert (data.n_train, data.n_classes) == (30, 2)


def test_a_dataset_goes_the_same_way() -> None:
    digits = load_dataset("digits", n_train=60, n_test=20)
    again = load_dataset(as_source(digits))
    assert again.name.startswith("digits-")
    assert again.image_shape == (8, 8)
    for one, other in zip(digits.scaled(), again.scaled(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.y_train is not None
    assert again.y_train.tolist() == digits.y_train.tolist()  # type: ignore[union-attr]


def test_the_same_data_are_written_once_and_others_beside_them(cache: Path) -> None:
    assert as_source((X, Y)) == as_source((X.copy(), list(Y)))
    assert as_source((X[::-1].copy(), Y)) != as_source((X, Y))
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert sorted(path.name for path in files) == ["data.npz", "data.npz"]


@pytest.mark.parametrize("read", [False, True])
def test_what_nobody_used_for_long_is_removed_when_others_are_written(cache: Path, read: bool) -> None:
    old, recent = Path(as_source(X)), Path(as_source(X[:30]))
    for path, days, given_days in ((old, 1 if read else 31, 31), (recent, 29, 29)):
        os.utime(path, (time.time() - days * 86_400, time.time() - given_days * 86_400))
    new = Path(as_source(X[:20]))
    left = [recent, new, *([old] if read else [])]
    assert sorted(path for path in (cache / "in-memory").rglob("*")) == sorted(
        [*left, *(path.parent for path in left)]
    )
    again = Path(as_source(X))
    assert again == old, "what is given anew is where it was"
    assert time.time() - again.stat().st_mtime < 86_400
    load_dataset(again)


def test_names_and_paths_stay_what_they_are(tmp_path: Path) -> None:
    assert as_sources("iris") == ("iris",)
    assert as_sources(["iris", tmp_path]) == as_sources(("iris", tmp_path)) == ("iris", str(tmp_path))
    assert len(as_sources(["iris", (X, Y), FRAME])) == 3


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (5, "dataset must be a name or a path, a DataFrame, .*; got a int"),
        ({"X": X}, "got a dict"),
        ((X, Y, X), "got a tuple of 3"),
        ((X.astype(object), Y), "X must hold real numbers; got the type object"),
        ((X, np.array([1, "a"] * 20, dtype=object)), "y must hold whole numbers or text; got 1"),
        ((FRAME, Y[:3]), r"one label for each of the 40 rows of X.*\(3,\)"),
        ((FRAME.assign(Label=1), Y), "no column 'label'; got this column"),
        (FRAME.assign(e=[{1}, "x"] * 20), "DataFrame cannot be stored.*drop or convert"),
        ((sparse.csr_array((10**6, 10**6)), None), "A sparse X must not take more than 536,870,912 bytes"),
    ],
)
def test_what_is_no_data_is_named_with_what_is_allowed(given: Any, said: str, cache: Path) -> None:
    """Complaint 6: what run() does not take was an error from the inside."""
    with pytest.raises(InputError, match=said):
        as_sources(given)
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_labels_that_do_not_fit_are_refused_when_they_are_read() -> None:
    with pytest.raises(InputError, match="as many labels as samples; got 40 samples and 3 labels"):
        load_dataset(as_source((X, Y[:3])))


def test_run_takes_a_frame_with_the_name_of_its_label(tmp_path: Path) -> None:
    """Complaint 6: run(dataset=frame) failed with an error from the inside."""
    (tmp_path / "tiny.toml").write_text("components = [2]\n")
    with measured_here():
        done = run(
            "pca", FRAME.assign(kind=Y), label="kind", suite=str(tmp_path / "tiny.toml"), threads=1,
            results_dir=str(tmp_path / "results"), reports_dir=str(tmp_path / "reports"),
        )  # fmt: skip
    [row] = done.table.to_dict("records")
    assert row["status"] == "ok"
    assert row["n_features"] == 4
    codes = done.embedding("pca")
    assert sorted(codes["row"]) == list(range(40))
    assert codes["label"].astype(str).tolist() == Y[codes["row"]].tolist()
