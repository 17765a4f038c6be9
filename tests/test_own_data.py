"""Arrays of the user's own: what is read from .npz and .npy files, and what is refused in which words."""

from __future__ import annotations

import pickle
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.datasets import Dataset, load_dataset
from benchmark.errors import InputError
from benchmark.results import check_run_name

RNG = np.random.default_rng(0)
X = RNG.normal(3, 10, (40, 6))
Y = np.repeat([3, 7], 20)


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path / "own.npz", **arrays)
    return path / "own.npz"


def rows(dataset: Dataset) -> np.ndarray:
    """All samples with their labels, in an order that does not depend on the split."""
    X = np.vstack([dataset.X_train, dataset.X_test]).astype(float)
    if dataset.y_train is not None:
        X = np.column_stack([X, np.concatenate([dataset.y_train, dataset.y_test])])
    return np.asarray(X[np.lexsort(X.T)])


def test_whole_npz_is_split_and_scaled_by_its_training_part(tmp_path: Path) -> None:
    data = load_dataset(npz(tmp_path, X=X, y=Y))
    assert re.fullmatch("own-[0-9a-f]{6}", data.name)
    assert data.class_names == ("3", "7")
    assert data.image_shape is None
    assert data.y_train is not None
    assert data.y_test is not None
    assert np.bincount(data.y_train).tolist() == [16, 16]
    assert np.bincount(data.y_test).tolist() == [4, 4]
    expected = np.column_stack([X.astype(np.float32), Y == 7])
    np.testing.assert_array_equal(rows(data), expected[np.lexsort(expected.T)])
    assert data.X_train.dtype == np.float32
    assert data.offset == data.X_train.min()
    train, test = data.scaled()
    assert (train.min(), train.max()) == (0, 1)
    np.testing.assert_allclose(
        test, (data.X_test - data.X_train.min()) / np.ptp(data.X_train), rtol=1e-5, atol=1e-6
    )


def test_distances_keep_their_order(tmp_path: Path) -> None:
    """One affine map for all features: distances change by one factor only."""
    data = load_dataset(npz(tmp_path, X=X * [1, 100, 1, 1, 1, 1]))
    before = np.linalg.norm(data.X_train[0] - data.X_train[1:], axis=1)
    after = np.linalg.norm(data.scaled()[0][0] - data.scaled()[0][1:], axis=1)
    np.testing.assert_allclose(after, before / data.scale, rtol=1e-4)


def test_given_split_stays_in_order(tmp_path: Path) -> None:
    path = npz(
        tmp_path,
        X_train=X[:30],
        y_train=np.array(list("ab" * 15)),
        X_test=X[30:],
        y_test=np.array(list("c" * 10)),
    )
    data = load_dataset(path, seed=5)
    np.testing.assert_array_equal(data.X_train, X[:30].astype(np.float32))
    np.testing.assert_array_equal(data.X_test, X[30:].astype(np.float32))
    assert data.class_names == ("a", "b", "c")
    np.testing.assert_array_equal(data.y_train, [0, 1] * 15)
    np.testing.assert_array_equal(data.y_test, [2] * 10)


def test_given_split_of_bytes_is_held_once(tmp_path: Path) -> None:
    path = npz(tmp_path, X_train=np.ones((8000, 1000), np.uint8), X_test=np.ones((2000, 1000), np.uint8))
    load_dataset(path)
    tracemalloc.start()
    data = load_dataset(path)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert data.n_train == 8000
    assert held < 11e6
    assert peak < 15e6


def test_keras_names_and_missing_label_parts(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (20, 3, 7), dtype=np.uint8)
    data = load_dataset(npz(tmp_path, x_train=images[:12], x_test=images[12:], y_test=np.arange(8.0)))
    assert data.y_train is None
    np.testing.assert_array_equal(data.y_test, np.arange(8))
    assert data.n_classes == 8
    assert data.image_shape == (3, 7)
    assert data.X_train.dtype == np.uint8
    assert (data.offset, data.scale) == (0.0, 255.0)
    np.testing.assert_array_equal(data.X_train, images[:12].reshape(12, 21))


def test_npy_without_labels(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.asfortranarray(RNG.random((25, 16)).astype(">f4")))
    data = load_dataset(tmp_path / "a.npy")
    assert (data.n_train, data.n_test, data.n_classes) == (20, 5, 0)
    assert data.y_train is data.y_test is None
    assert data.image_shape is None
    assert (data.offset, data.scale) == (0.0, 1.0)  # lies in [0, 1] already
    assert data.X_train.flags.c_contiguous
    assert data.X_train.dtype == np.dtype("=f4")
    sub = load_dataset(tmp_path / "a.npy", n_train=7, n_test=2)
    assert (sub.n_train, sub.n_test) == (7, 2)


