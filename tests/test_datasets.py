"""IDX files, the named data sets, splits, sub-samples and scaling."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.datasets import DATASETS, Dataset, load_dataset, read_idx
from benchmark.datasets.catalog.declarations import FILES
from benchmark.datasets.catalog.named import read_directory
from benchmark.datasets.split import allocate, split_indices, stratified_sample, subsample
from benchmark.errors import InputError

DIGIT_NAMES = tuple("0123456789")


def idx_bytes(shape: tuple[int, ...], body: bytes, kind: int = 8) -> bytes:
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, kind, len(shape), *shape) + body


@pytest.mark.parametrize("shape", [(6,), (2, 3), (3, 2, 4), (0, 5)])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_read_idx_returns_the_array(tmp_path: Path, shape: tuple[int, ...], suffix: str) -> None:
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    content = idx_bytes(shape, array.tobytes())
    path = tmp_path / f"images{suffix}"
    path.write_bytes(gzip.compress(content) if suffix else content)
    np.testing.assert_array_equal(read_idx(path), array)
    assert read_idx(path).dtype == np.uint8


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty file"),
        (b"\x00\x00", "00 00 08"),
        (b"\x01\x00\x08\x01\x00\x00\x00\x00", "got 01 00 08 01"),
        (idx_bytes((1,), b"\x00" * 4, kind=0x0D), "unsigned bytes"),
        (idx_bytes((), b"\x00"), "dimensions"),
        (idx_bytes((1, 1, 1, 1, 1), b"\x00"), "1 to 4"),
        (idx_bytes((2, 3), b"")[:8], "within its header"),
        (idx_bytes((2, 3), b"12345"), "truncated: it declares 6 bytes .* and holds 5"),
        (idx_bytes((2, 3), b"1234567"), "more than the 6 bytes"),
        (idx_bytes((2**32 - 1, 2**32 - 1), b"12"), "at most 1073741824"),
        (idx_bytes((2**30 + 1,), b"12"), "at most 1073741824"),
        (idx_bytes((0, 2**32 - 1, 2**32 - 1, 5), b""), "at most 1073741824"),
    ],
)
def test_read_idx_refuses(tmp_path: Path, content: bytes, message: str, suffix: str) -> None:
    path = tmp_path / f"images{suffix}"
    path.write_bytes(gzip.compress(content) if suffix else content)
    with pytest.raises(InputError, match=message) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


def test_read_idx_refuses_damaged_gzip(tmp_path: Path) -> None:
    whole = gzip.compress(idx_bytes((5000,), np.random.default_rng(0).bytes(5000)))
    flipped = bytearray(whole)
    flipped[-6] ^= 1  # within the checksum
    for content in (b"no gzip at all", whole[: len(whole) // 2], whole[:-4], bytes(flipped)):
        (tmp_path / "images.gz").write_bytes(content)
        with pytest.raises(InputError, match=r"cannot be read|truncated"):
            read_idx(tmp_path / "images.gz")
    with pytest.raises(InputError, match="No such file"):
        read_idx(tmp_path / "absent.gz")


def test_read_idx_holds_a_file_once(tmp_path: Path) -> None:
    """Asked for all of it at once, gzip would make a copy of all of it."""
    import tracemalloc

    (tmp_path / "images.gz").write_bytes(gzip.compress(idx_bytes((2**25,), bytes(2**25)), 1))
    tracemalloc.start()
    assert read_idx(tmp_path / "images.gz").shape == (2**25,)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.2 * 2**25


def test_read_idx_reads_no_more_than_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file that unpacks to 300 MB is refused at the first byte too many."""
    import tracemalloc

    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(idx_bytes((10,), b""))
        for _ in range(300):
            file.write(bytes(2**20))
    tracemalloc.start()
    with pytest.raises(InputError, match="more than the 10 bytes"):
        read_idx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * 2**20


