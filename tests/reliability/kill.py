"""Kill runs with SIGKILL: ``python tests/reliability/kill.py --kills 200 --seed 0``.

Every finished job must still be there, once and whole, and the continued run must end as one that nobody
disturbed. Exit code 1 means that something of this does not hold; the directories that show it are kept.
Needs Linux, whose /proc tells which processes are left.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from kill_campaign import campaign, table, undisturbed  # noqa: E402


def main() -> int:
    """Run a campaign, print its counts, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--kills", type=int, default=200, help="processes to kill (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments drawn (default: 0)")
    parser.add_argument("--keep", type=Path, help="where the runs write (default: a temporary directory)")
    given = parser.parse_args()
    if not Path("/proc/self/environ").exists():
        parser.error("this needs the /proc of Linux")
    started = time.monotonic()
    directory = (given.keep or Path(tempfile.gettempdir())).absolute() / f"kill-{os.getpid()}"
    reference = undisturbed(directory / "reference")
    tell(f"undisturbed: {reference[1]}")
    tally = campaign(given.kills, given.seed, directory, reference, tell=tell)
    print(table(tally), f"{'seconds':<30} {time.monotonic() - started:>7,.0f}", sep="\n")
    print(*tally.details[:20], sep="\n")
    print(f"{len(tally.details)} findings" + (f", kept in {directory}" if tally.details else ""))
    if not tally.details:
        shutil.rmtree(directory)
    return 1 if tally.details else 0


def tell(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