@pytest.mark.parametrize("n_features", [9, 25, 784])
def test_features_are_no_image_unless_somebody_says_so(tmp_path: Path, n_features: int) -> None:
    """Complaint 11: 25 columns were taken for pictures of 5 x 5."""
    assert load_dataset(npz(tmp_path, X=RNG.random((10, n_features)))).image_shape is None


@pytest.mark.parametrize(
    ("array", "offset", "scale"),
    [
        (np.arange(40, dtype=np.uint16).reshape(10, 4) * 1000, None, None),
        (np.full((10, 4), 7.5), 7.5, 1.0),
        (np.zeros((10, 4), dtype=bool), 0.0, 1.0),
        (np.tile([-3e38, 3e38], (10, 2)), None, None),
    ],
)
def test_other_types_become_float32_in_unit_range(
    tmp_path: Path, array: np.ndarray, offset: float | None, scale: float | None
) -> None:
    data = load_dataset(npz(tmp_path, X=array))
    assert data.X_train.dtype == np.float32
    train, _ = data.scaled()
    assert np.isfinite(train).all()
    if offset is None:
        assert (train.min(), train.max()) == (0, 1)
    else:
        assert (data.offset, data.scale) == (offset, scale)
        assert not train.any()


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (np.array([2, 10] * 5), ("2", "10")),
        (np.array([-1.0, 4.0] * 5), ("-1", "4")),
        (np.array([b"b", b"a"] * 5), ("a", "b")),
        (np.array([2**63 - 1, 1] * 5), ("1", str(2**63 - 1))),
        (np.zeros(10, np.uint8), ("0",)),
    ],
)
def test_labels_are_numbered_in_order(tmp_path: Path, labels: np.ndarray, names: tuple[str, ...]) -> None:
    data = load_dataset(npz(tmp_path, X=np.arange(10.0)[:, None] / 10, y=labels))
    assert data.class_names == names
    assert data.y_train is not None
    assert data.y_train.dtype == np.int64
    found = [names[code] for code in data.y_train]
    rows = np.rint(data.X_train[:, 0] * 10).astype(int)
    given = labels[rows]
    assert found == [g.decode() if isinstance(g, bytes) else str(int(g)) for g in given]


def test_class_with_one_sample_and_constant_column(tmp_path: Path) -> None:
    data = load_dataset(npz(tmp_path, X=np.column_stack([X, np.ones(40)]), y=np.arange(40) // 39))
    assert (data.n_train, data.n_test, data.n_classes) == (32, 8, 2)


def test_hash_identifies_the_data(tmp_path: Path) -> None:
    first = load_dataset(npz(tmp_path, X=X, y=Y)).sha256
    assert load_dataset(npz(tmp_path, X=X, y=Y), seed=3, n_train=5).sha256 == first
    changed = X.copy()
    changed[4, 2] += 1
    others = [
        load_dataset(npz(tmp_path, X=changed, y=Y)).sha256,
        load_dataset(npz(tmp_path, X=X, y=Y[::-1])).sha256,
        load_dataset(npz(tmp_path, X=X)).sha256,
        load_dataset(npz(tmp_path, X=X.reshape(80, 3))).sha256,
        load_dataset(npz(tmp_path, X_train=X[:20], X_test=X[20:])).sha256,
    ]
    assert len({first, *others}) == 6


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("plain.npy", "plain"),
        ("with space & ünicode.npy", "with-space-nicode"),
        ("..a..b.npy", "a.b"),
        ("---.npy", "data"),
        ("mnist.npy", "mnist"),
        ("x" * 200 + ".npy", "x" * 80),
    ],
)
def test_name_can_name_a_directory(tmp_path: Path, file: str, name: str) -> None:
    np.save(tmp_path / file, X)
    found = load_dataset(tmp_path / file)
    assert found.name == check_run_name(found.name) == f"{name}-{found.sha256[:6]}"


def test_other_data_of_the_same_name_have_another_name(tmp_path: Path) -> None:
    """Complaint 1: a/data.npy and b/data.npy had one name, so one run."""
    names = set()
    for place, values in (("a", X), ("b", X[::-1])):
        (tmp_path / place).mkdir()
        np.save(tmp_path / place / "data.npy", values)
        names.add(load_dataset(tmp_path / place / "data.npy").name)
    assert len(names) == 2


