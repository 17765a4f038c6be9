"""The process that reads the made files: its memory and its time are watched, its death is a finding.

Run by `fuzz_campaign`, as ``python fuzz_worker.py PARSER SEED FIRST COUNT DIRECTORY KEEP``. It prints one
line of JSON an input: its number, its outcome, and what was found.
"""

from __future__ import annotations

import faulthandler
import json
import resource
import shutil
import signal
import sys
import traceback
import warnings
from pathlib import Path
from random import Random

from fuzz_parsers import PARSERS, Parser, check_refusal

MOST_BYTES = 2_000_000_000
MOST_SECONDS = 10  # of work; a process that waits is given six times as much


def main() -> None:
    """Read inputs FIRST to FIRST + COUNT - 1 of the campaign of SEED."""
    name, seed, first, count, place, keep = sys.argv[1:]
    warnings.simplefilter("ignore")
    directory = Path(place)
    _warm_up(name, directory)
    limit_memory(2 * MOST_BYTES)
    for number in range(int(first), int(first) + int(count)):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        file, content = make(name, int(seed), number)
        path = directory / file
        path.write_bytes(content)
        outcome, detail = judge(PARSERS[name], path)
        if outcome == "finding":
            keep_input(Path(keep), f"{name}-{number}", path, detail)
        print(json.dumps({"number": number, "outcome": outcome, "detail": detail}), flush=True)


def keep_input(keep: Path, prefix: str, path: Path, detail: str) -> None:
    """Copy an input to `keep`, what was found beside it."""
    keep.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, keep / f"{prefix}-{path.name}")
    (keep / f"{prefix}.txt").write_text(detail, encoding="utf-8", errors="backslashreplace")


def make(name: str, seed: int, number: int) -> tuple[str, bytes]:
    """Return name and content of one input, the same for the same seed."""
    return PARSERS[name].make(Random(f"{name} {seed} {number}"))


def _warm_up(name: str, directory: Path) -> None:
    """Import what a parser imports, so that it is not taken for what an input costs."""
    directory.mkdir(parents=True, exist_ok=True)
    for warm in ("idx", "npz", "csv", "parquet") if name == "bombs" else (name,):
        for number in range(20):
            file, content = make(warm, -1, number)
            (directory / file).write_bytes(content)
            judge(PARSERS[warm], directory / file)


def judge(parser: Parser, path: Path) -> tuple[str, str]:
    """Return "accepted", "refused" or "finding", and what was found."""
    held = reset_peak()
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
    faulthandler.dump_traceback_later(6 * MOST_SECONDS, exit=True)
    try:
        parser.read(path)
        outcome, detail = "accepted", ""
    except parser.refusal as error:
        detail = check_refusal(error, path)
        outcome = "finding" if detail else "refused"
    except BaseException as error:
        where = "".join(traceback.format_tb(error.__traceback__)[-3:])
        outcome, detail = "finding", f"{type(error).__name__}: {str(error)[:500]}\n{where}"
    faulthandler.cancel_dump_traceback_later()
    signal.setitimer(signal.ITIMER_PROF, 0)
    used = peak() - held
    if used > MOST_BYTES:
        return "finding", f"{used / 1e9:.1f} GB of memory ({outcome}: {detail})"
    return outcome, detail


def limit_memory(more: int) -> None:
    """Let this process address at most `more` bytes beyond what it has: what asks for terabytes fails."""
    if sys.platform == "linux":
        has = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (has + more, has + more))


def reset_peak() -> int:
    """Forget the peak of memory held, where the system can, and return the bytes held."""
    if sys.platform != "linux":
        return peak()
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def peak() -> int:
    """Return the most bytes of memory held since the last reset."""
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return _status("VmHWM")


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(field)).split()[1])


if __name__ == "__main__":
    main()
