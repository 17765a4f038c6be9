"""An array in an .npy file: its header is checked against the size of its file before anything is read."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import IO

import numpy as np

from benchmark.datasets.arrays import Arrays, check_arrays
from benchmark.datasets.mapped import stays_in_file
from benchmark.errors import InputError

MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000  # NumPy's own limit
_HEADERS = {
    (1, 0): (2, np.lib.format.read_array_header_1_0),
    (2, 0): (4, np.lib.format.read_array_header_2_0),
}


def read_npy(path: Path) -> Arrays:
    """Read samples without labels, memory-mapped where `stays_in_file` says so.

    Raises
    ------
    InputError
        What `check_npy` or `check_arrays` refuses, or a mapped array that is not stored row by row.
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
    start = file.read(len(MAGIC) + 2)
    width, read = _HEADERS.get((start[-2], start[-1]) if start[:-2] == MAGIC else (0, 0), (0, None))
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