def bad(value: float, count: int = 1) -> np.ndarray:
    array = X.copy()
    array[5 : 5 + count, 2] = value
    return array


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": bad(np.nan)}, "X of own.npz must be finite; column 2 has 1 value that is NaN or infinite"),
        ({"X": bad(-np.inf, 3)}, "column 2 has 3 values that are NaN or infinite"),
        ({"X": bad(1e39, 2)}, "float32.*column 2 has 2 values that are beyond it"),
        ({"X": 1e10 + RNG.random((10, 2))}, "float32 can tell apart"),
        ({"X": X[:4]}, "at least 5 samples.*got 4"),
        ({"X": X[:, :0]}, "at least one feature.*(40, 0)"),
        ({"X": X[:0]}, "at least 5 samples.*got 0"),
        ({"X": X[0]}, "shape .*got \\(6,\\)"),
        ({"X": X.reshape(2, 2, 2, 30)}, "shape"),
        ({"X": X.astype(complex)}, "real numbers; got the type complex128"),
        ({"X": X.astype(str)}, "real numbers"),
        ({"X": X.astype(object)}, "X of own.npz.*Python objects"),
        ({"X": X, "y": Y.astype(object)}, "y of own.npz.*Python objects"),
        ({"X": X, "y": Y[:-1]}, "40 samples and 39 labels"),
        ({"X": X, "y": Y[:, None]}, "one label a sample"),
        ({"X": X, "y": np.where(Y == 3, np.nan, 1)}, "missing; 20 of 40 are NaN"),
        ({"X": X, "y": Y + 0.5}, "whole numbers.*got 3.5"),
        ({"X": X, "y": np.full(40, 2**63, np.uint64)}, "below 2\\^63"),
        ({"X": X, "y": Y.astype("M8[s]")}, "got the type datetime64"),
        ({"X": X, "target": Y}, "X \\(and y\\).*got X, target"),
        ({"X": X, "X_test": X}, "got X, X_test"),
        ({"X_train": X}, "got X_train"),
        ({"y": Y}, "X \\(and y\\)"),
        ({"X_train": X, "X_test": X[:, :3]}, "same features.*\\(40, 6\\) and \\(40, 3\\)"),
        ({"X_train": X, "X_test": X[:0]}, "no part may be empty"),
        ({"X_train": X, "X_test": X, "y_test": Y[:3]}, "40 samples and 3 labels \\(test part\\)"),
        ({"X_train": X, "X_test": X, "y_train": Y, "y_test": Y.astype(str)}, "all numbers or all text"),
        ({"X_train": X, "X_test": bad(np.nan)}, "X_test of own.npz must be finite"),
    ],
)
def test_arrays_refused(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load_dataset(npz(tmp_path, **arrays))
    assert "own.npz" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".csv", ".parquet"])
def test_damaged_missing_and_directory(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"d{suffix}"
    with pytest.raises(InputError, match="which is none of these"):
        load_dataset(path)
    for content in (b"", b"\x93NUMPY\x01\x00\xff", b"PK\x03\x04 broken", b"\xff\xfe\x00\x81" * 9):
        path.write_bytes(content)
        with pytest.raises(InputError) as caught:
            load_dataset(path)
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match="must hold images of the types"):
        load_dataset(path)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("save", [np.save, np.savez, np.savez_compressed])
def test_truncated_arrays(tmp_path: Path, save: Callable[..., None], cut: float) -> None:
    path = tmp_path / ("t.npy" if save is np.save else "t.npz")
    save(path, **({"arr": X} if save is np.save else {"X": X, "y": Y}))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * cut)])
    with pytest.raises(InputError, match=r"what its header promises|cannot be read as"):
        load_dataset(path)


@pytest.mark.parametrize(("depth", "scale"), [(np.uint8, 255.0), (np.uint16, 65535.0)])
def test_images_of_8_and_16_bits(tmp_path: Path, depth: type, scale: float) -> None:
    images = RNG.integers(0, np.iinfo(depth).max, (20, 4, 6), dtype=depth, endpoint=True)
    images[:, 0, 0], images[:, 0, 1] = 0, np.iinfo(depth).max
    data = load_dataset(npz(tmp_path, X=images))
    assert data.image_shape == (4, 6)
    assert data.scale == scale
    given = images.reshape(20, 24) / scale
    found = np.vstack(data.scaled())
    np.testing.assert_allclose(found[np.lexsort(found.T)], given[np.lexsort(given.T)], atol=1e-6)


