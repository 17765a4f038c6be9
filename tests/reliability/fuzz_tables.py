"""CSV and parquet files: valid, damaged, and in foreign dialects."""

from __future__ import annotations

import io
from functools import cache
from random import Random
from typing import Any

from fuzz_mutations import damaged

Made = tuple[str, bytes]

COLUMNS = (
    "a", "b", "c", "label", "Label", "LABEL", "a", "", " ", "0", "1", "2", "1e3", "nan", '"x,y"', '"x""y"',
    "ü",
    "\u202e", "a\0b", "=1+1", "x" * 5000, "<b>", "a|b", "Unnamed: 0", "__index_level_0__", '"',
)  # fmt: skip
CELLS = (
    "", " ", "nan", "NaN", "NA", "inf", "-inf", "Infinity", "1e999", "-1e999", "1e39", "1e-400", "0x1F",
    "1_000",
    "1,5", '"1,5"', "True", "False", "true", "None", "text", "99999999999999999999", "9" * 5000, "1+2j",
    "2020-01-01", "'", '"', '""', "ü", "\0", "\x1b[31m", "x" * 70000, "-0", "+5", ".", "1.", ".5", "1e",
    "\ufeff",
)  # fmt: skip
SEPARATORS = (*"," * 15, ";", "\t", "|", " ")
ENDINGS = ("\n", "\n", "\n", "\r\n", "\r", "\n\n")
ENCODINGS = (*["utf-8"] * 12, "utf-8-sig", "utf-8-sig", "utf-16", "latin-1", "utf-32")


def csv(rng: Random) -> Made:
    """Return a CSV file of a few rows."""
    odd = rng.choice((0.0, 0.0, 0.0, 0.01, 0.2))
    width, separator = rng.randrange(2, 6), rng.choice(SEPARATORS)
    names = [f"f{i}" for i in range(width)] if rng.random() < 0.9 else rng.choices(COLUMNS, k=width)
    if rng.random() < 0.5:
        names[-1] = "label"
    lines = [separator.join(names)]
    for _ in range(rng.choice((0, 4, 5, 8, 8, 12, 20, 30))):
        cells = [rng.choice(CELLS) if rng.random() < odd else _number(rng) for _ in names]
        if names[-1] == "label" and rng.random() < 0.9:
            cells[-1] = rng.choice(("1", "2", "2", "3"))
        if rng.random() < odd:
            cells = cells * 2 if rng.random() < 0.5 else cells[:-1]
        lines.append(separator.join(cells))
    text = rng.choice(ENDINGS).join(lines) + rng.choice(("", *["\n"] * 9, "\n\n", "\x1a"))
    data = text.encode(rng.choice(ENCODINGS), "replace")
    tokens = [cell.encode() for cell in CELLS]
    return "input.csv", damaged(rng, data, tokens=tokens) if rng.random() < 0.3 else data


def _number(rng: Random) -> str:
    value = rng.gauss(0, 10 ** rng.randrange(5))
    return rng.choice((f"{value:.3f}", f"{value:.0f}", f"{value:e}", repr(value)))


def parquet(rng: Random) -> Made:
    """Return a parquet file, whole or damaged."""
    seeds = parquet_files()
    data = rng.choice(seeds)
    return "input.parquet", damaged(rng, data, seeds) if rng.random() < 0.7 else data


@cache
def parquet_files() -> list[bytes]:
    """Return valid files of all types of column, codecs and versions; drawn from a seed of their own."""
    import pyarrow as pa

    rng = Random(0)
    columns = _columns(pa, rng)
    files = []
    for place in range(80):
        chosen = rng.sample(sorted(columns), rng.randrange(1, 4)) if place % 2 else ["float", "int", "byte"]
        fields = {f"f{i}": columns[name] for i, name in enumerate(chosen)}
        if rng.random() < 0.3:
            fields[rng.choice(("label", "Label"))] = columns[rng.choice(sorted(columns))]
        files.append(_written(pa.table(fields), rng))
    return files


def _columns(pa: Any, rng: Random) -> dict[str, Any]:
    """Return one column of 12 values a type."""
    numbers = [rng.gauss(0, 5) for _ in range(12)]
    return {
        "float": pa.array(numbers),
        "half": pa.array(numbers, pa.float32()).cast(pa.float16(), safe=False),
        "int": pa.array(range(12), pa.int32()),
        "byte": pa.array(range(12), pa.uint8()),
        "large": pa.array([2**64 - 1] * 12, pa.uint64()),
        "bool": pa.array([True, False] * 6),
        "gaps": pa.array([1, None] * 6),
        "nothing": pa.nulls(12),
        "text": pa.array(list("abababababab")),
        "binary": pa.array([b"\xff", b"a"] * 6),
        "codes": pa.array(list("abababababab")).dictionary_encode(),
        "numbers as codes": pa.array([1.5, 2.5] * 6).dictionary_encode(),
        "decimal": pa.array([1] * 12, pa.decimal128(5, 2)),
        "date": pa.array(range(12), pa.date32()),
        "time": pa.array(range(12), pa.timestamp("us", "UTC")),
        "list": pa.array([[1.0, 2.0]] * 12),
        "struct": pa.array([{"x": 1, "y": "b"}] * 12),
        "map": pa.array([[("k", 1)]] * 12, pa.map_(pa.string(), pa.int64())),
    }


def _written(table: Any, rng: Random) -> bytes:
    import pyarrow.parquet as pq

    target = io.BytesIO()
    pq.write_table(
        table,
        target,
        compression=rng.choice(("none", "snappy", "gzip", "zstd", "brotli", "lz4")),
        version=rng.choice(("1.0", "2.4", "2.6")),
        data_page_version=rng.choice(("1.0", "2.0")),
        use_dictionary=rng.random() < 0.5,
        row_group_size=rng.choice((3, 100)),
        write_page_checksum=rng.random() < 0.2,
        store_schema=rng.random() < 0.5,
    )
    return target.getvalue()
