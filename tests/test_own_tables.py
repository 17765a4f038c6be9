"""Tables of the user's own: what is read from .csv and .parquet files, and what is refused in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.datasets import Dataset, load_dataset
from benchmark.datasets.data_options import DataOptions
from benchmark.errors import InputError

RNG = np.random.default_rng(0)
X = RNG.normal(3, 10, (40, 6))
Y = np.repeat([3, 7], 20)


def rows(dataset: Dataset) -> np.ndarray:
    """All samples with their labels, in an order that does not depend on the split."""
    X = np.vstack([dataset.X_train, dataset.X_test]).astype(float)
    if dataset.y_train is not None:
        X = np.column_stack([X, np.concatenate([dataset.y_train, dataset.y_test])])
    return np.asarray(X[np.lexsort(X.T)])


def table() -> pd.DataFrame:
    frame = pd.DataFrame(X, columns=[f"f{i}" for i in range(6)])
    frame.insert(2, "label", np.where(Y == 3, "three", "seven"))
    return frame


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_tables(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t.{suffix}"
    table().to_csv(path, index=False) if suffix == "csv" else table().to_parquet(path)
    data = load_dataset(str(path))
    assert data.class_names == ("seven", "three")
    expected = np.column_stack([X.astype(np.float32), Y == 3])
    np.testing.assert_array_equal(rows(data), expected[np.lexsort(expected.T)])


def test_parquet_of_bytes_stays_bytes_and_nullable_types_are_read(tmp_path: Path) -> None:
    frame = pd.DataFrame(RNG.integers(0, 256, (10, 16), dtype=np.uint8)).rename(columns=str)
    frame.assign(Label=pd.array([1, 2] * 5, dtype="Int64")).to_parquet(tmp_path / "b.parquet")
    data = load_dataset(tmp_path / "b.parquet")
    assert data.X_train.dtype == np.uint8
    assert data.class_names == ("1", "2")
    frame.astype("Int64").to_parquet(tmp_path / "b.parquet")
    again = load_dataset(tmp_path / "b.parquet")
    assert again.X_train.dtype == np.float32
    np.save(tmp_path / "b.npy", frame.to_numpy())
    np.testing.assert_array_equal(rows(again), rows(load_dataset(tmp_path / "b.npy")))


def test_csv_with_counted_columns_and_flags(tmp_path: Path) -> None:
    frame = pd.DataFrame(X).assign(label=Y == 3)
    frame.to_csv(tmp_path / "c.csv", index=False)
    assert load_dataset(tmp_path / "c.csv").class_names == ("False", "True")
    frame.drop(columns="label").to_csv(tmp_path / "c.csv", index=False)
    assert load_dataset(tmp_path / "c.csv").n_features == 6


HEAD = "a,b,label\n"
GOOD = "1,2,x\n" * 9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            HEAD + GOOD + "1,oops,x\n" + GOOD,
            "Column 'b' of t.csv must hold numbers; got 'oops' in data row 10",
        ),
        (HEAD + GOOD + "1,,x\n", "column 'b' has 1 value that is NaN"),
        (HEAD + GOOD + "inf,2,x\n-inf,2,x\n", "column 'a' has 2 values that are NaN or infinite"),
        (HEAD + GOOD + "1e300,2,x\n", "float32.*column 'a'"),
        (HEAD + GOOD + "1,2,\n", "Column 'label' of t.csv must have a label in each row; 1 of 10"),
        ("a,a,label\n" + GOOD, "none of them twice; got 'a' 2 times"),
        ("a,,label\n" + GOOD, "column 2 has no name"),
        ("a,Label,label\n" + GOOD, "at most one column of labels"),
        ("label\n" + "x\n" * 9, "a column that is a feature"),
        (HEAD, "at least 5 samples"),
        (HEAD + "1,2,x\n" * 4, "at least 5 samples.*got 4"),
        ("0.5,2,3\n" * 9, "begin with a line of column names; got numbers, 0.5, 2, 3"),
        (HEAD + "1,2,3,x\n" * 9, "as many cells in a line as column names, 3; it has more"),
        (HEAD + GOOD + "1,2,3,x\n", "cannot be read.*Expected 3 fields in line 11, saw 4"),
        ("", "it is empty"),
        ("\n\n", "it is empty"),
        (HEAD + GOOD + "1," + "9" * 200_000 + "x,x\n", r"got '9{39}\.\.\.9+x' in data row 10"),
        ("x" * 90 + ",b\n" + "1,two\n" * 9, "Column 'b'"),
        ("x" * 90 + "\n" + "two\n" * 9, r"Column 'x{39}\.\.\.x{16}' of t.csv must hold numbers; got 'two'"),
        (HEAD + '1,"2,x\n' * 9, "cannot be read"),
        (HEAD + "1,2020-01-01,x\n" * 9, "got '2020-01-01' in data row 1"),
        (HEAD + "1,True,x\n1,2,x\n" * 9, "got 'True' in data row 1"),
        (HEAD + GOOD + "1,1_000,x\n", "got '1_000' in data row 10"),
        (HEAD + GOOD + "1,2," + "x" * 1001 + "\n", "must have 1 to 1000 characters; one of them has 1001"),
    ],
)
def test_csv_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        load_dataset(tmp_path / "t.csv")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ((HEAD + GOOD).encode("utf-16"), "must be text in UTF-8; got the byte 0xff"),
        (b"a,b,label\n" + b"1,2,\xe9t\xe9\n" * 9, "must be text in UTF-8; got the byte 0xe9"),
        (b"\x1f\x8b\x08\x00" + bytes(20), "must be text in UTF-8; got the byte 0x8b"),
        (b"\0" * 30, "must hold numbers|has no name|at least"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_dataset(tmp_path / "t.csv")


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_byte_order_mark_and_line_endings_are_no_data(tmp_path: Path, encoding: str, ending: str) -> None:
    text = (HEAD + "1,2.5,été\n3,4.5,x\n" * 5).replace("\n", ending)
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    data = load_dataset(tmp_path / "t.csv")
    assert data.class_names == ("x", "été")
    expected = np.array([[1, 2.5, 1], [3, 4.5, 0]] * 5)
    np.testing.assert_array_equal(rows(data), expected[np.lexsort(expected.T)])


def test_numbers_beyond_64_bits_are_numbers(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n" + "99999999999999999999,1\n-99999999999999999999,2\n" * 5)
    data = load_dataset(tmp_path / "t.csv", options=DataOptions(scale="none"))
    assert set(np.vstack([data.X_train, data.X_test])[:, 0].tolist()) == {
        float(np.float32(1e20)),
        float(np.float32(-1e20)),
    }


@pytest.mark.parametrize("count", [50_001, 3_000_000])
def test_line_of_a_million_columns_is_refused(tmp_path: Path, count: int) -> None:
    (tmp_path / "t.csv").write_bytes(b",".join([b"c"] * count) + b"\n")
    with pytest.raises(InputError, match=f"at most 50,000 columns; got {count:,}: store them as .npy"):
        load_dataset(tmp_path / "t.csv")


def test_one_long_label_does_not_cost_every_row_its_length(tmp_path: Path) -> None:
    import tracemalloc

    (tmp_path / "t.csv").write_text("a,label\n" + "1,x\n" * 200_000 + "2," + "y" * 1000 + "\n")
    load_dataset(tmp_path / "t.csv")
    tracemalloc.start()
    assert load_dataset(tmp_path / "t.csv").n_classes == 2
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2e8  # an array of text would take 8e8


@pytest.mark.parametrize("kind", ["string", "category", "int64", "bool"])
def test_labels_of_parquet(tmp_path: Path, kind: str) -> None:
    labels = pd.Series([True, False] * 5 if kind == "bool" else ["7", "10"] * 5).astype(kind)
    pd.DataFrame({"a": np.arange(10.0), "label": labels}).to_parquet(tmp_path / "t.parquet")
    names = {"bool": ("False", "True"), "int64": ("7", "10")}.get(kind, ("10", "7"))
    assert load_dataset(tmp_path / "t.parquet").class_names == names


def test_index_of_parquet_is_no_feature_but_may_be_the_labels(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": np.arange(10.0), "b": 1.0, "id": np.arange(10), "label": list("xy" * 5)})
    frame.set_index("id").to_parquet(tmp_path / "t.parquet")
    assert load_dataset(tmp_path / "t.parquet").n_features == 2
    frame.set_index("label").to_parquet(tmp_path / "t.parquet")
    data = load_dataset(tmp_path / "t.parquet")
    assert (data.n_features, data.class_names) == (3, ("x", "y"))


def test_names_with_dots_are_no_paths(tmp_path: Path) -> None:
    pd.DataFrame({"a.b": np.arange(10.0), "a": 5.0}).to_parquet(tmp_path / "t.parquet")
    found = load_dataset(tmp_path / "t.parquet")
    assert sorted(np.vstack([found.X_train, found.X_test]).tolist()) == [[float(i), 5.0] for i in range(10)]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pd.Series(["1", "two"] * 5), "Column 'a' of t.parquet must hold numbers; got the type .*string"),
        (pd.Series(["1", "2"] * 5, dtype="category"), "must hold numbers; got the type dictionary"),
        (pd.Series(pd.date_range("2020", periods=10)), "got the type timestamp"),
        (pd.Series([[1, 2]] * 10), "got the type list"),
        (pd.Series([{"x": 1}] * 10), "got the type struct"),
        (pd.Series([b"x"] * 10), "got the type binary"),
        (pd.Series([None] * 10), "column 'a' has 10 values"),
        (pd.Series([1, None] * 5, dtype="Int64"), "column 'a' has 5 values"),
        (pd.Series([1, None] * 5, dtype="UInt8"), "column 'a' has 5 values"),
        (pd.Series([1e300] * 10), "float32"),
    ],
)
def test_parquet_refused(tmp_path: Path, column: Any, message: str) -> None:
    pd.DataFrame({"a": column}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match=message):
        load_dataset(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (pd.Series(["x", None] * 5), "Column 'label' of t.parquet must have a label in each row; 5 of 10"),
        (pd.Series(pd.date_range("2020", periods=10)), "whole numbers or text; got the type timestamp"),
        (pd.Series([0.5] * 10), "whole numbers below"),
    ],
)
def test_labels_of_parquet_refused(tmp_path: Path, label: Any, message: str) -> None:
    pd.DataFrame({"a": np.arange(10.0), "label": label}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match=message):
        load_dataset(tmp_path / "t.parquet")


def test_small_parquet_must_not_unpack_to_much(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    group = pa.table({"a": pa.repeat(1.5, 1_000_000)})
    with pq.ParquetWriter(tmp_path / "t.parquet", group.schema) as writer:
        for _ in range(20):
            writer.write_table(group)
    assert (tmp_path / "t.parquet").stat().st_size < 10**6
    with pytest.raises(InputError, match=r"t.parquet must not unpack to more than 536,870,912 bytes"):
        load_dataset(tmp_path / "t.parquet")
