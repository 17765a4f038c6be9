"""Fuzz every parser: ``python tests/reliability/fuzz.py --inputs 10000 --seed 0 [--parser idx]``.

A parser must return a right value or refuse with one sentence, within ten seconds and 2 GB. Exit code
1 means that an input was found on which one did neither.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from fuzz_campaign import campaign
from fuzz_parsers import PARSERS

MOST_BOMBS = 300  # each takes a second


def main() -> int:
    """Run a campaign a parser, print its counts, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--inputs", type=int, default=10_000, help="inputs a parser (default: 10000)")
    parser.add_argument(
        "--seed", type=int, default=0, help="the same seed makes the same inputs (default: 0)"
    )
    parser.add_argument("--parser", action="append", choices=list(PARSERS), help="repeatable (default: all)")
    parser.add_argument(
        "--keep", type=Path, default=Path("fuzz-findings"), help="where failing inputs are put"
    )
    given = parser.parse_args()
    findings = 0
    for name in given.parser or PARSERS:
        started = time.monotonic()
        inputs = min(given.inputs, MOST_BOMBS) if name == "bombs" else given.inputs
        result = campaign(name, inputs, given.seed, given.keep)
        findings += len(result.findings)
        print(f"{result}  ({time.monotonic() - started:.0f} s)", flush=True)
        for number, detail in list(result.findings.items())[:5]:
            print(f"  input {number}: {detail.strip()}")
    print(f"{findings} findings" + (f", kept in {given.keep}" if findings else ""))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
