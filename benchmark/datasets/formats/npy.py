"""NumPy's files, each array checked against its header before it is read: one in .npy, several in .npz."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import numpy as np

from benchmark.datasets.arrays import Arrays, check_arrays
from benchmark.datasets.formats.limits import ROW_BYTES, check_size
from benchmark.datasets.mapped import stays_in_file
from benchmark.errors import InputError, choices

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000  # NumPy's own limit
_HEADERS = {
    (1, 0): (2, np.lib.format.read_array_header_1_0),
    (2, 0): (4, np.lib.format.read_array_header_2_0),
}
_WHOLE = frozenset({"x", "y"})
_SPLIT = frozenset({"x_train", "y_train", "x_test", "y_test"})
_SPARSE = frozenset({"format", "shape", "data"})
# What a sparse matrix of each format has besides these.
_PLACES = {"csr": ("indices", "indptr"), "csc": ("indices", "indptr"), "coo": ("row", "col")}


def read_npy(path: Path) -> Arrays:
    """Read samples without labels, memory-mapped where `stays_in_file` says so.

    Refused is what `check_npy` or `check_arrays` refuses, or a mapped array that is not stored row by row.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        check_npy(file, size, path.name)
    mapped = stays_in_file(size)
    X: np.ndarray = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    if mapped and not X.flags.c_contiguous:
        raise InputError(
            f"{path.name} must be stored row by row (C order) to be read in blocks; got columns first "
            "(Fortran order)."
        )
    return check_arrays(path.name, X)


def read_npz(path: Path) -> Arrays:
    """Read samples and labels by their names, in upper or lower case: X and y, or the four of a split.

    The parts of a sparse matrix, as `scipy.sparse.save_npz` writes them, are samples without labels. Refused
    are arrays of other names, what `check_npy`, `check_size` or `check_arrays` refuses, and unsound matrices.
    """
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) == _MAGIC:
            raise InputError(
                f"{path.name} must be an .npz file; it holds a single array, as an .npy file does."
            )
    arrays: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(path) as archive:
        members = _members(archive, path.name)
        check_size(path, sum(_unpacked(archive, info, path.name) for info in members.values()))
        for name, info in members.items():
            with archive.open(info) as file:
                arrays[name] = np.lib.format.read_array(file, allow_pickle=False)
    if arrays.keys() >= _SPARSE:
        return check_arrays(path.name, _dense(path, arrays))
    X, y = ("x", "y") if "x" in arrays else ("x_train", "y_train")
    return check_arrays(path.name, arrays[X], arrays.get(y), arrays.get("x_test"), arrays.get("y_test"))


def check_npy(file: IO[bytes], size: int, where: str) -> tuple[tuple[int, ...], np.dtype]:
    """Return shape and type of an array that, its header included, must be `size` bytes long.

    Raises
    ------
    InputError
        No such array, one of Python objects, or one that promises more bytes or fewer than there are.
    """
    shape, dtype, begin = _read_header(file, where)
    if dtype.hasobject:
        raise InputError(
            f"{where} must be an array of numbers or text; got Python objects, which are never unpickled."
        )
    promised = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or dtype.itemsize == 0 or promised != size - begin:
        raise InputError(
            f"{where} must hold what its header promises, {dtype} of the shape {shape}; got {size - begin} "
            f"bytes."
        )
    return shape, dtype


def _read_header(file: IO[bytes], where: str) -> tuple[tuple[int, ...], np.dtype, int]:
    start = file.read(len(_MAGIC) + 2)
    width, read = _HEADERS.get((start[-2], start[-1]) if start[:-2] == _MAGIC else (0, 0), (0, None))
    if read is None:
        raise InputError(f"{where} must be an array in the npy format, version 1 or 2; it is none.")
    prefix = file.read(width)
    length = int.from_bytes(prefix, "little")
    if length > _LONGEST_HEADER:
        raise InputError(f"{where} must have a header of at most {_LONGEST_HEADER} bytes; got {length}.")
    try:
        shape, _, dtype = read(io.BytesIO(prefix + file.read(length)))
    except Exception as error:  # the header is a Python literal, which can be wrong in any way
        raise InputError(
            f"{where} must have a header that says shape and type; its own cannot be read."
        ) from error
    return shape, dtype, len(start) + width + length


def _members(archive: zipfile.ZipFile, where: str) -> dict[str, zipfile.ZipInfo]:
    """Return the members by the names of their arrays in lower case, as Keras writes them."""
    stored = [info.filename.removesuffix(".npy") for info in archive.infolist()]
    names = {name.lower() for name in stored}
    known = {"x"} <= names <= _WHOLE or {"x_train", "x_test"} <= names <= _SPLIT or names >= _SPARSE
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


def _dense(path: Path, parts: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the sparse matrix of a file as an array (n, n_features) of the type that it has there."""
    from scipy import sparse

    kind, shape, data = parts["format"].astype(str), parts["shape"], parts["data"]
    places = _PLACES.get(str(kind))
    if places is None or not parts.keys() >= set(places):
        raise InputError(
            f"{path.name} must hold a sparse matrix of the format {choices(_PLACES)}; got "
            f"{str(kind)[:20]!r}: convert it with its method tocsr()."
        )
    if shape.shape != (2,) or shape.dtype.kind not in "iu" or shape.min() < 0:
        raise InputError(f"{path.name} must hold a matrix of two dimensions; got the shape {shape!s:.60}.")
    n, n_features = map(int, shape)
    check_size(path, n * (n_features * max(4, data.dtype.itemsize) + ROW_BYTES))
    try:
        one, other = (parts[name] for name in places)
        where = (data, (one, other)) if kind == "coo" else (data, one, other)
        matrix = getattr(sparse, f"{kind}_array")(where, shape=(n, n_features))
        if kind != "coo":  # whose places are checked when it is made
            matrix.check_format(full_check=True)
            # SciPy does not see it where the last is 0, or a difference overflows, and reads beyond the end.
            if (matrix.indptr[1:] < matrix.indptr[:-1]).any():
                raise ValueError("indptr must not decrease")
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{path.name} is no sparse matrix: {str(error).rstrip('.')}.") from error
    dense: np.ndarray = matrix.toarray()
    return dense
