"""Small files that hold much: they unpack to gigabytes, or promise to, or have a million cells in a line."""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from functools import cache
from random import Random
from typing import Any

Made = tuple[str, bytes]

MIB = 2**20


def bomb(rng: Random) -> Made:
    """Return one of a format drawn at random."""
    kind = rng.choice(("gz", "npz", "csv", "parquet"))
    make = {"gz": idx_bomb, "npz": npz_bomb, "csv": csv_bomb, "parquet": parquet_bomb}[kind]
    return f"input.{kind}", make(rng)


@cache
def zeros(size: int) -> bytes:
    """Return a gzip member of `size` zero bytes."""
    return gzip.compress(bytes(size), 9, mtime=0)


def idx_bomb(rng: Random) -> bytes:
    """Return a small file that declares, or unpacks to, up to 8 GiB."""
    declared = rng.choice((10, 2**28, 2**30, 2**30 + 1, 2**32 - 1))
    header = gzip.compress(struct.pack(">BBBBI", 0, 0, 8, 1, declared), mtime=0)
    return header + zeros(16 * MIB) * rng.choice((0, 1, 16, 64, 512))


@cache
def deflated(size: int) -> tuple[bytes, int]:
    """Return a block of `size` zero bytes that can follow itself in a deflate stream, and its size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packer.compress(bytes(size))
    packer.flush(zlib.Z_FULL_FLUSH)
    return packer.compress(bytes(size)) + packer.flush(zlib.Z_FULL_FLUSH), size


def npz_bomb(rng: Random) -> bytes:
    """Return a zip of a few MB whose one member `X` unpacks to up to 4 GiB, honestly declared or not."""
    block, size = deflated(16 * MIB)
    times = rng.choice((1, 16, 64, 255))
    kind, width = rng.choice((("|u1", 1), ("|b1", 1), ("<f8", 8), ("<U1", 4), ("<U0", 1)))
    cells = times * size // width
    shape = rng.choice(((cells // 4, 4), (cells,), (5, 1), (10**12, 1), (1000, cells // 1000)))
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode().rjust(118)
    length = len(text) if rng.random() < 0.8 else 2**32 - 1
    header = b"\x93NUMPY\x02\x00" + struct.pack("<I", length) + text
    packer = zlib.compressobj(0, zlib.DEFLATED, -15)
    start = packer.compress(header) + packer.flush(zlib.Z_FULL_FLUSH)
    body = start + block * times + b"\x03\x00"
    whole = len(header) + times * size
    return one_member(b"X.npy", body, whole if rng.random() < 0.7 else rng.choice((4096, 2**32 - 2)))


def one_member(name: bytes, body: bytes, declared: int) -> bytes:
    """Return a zip of one deflated member that declares to unpack to `declared` bytes."""
    facts = struct.pack("<HHHHIIIHH", 20, 0, 8, 0, 0, len(body), declared, len(name), 0)
    local = b"PK\x03\x04" + facts + name + body
    central = b"PK\x01\x02\x14\x00" + facts + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    return local + central + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)


def csv_bomb(rng: Random) -> bytes:
    """Return a file of some MB with a very long line, or with very many."""
    many = rng.choice((1000, 50_000, 1_000_000, 4_000_000))
    return rng.choice(
        (
            b"," * many,
            b",".join(b"c%d" % i for i in range(min(many, 10**6))) + b"\n",
            b"a,b\n1,2\n" + b"1," * many,
            b"a\n" + b"1\n" * many,
            b"a,label\n" + b"1,x\n" * min(many, 10**6) + b"2," + b"y" * 10**5 + b"\n",
            b'a,b\n"' + b"1,2\n" * many,
            b"a,b\n" + b"\n" * many,
            b"x" * many,
            b"a,b\n1," + b"9" * many + b"\n",
        )
    )


def parquet_bomb(rng: Random) -> bytes:
    """Return a parquet file of few bytes and many rows, or with a page that is not what the footer says."""
    return rng.choice(parquet_bombs())


@cache
def parquet_bombs() -> list[bytes]:
    """Return small files that hold much: a billion flags, a long text pointed at, a page of 2 GiB."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    flags = pa.table({name: pa.repeat(False, 5_000_000) for name in ("f0", "f1")})
    bombs = [_repeated(flags, count) for count in (1, 10, 100)]
    for length, rows in ((100_000, 100_000), (1, 5_000_000)):
        text = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows), ["x" * length])
        for name in ("label", "f1"):
            target = io.BytesIO()
            fields = {"f0": pa.repeat(1.0, rows), name: text}
            pq.write_table(pa.table(fields), target, compression="zstd", store_schema=False)
            bombs.append(target.getvalue())
    return [*bombs, page_bomb(2**30), page_bomb(2**31 - 2**26)]


def _repeated(table: Any, count: int) -> bytes:
    import pyarrow.parquet as pq

    target = io.BytesIO()
    encodings = dict.fromkeys(table.column_names, "RLE")
    with pq.ParquetWriter(target, table.schema, column_encoding=encodings, use_dictionary=False) as writer:
        for _ in range(count):
            writer.write_table(table)
    return target.getvalue()


def page_bomb(size: int) -> bytes:
    """Return a parquet file of 1 MB whose footer is honest, but whose first page unpacks to `size` bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = io.BytesIO()
    column = pa.array(struct.unpack("<131072q", Random(0).randbytes(2**20)))
    pq.write_table(pa.table({"f0": column}), target, compression="zstd", use_dictionary=False)
    data = target.getvalue()
    # a page header in thrift's compact form: the type, the size unpacked, the size packed, and more
    _, place = _varint(data, 7)
    packed, rest = _varint(data, place + 1)
    start = data.index(bytes.fromhex("28b52ffd"), rest)  # where zstd begins
    frames = pa.Codec("zstd").compress(bytes(2**26)).to_pybytes() * (size // 2**26)
    header = data[4:7] + _as_varint(2 * size) + b"\x15" + data[place + 1 : start]
    grown = len(header) - (start - 4)
    smaller = _as_varint(packed - 2 * grown)
    header = header.replace(data[place + 1 : rest], smaller, 1)
    padding = packed // 2 - grown - len(frames) - 8
    body = frames + struct.pack("<II", 0x184D2A50, padding) + bytes(padding)  # a frame that zstd skips
    return data[:4] + header + body + data[start + packed // 2 :]


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Return the number that begins at `place`, and where it ends."""
    value = shift = 0
    while True:
        value |= (data[place] & 127) << shift
        shift, place = shift + 7, place + 1
        if data[place - 1] < 128:
            return value, place


def _as_varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
