"""IDX, npy and npz files: valid, damaged, and lying about their sizes."""

from __future__ import annotations

import gzip
import io
import math
import struct
import zipfile
from random import Random

from fuzz_mutations import NUMBERS, damaged

Made = tuple[str, bytes]

NAMES = (
    "X",
    "y",
    "x_train",
    "y_train",
    "x_test",
    "y_test",
    "X_train",
    "X_test",
    "Y",
    "target",
    "../X",
    "\0",
    "",
)
TYPES = (
    "'<f4'", "'<f8'", "'|u1'", "'|i1'", "'|b1'", "'>u2'", "'<i8'", "'<u8'", "'<f2'", "'<f16'", "'<c16'",
    "'|O'",
    "'<U3'", "'|S3'", "'<U0'", "'|S0'", "'|V0'", "'|V8'", "'<U1000000000'", "'|S2147483647'", "'<M8[s]'",
    "'>f8'",
    "[('a', '<f4')]", "('<f4', (2, 2))", "'nothing'", "None", "5", "'<f4" + "," * 200 + "'",
)  # fmt: skip
SHAPES = (
    "()", "(0,)", "(1,)", "(-1,)", "(-3, -4)", "(3, 0)", "(0, 3)", "(1000000000000,)", "(1000000000000, 0)",
    "(0, 1099511627776, 1099511627776)", "(9223372036854775808,)", "(1.5,)", "(True,)", "None", "'a'",
    "(1,) * 3",
    "(" + "1, " * 70 + ")", "(" * 150 + ")" * 150, "-" * 3000 + "1", "(4294967296, 4294967296)",
    "(300000000,)",
)  # fmt: skip


def idx(rng: Random) -> Made:
    """Return an IDX file of up to four dimensions, plain or gzipped."""
    shape = [rng.randrange(6) for _ in range(rng.choice((1, 1, 2, 3, 3, 4)))]
    body = rng.randbytes(max(0, math.prod(shape) + rng.choice((0, 0, 0, 0, -1, 1, 100))))
    if rng.random() < 0.3:
        shape[rng.randrange(len(shape))] = rng.choice(NUMBERS) % 2**32
    count = len(shape) if rng.random() < 0.9 else rng.randrange(256)
    data = struct.pack(f">BBBB{len(shape)}I", 0, 0, rng.choice((8,) * 9 + (13,)), count, *shape) + body
    if rng.random() < 0.4:
        data = damaged(rng, data)
    if rng.random() < 0.5:
        return "input", data
    packed = gzip.compress(data, rng.randrange(10), mtime=0)
    return "input.gz", damaged(rng, packed) if rng.random() < 0.5 else packed


def npy(rng: Random) -> Made:
    """Return an npy file."""
    data = npy_bytes(rng)
    return "input.npy", damaged(rng, data) if rng.random() < 0.3 else data


def npy_bytes(rng: Random, rows: int | None = None, columns: int | None = None) -> bytes:
    """Return the bytes of an array, or of what passes for one; labels where `columns` is 0."""
    rows = rng.choice((5, 12, 12, 40, 40, 3)) if rows is None else rows
    columns = rng.randrange(1, 6) if columns is None else columns
    kind, width, letter = rng.choice(
        (("<f4", 4, "f"), ("<f8", 8, "d"), ("|u1", 1, "B"), ("|i1", 1, "b"), ("<U1", 4, ""))
    )
    if not letter and columns:
        kind, width, letter = "<i4", 4, "i"
    shape = f"({rows}, {columns})" if columns else f"({rows},)"
    values = [rng.gauss(0, 9) if letter in "fd" else rng.randrange(3) for _ in range(rows * max(columns, 1))]
    text = header(rng, f"'{kind}'", shape)
    length = len(text) if rng.random() < 0.97 else rng.choice(NUMBERS)
    version = (1, 0) if rng.random() < 0.9 else rng.choice(((2, 0), (3, 0), (9, 9)))
    size = struct.pack("<H", length % 2**16) if version == (1, 0) else struct.pack("<I", length % 2**32)
    if letter and rng.random() < 0.9:
        body = struct.pack(f"<{len(values)}{letter}", *values)
    else:
        body = (
            b"".join(rng.choice((b"a\0\0\0", b"b\0\0\0")) for _ in values)
            if not letter
            else rng.randbytes(rows * width)
        )
    return b"\x93NUMPY" + bytes(version) + size + text + body[: rng.choice((None,) * 19 + (-1,))]


def header(rng: Random, kind: str, shape: str) -> bytes:
    """Return the text of an npy header that mostly tells the truth."""
    draw = rng.random()
    if draw < 0.05:
        kind = rng.choice(TYPES)
    elif draw < 0.1:
        shape = rng.choice(SHAPES)
    order = rng.choice(("False",) * 15 + ("True", "True", "5"))
    fields = [f"'descr': {kind}", f"'fortran_order': {order}", f"'shape': {shape}"]
    if 0.1 < draw < 0.12:
        fields[rng.randrange(3)] = rng.choice(("", "'more': 1", "**{}", "'shape': [" * 90))
    text = ("{" + ", ".join(fields) + ", }").encode() + b"\n"
    return text.rjust(rng.choice((1, 118, 118)))


def npz(rng: Random) -> Made:
    """Return an npz file, its members of any name and size."""
    names = rng.choice((("X",), ("X", "y"), ("x", "y"), NAMES[2:6], ("X_train", "X_test")))
    if rng.random() < 0.1:
        names = tuple(rng.sample(NAMES, 3))
    pack = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED))
    if rng.random() < 0.05:
        pack = rng.choice((zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    rows, columns = rng.choice((5, 12, 40)), rng.randrange(1, 6)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", pack) as archive:
        for name in names:
            content = npy_bytes(rng, rows, 0 if name.lower().startswith("y") else columns)
            if rng.random() < 0.05:
                content = damaged(rng, content)
            suffix = ".npy" if rng.random() < 0.95 else ""
            archive.writestr(zipfile.ZipInfo(name + suffix), content, pack)
    data = target.getvalue()
    return "input.npz", damaged(rng, data) if rng.random() < 0.3 else data