def test_one_class_constant_columns_and_equal_samples_are_data(tmp_path: Path) -> None:
    data = load_dataset(npz(tmp_path, X=np.full((40, 3), -7.5), y=np.zeros(40, int)))
    assert (data.n_classes, data.n_train, data.n_features) == (1, 32, 3)
    assert not np.vstack(data.scaled()).any()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array(["a", ""] * 20), "must have 1 to 1000 characters; one of them has 0"),
        (np.array(["a", "b" * 1001] * 20), "one of them has 1001"),
        (np.array(["a", "\ud800"] * 20), "must be Unicode text"),
        (np.full(40, 0x7FFFFFFF, np.uint32).view("<U1"), "must be Unicode text"),
    ],
)
def test_labels_that_are_no_names(tmp_path: Path, labels: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_dataset(npz(tmp_path, X=X, y=labels))


def lying(shape: tuple[int, ...], kind: str = "<f4", length: int | None = None) -> bytes:
    """The bytes of an npy file whose header promises what 48 bytes are not."""
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    size = struct.pack("<I", len(text) if length is None else length)
    return b"\x93NUMPY\x02\x00" + size + text + bytes(48)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lying((10**12, 1)), r"promises, float32 of the shape \(1000000000000, 1\); got 48 bytes"),
        (lying((2**40, 2**40)), "got 48 bytes"),
        (lying((11,)), "got 48 bytes"),
        (lying((-4, -3)), "got 48 bytes"),
        (lying((10**15,), "<U0"), "got 48 bytes"),
        (lying((12,), "|O"), "never unpickled"),
        (lying((12,), "nothing"), "its own cannot be read"),
        (lying((12,), length=2**32 - 1), "at most 10000 bytes; got 4294967295"),
        (b"\x93NUMPY\x09\x09", "version 1 or 2"),
        (b"plain bytes", "npy format"),
    ],
)
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_header_is_checked_before_anything_is_allocated(
    tmp_path: Path, suffix: str, content: bytes, message: str
) -> None:
    path = tmp_path / f"own{suffix}"
    if suffix == ".npy":
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("X.npy", content)
    tracemalloc.start()
    with pytest.raises(InputError, match=message):
        load_dataset(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_small_npz_must_not_unpack_to_much(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "own.npz", X=np.zeros((2**20, 513), np.uint8))
    assert (tmp_path / "own.npz").stat().st_size < 2**20
    with pytest.raises(InputError, match=r"own.npz must not unpack to more than 536,870,912 bytes"):
        load_dataset(tmp_path / "own.npz")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_npz_of_another_compression_is_refused(tmp_path: Path, method: int) -> None:
    """Python unpacks their blocks whole, and a kilobyte of them can hold gigabytes."""
    with zipfile.ZipFile(tmp_path / "own.npz", "w", method) as archive:
        archive.writestr("X.npy", lying((12,)))
    with pytest.raises(InputError, match="stored or deflated"):
        load_dataset(tmp_path / "own.npz")


def test_npz_and_npy_taken_for_each_other(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", X)
    (tmp_path / "a.npy").rename(tmp_path / "a.npz")
    with pytest.raises(InputError, match=r"a.npz must be an .npz file; it holds a single array"):
        load_dataset(tmp_path / "a.npz")
    npz(tmp_path, X=X).rename(tmp_path / "b.npy")
    with pytest.raises(InputError, match=r"b.npy must be an array in the npy format"):
        load_dataset(tmp_path / "b.npy")


def test_unsupported_suffix(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_bytes(b"x")
    with pytest.raises(InputError, match=r"of type .csv, .csv.gz, .npy, .npz, .*; got .xlsx"):
        load_dataset(tmp_path / "t.xlsx")


class Trap:
    """Running its pickle would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_pickles_are_never_run(tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    trap = np.array([Trap(sprung)] * 6, dtype=object)
    np.save(tmp_path / "t.npy", trap, allow_pickle=True)
    (tmp_path / "raw.npy").write_bytes(pickle.dumps(Trap(sprung)))
    for path in (tmp_path / "t.npy", tmp_path / "raw.npy", npz(tmp_path, X=trap)):
        with pytest.raises(InputError):
            load_dataset(path)
    assert not sprung.exists()
