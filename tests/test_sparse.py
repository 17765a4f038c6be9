"""Sparse matrices of SciPy's in .npz files: the dense array they stand for, or one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from benchmark.datasets import load_dataset
from benchmark.datasets.data_options import DataOptions
from benchmark.datasets.formats import limits
from benchmark.errors import InputError

DENSE = sparse.random(30, 8, 0.2, random_state=0).toarray()
PLAIN = DataOptions(scale="none")


@pytest.mark.parametrize("kind", ["csr_array", "csr_matrix", "csc_array", "coo_array", "coo_matrix"])
@pytest.mark.parametrize("compressed", [True, False])
def test_a_sparse_matrix_is_read_as_what_it_stands_for(tmp_path: Path, kind: str, compressed: bool) -> None:
    sparse.save_npz(tmp_path / "words.npz", getattr(sparse, kind)(DENSE), compressed=compressed)
    data = load_dataset(tmp_path / "words.npz", options=PLAIN)
    np.testing.assert_array_equal(data.X_train, DENSE[data.rows_train].astype(np.float32))
    assert data.n_classes == 0
    assert data.image_shape is None


def parts(**changed: Any) -> dict[str, Any]:
    matrix = sparse.csr_array(DENSE)
    held = {"format": b"csr", "shape": matrix.shape, "data": matrix.data, "indices": matrix.indices}
    return {**held, "indptr": matrix.indptr, **changed}


OUTSIDE = sparse.csr_array(DENSE).indices.copy()
OUTSIDE[3] = 10_000_000


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"format": b"dia"}, "of the format coo, csc, csr; got 'dia': convert it"),
        ({"format": b"coo"}, "got 'coo'"),  # without its row and col
        ({"shape": (30,)}, "two dimensions"),
        ({"shape": (-1, 8)}, "two dimensions"),
        ({"indices": OUTSIDE}, r"w.npz is no sparse matrix: .*"),
        ({"indices": OUTSIDE * 0 - 5}, "is no sparse matrix"),
        ({"indptr": np.zeros(31, int)[::-1] - 1}, "is no sparse matrix"),
        ({"indptr": np.zeros(3, int)}, "is no sparse matrix"),
        ({"indptr": np.r_[np.arange(30), 0]}, "indptr must not decrease"),
        ({"indptr": np.r_[np.arange(30), 1 - 2**31].astype(np.int32)}, "indptr must not decrease"),
        ({"shape": (10**6, 10**6)}, "must not unpack to more than"),
        ({"data": np.array(["a"] * len(OUTSIDE))}, "w.npz"),
    ],
)
def test_what_is_no_matrix_is_refused(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    np.savez(tmp_path / "w.npz", **parts(**changed))
    with pytest.raises(InputError, match=said):
        load_dataset(tmp_path / "w.npz")


def test_an_unsound_place_in_a_coordinate_matrix_is_refused(tmp_path: Path) -> None:
    matrix = sparse.coo_array(DENSE)
    row = matrix.row.copy()
    row[0] = 99
    np.savez(tmp_path / "w.npz", format=b"coo", shape=matrix.shape, data=matrix.data, row=row, col=matrix.col)
    with pytest.raises(InputError, match="is no sparse matrix"):
        load_dataset(tmp_path / "w.npz")


def test_a_matrix_too_large_to_be_dense_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SMALL", 2**20)
    sparse.save_npz(tmp_path / "wide.npz", sparse.csr_array((1000, 2000)))
    with pytest.raises(
        InputError, match=r"wide.npz must not unpack to more than .* it would take 16,040,000"
    ):
        load_dataset(tmp_path / "wide.npz")
