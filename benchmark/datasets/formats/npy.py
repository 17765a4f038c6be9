"""Arrays in .npy and .npz files: a header is checked against the size of its file before anything is read."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from benchmark.datasets.formats.limits import ROW_BYTES, check_size
from benchmark.errors import InputError, choices

WHOLE = frozenset({"x", "y"})
SPLIT = frozenset({"x_train", "y_train", "x_test", "y_test"})
_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000  # NumPy's own limit
_READERS = {
    (1, 0): (2, np.lib.format.read_array_header_1_0),
    (2, 0): (4, np.lib.format.read_array_header_2_0),
}


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
    width, read = _READERS.get((start[-2], start[-1]) if start[:-2] == _MAGIC else (0, 0), (0, None))
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


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file by their names in lower case: `x` and `y`, or the four of a split.

    Raises
    ------
    InputError
        Arrays of other names, one that `check_npy` refuses, or more of them than `check_size` allows.
    """
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) == _MAGIC:
            raise InputError(
                f"{path.name} must be an .npz file; it holds a single array, as an .npy file does."
            )
    with zipfile.ZipFile(path) as archive:
        members = {info.filename.removesuffix(".npy").lower(): info for info in archive.infolist()}
        names = set(members)  # Keras writes x_train
        known = {"x"} <= names <= WHOLE or {"x_train", "x_test"} <= names <= SPLIT
        if not known or len(members) < len(archive.infolist()):
            raise InputError(_wrong_names(path.name, [info.filename for info in archive.infolist()]))
        check_size(path, sum(_unpacked(archive, info, path.name) for info in members.values()))
        return {name: _array(archive, info) for name, info in members.items()}


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


def _wrong_names(where: str, names: list[str]) -> str:
    known = [name.removesuffix(".npy") for name in names]
    return (
        f"{where} must hold X (and y), or X_train and X_test (and y_train, y_test), and nothing else; "
        f"got {choices(known) or 'no arrays'}."
    )
