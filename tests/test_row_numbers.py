"""Which row of the source a sample is: so that codes can be matched to what they are codes of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.datasets import Dataset, load_dataset
from benchmark.datasets import mapped as mapped_module
from benchmark.datasets.data_options import DataOptions
from benchmark.measure.preparation import hold_out

RNG = np.random.default_rng(0)
X = RNG.random((60, 3)).astype(np.float32)
FRAME = pd.DataFrame(X, columns=list("abc")).assign(
    label=np.arange(60) % 3, part=np.where(RNG.random(60) < 0.7, "train", "test")
)


def check(data: Dataset, source: np.ndarray = X) -> None:
    """Compare every sample with the row of the source that it says it is."""
    for part, rows in ((data.X_train, data.rows_train), (data.X_test, data.rows_test)):
        assert rows.dtype == np.int64
        np.testing.assert_array_equal(np.asarray(part), source[rows])
    assert not set(data.rows_train) & set(data.rows_test)


@pytest.mark.parametrize("size", [None, 20])
def test_of_a_split_drawn_here(tmp_path: Path, size: int | None) -> None:
    np.savez(tmp_path / "x.npz", X=X, y=FRAME["label"])
    data = load_dataset(tmp_path / "x.npz", seed=3, n_train=size, options=DataOptions(scale="none"))
    check(data)
    assert size or sorted([*data.rows_train, *data.rows_test]) == list(range(60))
    check(hold_out(data, 0))


def test_of_a_column_that_says_the_split_and_rows_left_out(tmp_path: Path) -> None:
    frame = FRAME.copy()
    frame.loc[[4, 40], "b"] = np.nan
    frame.to_csv(tmp_path / "t.csv", index=False, float_format="%.9g")
    options = DataOptions(split="part", missing="drop", scale="none")
    data = load_dataset(tmp_path / "t.csv", options=options)
    check(data)
    assert data.feature_names == ("a", "b", "c")
    assert set(data.rows_test) == set(np.flatnonzero(FRAME["part"] == "test")) - {4, 40}
    check(load_dataset(tmp_path / "t.csv", n_train=10, n_test=5, options=options))


def test_of_a_file_with_two_parts_each_has_its_own(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", X_train=X[:40], X_test=X[40:])
    data = load_dataset(tmp_path / "x.npz", n_test=7, options=DataOptions(scale="none"))
    assert data.rows_train.tolist() == list(range(40))
    np.testing.assert_array_equal(data.X_test, X[40:][data.rows_test])


def test_of_a_file_that_stays_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped_module, "MAPPED_BYTES", 64)
    np.save(tmp_path / "x.npy", X)
    data = load_dataset(tmp_path / "x.npy")
    assert isinstance(data.X_train.array, np.memmap)  # type: ignore[union-attr]
    check(data)
    check(hold_out(data, 0))


def test_a_column_that_counts_the_rows_is_suspected_whatever_its_name(tmp_path: Path) -> None:
    frame = FRAME[["a", "b"]].assign(patient=np.arange(60) + 1000)
    frame.to_csv(tmp_path / "t.csv", index=False)
    [note] = [note for note in load_dataset(tmp_path / "t.csv").notes if "--drop" in note]
    assert "'patient' counts up by one" in note
