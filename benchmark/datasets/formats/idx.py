"""IDX, the file format of MNIST: a magic number, the dimensions, then the bytes."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import IO, cast

import numpy as np

from benchmark.errors import InputError

_MAX_BYTES, _MAX_DIMENSIONS = 2**30, 4
_AT_ONCE = 2**20


def read_idx(path: str | Path) -> np.ndarray:
    """Read an IDX file of unsigned bytes, gzipped where its name ends in ``.gz``.

    Returns
    -------
    ndarray of uint8
        1 to 4 dimensions, as the file declares them, at most 1 GiB.

    Raises
    ------
    InputError
        The file cannot be read, is no such IDX file, or holds fewer or more bytes than it declares.

    References
    ----------
    LeCun, Cortes and Burges, The MNIST database of handwritten digits, "File formats".
    """
    path = Path(path)
    try:
        with cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb") as file:
            shape = _read_shape(file, path)
            declared, values = math.prod(shape), bytearray()
            # gzip makes a second copy of what it is asked for, and compares its checksum at the very end
            while block := file.read(min(_AT_ONCE, declared + 1 - len(values))):
                values += block
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read as an IDX file: {str(error).rstrip('.')}.") from error
    if len(values) < declared:
        raise InputError(
            f"{path} is truncated: it declares {declared} bytes {shape} and holds {len(values)}."
        )
    if len(values) > declared:
        raise InputError(f"{path} holds more than the {declared} bytes {shape} it declares.")
    return np.frombuffer(values, dtype=np.uint8).reshape(shape)


def _read_shape(file: IO[bytes], path: Path) -> tuple[int, ...]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:3] != b"\x00\x00\x08" or not 1 <= magic[3] <= _MAX_DIMENSIONS:
        raise InputError(
            f"{path} is no IDX file of unsigned bytes: its first four bytes must be 00 00 08 and the number "
            f"of dimensions, 1 to {_MAX_DIMENSIONS}; got {magic.hex(' ') or 'an empty file'}."
        )
    header = file.read(4 * magic[3])
    if len(header) < 4 * magic[3]:
        raise InputError(f"{path} ends within its header.")
    shape = tuple(int(n) for n in np.frombuffer(header, ">u4"))
    # Of an empty array, the other dimensions must be possible too.
    if math.prod(n or 1 for n in shape) > _MAX_BYTES:
        raise InputError(
            f"{path} declares {math.prod(shape)} bytes {shape}; at most {_MAX_BYTES} bytes are read."
        )
    return shape
