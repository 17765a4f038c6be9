"""Rows and batches: the same values, wherever the samples lie, and every one of them once an epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from benchmark.datasets import load_dataset
from benchmark.datasets import mapped as mapped_files
from benchmark.errors import InputError
from reducers.checks import make_data
from reducers.registry import find_reducers, make_reducer
from reducers.rows import Rows, extent
from reducers.training import batches as batch_module
from reducers.training.batches import Batches, Streamed, make_batches

N, D = 5000, 64
CPU = torch.device("cpu")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pixels(n: int = N) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (n, D), dtype=np.uint8)


def on_disk(X: NDArray[Any], folder: Path) -> np.memmap[Any, Any]:
    np.save(folder / "X.npy", X)
    stored = np.load(folder / "X.npy", mmap_mode="r")
    assert isinstance(stored, np.memmap)
    return stored


@pytest.fixture(params=["bytes", "floats", "file of bytes", "file of doubles"])
def rows(request: pytest.FixtureRequest, tmp_path: Path) -> Rows:
    """The same pixels, stored in four ways."""
    stored: NDArray[Any] = pixels()
    if "floats" in request.param or "doubles" in request.param:
        stored = stored.astype(np.float64 if "doubles" in request.param else np.float32)
    return Rows(on_disk(stored, tmp_path) if "file" in request.param else stored, scale=255.0)


def test_rows_are_what_an_array_would_be(rows: Rows) -> None:
    X = (pixels() / 255.0).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(rows), X)
    np.testing.assert_array_equal(rows[10:2000], X[10:2000])
    some = np.array([3, 4999, 7])
    np.testing.assert_array_equal(rows[some], X[some])
    assert (rows.shape, len(rows), rows[:5].dtype) == (X.shape, N, np.float32)
    assert extent(rows) == extent(X)
    blocks = [rows[start : start + 999] for start in range(0, N, 999)]
    np.testing.assert_array_equal(np.concatenate(blocks), X)


def test_rows_of_an_index_are_those_alone(tmp_path: Path) -> None:
    X = pixels().astype(np.float32)
    index = np.array([5, 17, 4000])
    part = Rows(on_disk(X, tmp_path), index, offset=1.0, scale=2.0)
    np.testing.assert_array_equal(np.asarray(part), (X[index] - 1) / 2)
    np.testing.assert_array_equal(part[np.array([2, 0])], (X[index[[2, 0]]] - 1) / 2)


def test_float_rows_that_need_no_scaling_are_not_copied() -> None:
    X = pixels().astype(np.float32)
    assert np.shares_memory(np.asarray(Rows(X)), X)
    assert not np.shares_memory(Rows(X)[:10], X)


def test_an_epoch_gives_every_sample_once_in_a_new_order_each_time(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_module, "_BUFFER_BYTES", 2 * 1024 * D * 4)  # two chunks a buffer
    data, rng, X = make_batches(rows, CPU), generator(), np.asarray(rows)
    first, second = (torch.cat(list(data.epoch(256, rng))).numpy() for _ in range(2))
    for seen in (first, second):
        np.testing.assert_array_equal(np.sort(seen, axis=0), np.sort(X, axis=0))
    assert not np.array_equal(first, second)
    sizes = [len(batch) for batch in data.epoch(256, rng)]
    assert sizes == [256] * (N // 256) + [N % 256]


def test_the_same_generator_gives_the_same_order(rows: Rows) -> None:
    data = make_batches(rows, CPU)
    one, other = (torch.cat(list(data.epoch(100, generator(3)))) for _ in range(2))
    assert torch.equal(one, other)


def test_a_streamed_epoch_mixes_rows_from_all_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n = 40_000
    stored = on_disk(np.arange(n, dtype=np.float32).reshape(n, 1), tmp_path)
    monkeypatch.setattr(batch_module, "_BUFFER_BYTES", 8 * 1024 * 4)
    data = make_batches(Rows(stored), CPU)
    assert isinstance(data, Streamed)
    spread = [float(batch.max() - batch.min()) for batch in data.epoch(256, generator())]
    assert np.median(spread) > n / 2


def test_blocks_keep_the_order_and_samples_are_distinct(rows: Rows) -> None:
    data = make_batches(rows, CPU)
    np.testing.assert_array_equal(torch.cat(list(data.blocks(700))).numpy(), np.asarray(rows))
    drawn = data.sample(1000, generator())
    assert drawn.shape == (1000, D)
    assert len(np.unique(drawn.numpy(), axis=0)) == 1000
    assert len(data.sample(10**6, generator())) == N


def test_mapped_batches_are_the_function_of_the_samples(rows: Rows) -> None:
    def halves(x: torch.Tensor) -> torch.Tensor:
        return x[:, : x.shape[1] // 2]

    twice: Batches = make_batches(rows, CPU).mapped(halves).mapped(halves)
    assert twice.shape == (N, D // 4)
    got = torch.cat(list(twice.blocks()))
    np.testing.assert_array_equal(got.numpy(), np.asarray(rows)[:, : D // 4])


def test_bytes_stay_bytes_on_the_device() -> None:
    data = make_batches(Rows(pixels(), scale=255.0), CPU)
    assert type(data) is Batches
    assert data.data.dtype == torch.uint8


STREAMING = [name for name in find_reducers() if make_reducer(name).streams]
FEW_EPOCHS = {"epochs": 3, "pretrain_epochs": 2, "hidden": (32, 16), "batch_size": 50}


def quick(name: str) -> Any:
    reducer = make_reducer(name, n_components=4)
    own = reducer.get_params()
    given = {key: value for key, value in FEW_EPOCHS.items() if key in own and own[key] != ()}
    return reducer.set_params(**given)


@pytest.mark.parametrize("name", STREAMING)
def test_bytes_give_the_same_codes_as_floats(name: str) -> None:
    stored = (make_data(300) * 255).astype(np.uint8)
    rows = Rows(stored, scale=255.0)
    from_bytes, from_floats = quick(name).fit(rows), quick(name).fit(np.asarray(rows))
    np.testing.assert_allclose(
        from_bytes.transform(rows), from_floats.transform(np.asarray(rows)), rtol=1e-5, atol=1e-5
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", STREAMING)
def test_every_streaming_reducer_learns_from_a_file(name: str, tmp_path: Path) -> None:
    X = make_data(3000)
    rows = Rows(on_disk(X, tmp_path))
    streamed, resident = quick(name).fit(rows), quick(name).fit(X)
    codes = streamed.transform(rows)
    np.testing.assert_allclose(codes, streamed.transform(X), rtol=1e-4, atol=1e-5)
    if hasattr(streamed, "history_"):
        # Another order of samples, so not the same weights; but it learned as well.
        losses = [fitted.history_[-1]["loss"] for fitted in (streamed, resident)]
        assert losses[0] == pytest.approx(losses[1], rel=0.1)
    else:
        np.testing.assert_allclose(codes, resident.transform(X), rtol=1e-3, atol=1e-4)


def test_a_file_of_another_width_is_refused(tmp_path: Path) -> None:
    fitted = make_reducer("pca", n_components=2).fit(make_data())
    narrow = Rows(on_disk(make_data()[:, :10], tmp_path))
    with pytest.raises(ValueError, match="10 features"):
        fitted.transform(narrow)


@pytest.fixture
def large_from_16_kib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped_files, "MAPPED_BYTES", 2**14)


@pytest.mark.usefixtures("large_from_16_kib")
def test_a_large_file_is_split_and_scaled_like_a_small_one(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(3.0, 5.0, (2000, 20))
    np.save(tmp_path / "large.npy", X)
    data = load_dataset(tmp_path / "large.npy")
    assert isinstance(data.X_train, Rows)
    train, test = data.scaled()
    assert (train.shape, test.shape) == ((1600, 20), (400, 20))
    assert (train.min(), train.max()) == pytest.approx((0.0, 1.0))
    back = np.concatenate([train, test]) * data.scale + data.offset
    np.testing.assert_allclose(np.sort(back, axis=0), np.sort(X, axis=0), rtol=1e-4, atol=1e-4)


def test_a_large_file_has_the_digest_of_a_small_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "X.npy", make_data(500))
    small = load_dataset(tmp_path / "X.npy").sha256
    monkeypatch.setattr(mapped_files, "MAPPED_BYTES", 2**10)
    assert load_dataset(tmp_path / "X.npy").sha256 == small


@pytest.mark.usefixtures("large_from_16_kib")
@pytest.mark.parametrize(("value", "said"), [(np.nan, "column 3 has 1 value"), (1e300, "float32's")])
def test_a_large_file_is_searched_to_its_end(tmp_path: Path, value: float, said: str) -> None:
    X = np.zeros((3000, 20))
    X[2999, 3] = value
    np.save(tmp_path / "large.npy", X)
    with pytest.raises(InputError, match=said):
        load_dataset(tmp_path / "large.npy")


@pytest.mark.usefixtures("large_from_16_kib")
def test_a_large_file_by_columns_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "large.npy", np.asfortranarray(np.zeros((3000, 20))))
    with pytest.raises(InputError, match=r"must be stored row by row \(C order\)"):
        load_dataset(tmp_path / "large.npy")


@pytest.mark.usefixtures("large_from_16_kib")
def test_a_small_part_of_a_large_file_is_held_in_memory(tmp_path: Path) -> None:
    np.save(tmp_path / "large.npy", make_data(2000))
    data = load_dataset(tmp_path / "large.npy", n_train=50, n_test=10)
    assert isinstance(data.X_train, np.ndarray)
    assert not isinstance(data.X_train, np.memmap)
    assert (data.n_train, data.n_test) == (50, 10)