@pytest.mark.parametrize(
    ("which", "array", "message"),
    [
        (1, np.zeros(5, np.uint8), "6 samples and 5 labels .train part."),
        (3, np.zeros((6, 1), np.uint8), "one label a sample"),
        (0, np.zeros((6, 16), np.uint8), r"same features; got the shapes \(6, 16\) and \(6, 4, 4\)"),
        (2, np.zeros((6, 4, 5), np.uint8), r"same features; got the shapes \(6, 4, 4\) and \(6, 4, 5\)"),
        (3, np.full(6, 10, np.uint8), "0 to 9; got 10"),
    ],
)
def test_images_and_labels_must_fit(tmp_path: Path, which: int, array: np.ndarray, message: str) -> None:
    arrays = [np.zeros((6, 4, 4), np.uint8), np.zeros(6, np.uint8)] * 2
    arrays[which] = array
    for name, content in zip(FILES, arrays, strict=True):
        (tmp_path / name).write_bytes(gzip.compress(idx_bytes(content.shape, content.tobytes())))
    with pytest.raises(InputError, match=message) as caught:
        read_directory(tmp_path, DIGIT_NAMES)
    assert str(tmp_path) in str(caught.value)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


def test_digits(digits: Dataset) -> None:
    from sklearn.datasets import load_digits

    assert (digits.n_train, digits.n_test, digits.n_features) == (1438, 359, 64)
    assert digits.image_shape == (8, 8)
    assert digits.class_names == DIGIT_NAMES
    assert digits.X_train.dtype == np.uint8
    assert (digits.offset, digits.scale) == (0.0, 16.0)
    X, y = load_digits(return_X_y=True)
    mine = np.column_stack(
        [np.vstack([digits.X_train, digits.X_test]), np.concatenate([digits.y_train, digits.y_test])]
    )
    theirs = np.column_stack([X, y]).astype(int)
    np.testing.assert_array_equal(mine[np.lexsort(mine.T)], theirs[np.lexsort(theirs.T)])
    assert digits.y_test is not None
    share = np.bincount(digits.y_test) / np.bincount(y)
    assert np.abs(share - 0.2).max() < 0.01


def test_same_seed_same_data_other_seed_other_split(digits: Dataset) -> None:
    again, other = load_dataset("digits"), load_dataset("digits", seed=1)
    np.testing.assert_array_equal(digits.X_train, again.X_train)
    np.testing.assert_array_equal(digits.y_test, again.y_test)
    assert not np.array_equal(digits.X_train, other.X_train)
    sub = load_dataset("digits", n_train=50)
    assert digits.sha256 == again.sha256 == other.sha256 == sub.sha256
    assert len(bytes.fromhex(digits.sha256)) == 32


def test_scaled_gives_new_float32(digits: Dataset) -> None:
    train, test = digits.scaled()
    for scaled, X in ((train, digits.X_train), (test, digits.X_test)):
        assert scaled.dtype == np.float32
        assert scaled.flags.c_contiguous
        np.testing.assert_array_equal(scaled, X / np.float32(16))
    train[:] = -1
    assert digits.X_train.max() == 16
    assert digits.scaled()[0].min() == 0


def test_sub_samples_are_proportional_and_rows_of_the_whole(digits: Dataset) -> None:
    sub = load_dataset("digits", n_train=100, n_test=10**9)
    assert (sub.n_train, sub.n_test) == (100, digits.n_test)
    assert sub.y_train is not None
    assert digits.y_train is not None
    exact = 100 * np.bincount(digits.y_train) / digits.n_train
    assert np.abs(np.bincount(sub.y_train, minlength=10) - exact).max() < 1
    whole = {
        (*row, label) for row, label in zip(digits.X_train.tolist(), digits.y_train.tolist(), strict=True)
    }
    part = {(*row, label) for row, label in zip(sub.X_train.tolist(), sub.y_train.tolist(), strict=True)}
    assert part <= whole


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("seed", -1, "seed must be .* at least 0; got -1"),
        ("seed", True, "seed must be"),
        ("n_train", 0, "n_train must be .* at least 1; got 0"),
        ("n_test", 2.5, "n_test must be .* got 2.5"),
    ],
)
def test_numbers_out_of_range(name: str, value: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_dataset("digits", **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "hint"), [("mnits", "mnist"), ("Fashion_MNIST", "fashion-mnist"), ("digit", "digits")]
)
def test_unknown_name_suggests(given: str, hint: str) -> None:
    with pytest.raises(InputError, match=f"Did you mean '{hint}'") as caught:
        load_dataset(given)
    for part in (given, "fashion-mnist, iris, kmnist, mnist", ".csv, .csv.gz, .npy, .npz, .parquet"):
        assert part in str(caught.value)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.data())
