"""Damage a valid file the way disks, networks and attackers do: bits, bytes, cuts, splices, lying sizes."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from random import Random

LARGEST = 2**20
NUMBERS = (
    0, 1, 2, 7, 127, 128, 255, 256, 2**15 - 1, 2**15, 2**16 - 1, 2**24, 2**30, 2**30 + 1, 2**31 - 1, 2**31,
    2**32 - 1, 2**32, 2**40, 2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1,
)  # fmt: skip

Damage = Callable[[Random, bytes], bytes]


def flip_bit(rng: Random, data: bytes) -> bytes:
    """Turn one bit over."""
    place = rng.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :]


def set_byte(rng: Random, data: bytes) -> bytes:
    """Put any byte in the place of one, or of several in a row."""
    place, length = rng.randrange(len(data)), rng.choice((1, 1, 1, 2, 4, 16))
    return data[:place] + rng.randbytes(min(length, len(data) - place)) + data[place + length :]


def write_number(rng: Random, data: bytes) -> bytes:
    """Put an extreme number where a size may stand: 1, 2, 4 or 8 bytes, either end first."""
    form = rng.choice("BHIQ")
    packed = struct.pack(rng.choice("<>") + form, rng.choice(NUMBERS) % 2 ** (8 * struct.calcsize(form)))
    # sizes stand in headers and, in zip and parquet, in footers
    near = min(len(data), 200)
    place = rng.choice((rng.randrange(near), len(data) - 1 - rng.randrange(near), rng.randrange(len(data))))
    return data[:place] + packed + data[place + len(packed) :]


def cut(rng: Random, data: bytes) -> bytes:
    """Keep the beginning only, or the end."""
    place = rng.randrange(len(data))
    return data[:place] if rng.random() < 0.8 else data[place:]


def drop(rng: Random, data: bytes) -> bytes:
    """Leave out a piece."""
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.choice((1, 2, 8, 64, 512)) :]


def repeat(rng: Random, data: bytes) -> bytes:
    """Write a piece several times."""
    start = rng.randrange(len(data))
    piece = data[start : start + rng.choice((1, 2, 8, 64, 512))]
    return data[:start] + piece * rng.choice((2, 3, 10, 1000)) + data[start:]


DAMAGES: tuple[Damage, ...] = (flip_bit, flip_bit, set_byte, write_number, write_number, cut, drop, repeat)


def damaged(rng: Random, data: bytes, others: Sequence[bytes] = (), tokens: Sequence[bytes] = ()) -> bytes:
    """Return `data` damaged in one to six ways, at most 1 MiB of it.

    Parameters
    ----------
    others : sequence of bytes
        Files to splice with.
    tokens : sequence of bytes
        Words of the format, put in at random.
    """
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        if not data:
            return data
        draw = rng.random()
        if others and draw < 0.1:
            other = rng.choice(others)
            data = data[: rng.randrange(len(data))] + other[rng.randrange(len(other) or 1) :]
        elif tokens and draw < 0.5:
            place = rng.randrange(len(data))
            data = data[:place] + rng.choice(tokens) + data[place + rng.choice((0, 0, 1, 4)) :]
        else:
            data = rng.choice(DAMAGES)(rng, data)
    return data[:LARGEST]
