"""Arrays in an .npz file, as `numpy.savez`, its compressed form and `scipy.sparse.save_npz` write it."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path

import numpy as np

from benchmark.datasets.arrays import Arrays, check_arrays
from benchmark.datasets.formats.limits import ROW_BYTES, check_size
from benchmark.datasets.formats.npy import MAGIC, check_npy
from benchmark.datasets.formats.sparse_matrix import is_sparse, to_dense
from benchmark.errors import InputError, choices

_WHOLE = frozenset({"x", "y"})
_SPLIT = frozenset({"x_train", "y_train", "x_test", "y_test"})


def read_npz(path: Path) -> Arrays:
    """Read samples and labels by their names, in upper or lower case: X and y, or the four of a split.

    The parts of a sparse matrix of SciPy's are samples without labels.

    Raises
    ------
    InputError
        Arrays of other names, one that `check_npy`, `to_dense` or `check_arrays` refuses, or more of
        them than `check_size` allows.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) == MAGIC:
            raise InputError(
                f"{path.name} must be an .npz file; it holds a single array, as an .npy file does."
            )
    with zipfile.ZipFile(path) as archive:
        members = _members(archive, path.name)
        check_size(path, sum(_unpacked(archive, info, path.name) for info in members.values()))
        arrays = {name: _array(archive, info) for name, info in members.items()}
    if is_sparse(arrays):
        arrays = {"x": to_dense(path, arrays)}
    X, y = ("x", "y") if "x" in arrays else ("x_train", "y_train")
    return check_arrays(path.name, arrays[X], arrays.get(y), arrays.get("x_test"), arrays.get("y_test"))


def _members(archive: zipfile.ZipFile, where: str) -> dict[str, zipfile.ZipInfo]:
    """Return the members by the names of their arrays in lower case, as Keras writes them."""
    stored = [info.filename.removesuffix(".npy") for info in archive.infolist()]
    names = {name.lower() for name in stored}
    known = {"x"} <= names <= _WHOLE or {"x_train", "x_test"} <= names <= _SPLIT or is_sparse(names)
    if not known or len(names) < len(stored):
        raise InputError(
            f"{where} must hold X (and y), or X_train and X_test (and y_train, y_test), and nothing else, or "
            f"be a sparse matrix of SciPy's; got {choices(stored) or 'no arrays'}."
        )
    return {name.lower(): info for name, info in zip(stored, archive.infolist(), strict=True)}


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str) -> int:
    """Return the bytes of memory that a member takes once it is an array of the benchmark."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Of other methods Python unpacks a whole block, however large.
        raise InputError(
            f"{where} must be stored or deflated, as numpy.savez writes it; {info.filename!r} is neither."
        )
    with archive.open(info) as file:
        shape, dtype = check_npy(file, info.file_size, f"{info.filename.removesuffix('.npy')} of {where}")
    copies = {"U": 4, "S": 16}.get(dtype.kind, 1)  # text is sorted, and bytes are decoded before that
    width = 1 if dtype == np.uint8 else max(4, copies * dtype.itemsize)
    return math.prod(shape[:1]) * (math.prod(shape[1:]) * width + ROW_BYTES)


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(info) as file:
        array: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
    return array