def test_allocation_is_exact_proportional_and_leaves_none_out(counts: list[int], data: st.DataObject) -> None:
    size = data.draw(st.integers(0, sum(counts)))
    quota = allocate(np.array(counts), size)
    assert quota.sum() == size
    assert (quota >= 0).all()
    assert (quota <= counts).all()
    if size >= len(counts):
        assert (quota > 0).all()
    exact = size * np.array(counts) / sum(counts)
    if (exact >= 1).all():
        assert np.abs(quota - exact).max() < 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=5, max_size=60), st.integers(0, 3))
def test_split_is_a_partition(labels: list[int], seed: int) -> None:
    y = np.array(labels)
    train, test = split_indices(len(y), y, np.random.default_rng(seed))
    assert sorted([*train, *test]) == list(range(len(y)))
    assert len(test) == max(1, round(0.2 * len(y)))
    counts = np.bincount(y)[np.unique(y)]
    if counts.min() >= 2 and len(counts) <= len(test):
        assert set(y[train]) == set(y[test]) == set(labels)


def test_class_of_one_sample_is_split_at_random() -> None:
    """Stratified, the lone sample would always be tested with and never trained with."""
    splits = [split_indices(11, np.array([0] * 10 + [1]), np.random.default_rng(seed)) for seed in range(30)]
    assert all(sorted([*train, *test]) == list(range(11)) for train, test in splits)
    assert 0 < sum(10 in test for _, test in splits) < 30


def test_subsample_stays_within_the_rows() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 100)
    rows = rng.permutation(100)[:60]
    chosen = subsample(rows, y, 30, rng)
    assert len(set(chosen.tolist())) == 30
    assert set(chosen.tolist()) <= set(rows.tolist())
    exact = 30 * np.bincount(y[rows]) / 60
    assert np.abs(np.bincount(y[chosen]) - exact).max() < 1
    assert subsample(rows, y, 60, rng) is rows
    unlabelled = subsample(np.arange(100), None, 40, rng)
    assert len(set(unlabelled.tolist())) == 40


def test_stratified_sample_of_sixty_thousand_is_shuffled() -> None:
    y = np.random.default_rng(0).integers(0, 10, 60000)
    chosen = stratified_sample(y, 10000, np.random.default_rng(0))
    assert len(np.unique(chosen)) == 10000
    assert not np.array_equal(np.sort(y[chosen]), y[chosen])  # a slice of it has all classes


def test_import_brings_in_nothing_heavy() -> None:
    heavy = ("sklearn", "scipy", "pandas", "pyarrow", "pooch", "requests", "torch")
    code = f"import sys, benchmark.datasets; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_every_data_set_is_described() -> None:
    assert all(bool(info.mirrors) != bool(info.load) for info in DATASETS.values())
    for name, info in DATASETS.items():
        assert info.name == name
        assert len(info.class_names) == len(set(info.class_names)) == (10 if info.mirrors else 0)
        assert info.summary
        assert info.citation
        assert info.url.startswith("http")
        assert len(info.mirrors) == 0 or len(info.sha256) == len(FILES)


@pytest.mark.skipif(
    not (Path(os.environ.get("BENCHMARK_DATA_DIR", "")) / "mnist" / FILES[0]).is_file(),
    reason="BENCHMARK_DATA_DIR names no directory with mnist in it",
)
def test_real_mnist() -> None:
    mnist = load_dataset("mnist", download=False)
    assert (mnist.n_train, mnist.n_test, mnist.n_features) == (60000, 10000, 784)
    assert mnist.y_train is not None
    assert mnist.y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert np.bincount(mnist.y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert mnist.X_train.mean() / mnist.scale == pytest.approx(0.1307, abs=1e-4)
    assert (mnist.offset, mnist.scale, mnist.image_shape) == (0.0, 255.0, (28, 28))
    assert mnist.X_train.dtype == np.uint8
