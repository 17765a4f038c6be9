"""A campaign: runs that are killed again and again, and must end as one that nobody disturbed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from kill_checks import KINDS
from kill_life import Life, Tally, run_reference
from kill_moments import TARGETS, Times
from kill_place import REDUCERS, Place, end, marked

PHASES = ("before the first job", "during jobs", "tables and report")
_COUNTS = (
    "starts", "continued", "over already", "at a moment", "in writing", "jobs seen", "recorded as killed",
    "kills with temporary files", "temporary files found", "temporary files removed",
    "scratch directories left",
)  # fmt: skip


def undisturbed(directory: Path, reducers: tuple[str, ...] = REDUCERS, seeds: int = 3) -> tuple[Place, Times]:
    """Run once without a kill in `directory`; return where, and the seconds it took."""
    reference = Place(directory, reducers, seeds).make()
    try:
        return reference, run_reference(reference)
    finally:
        end(marked(f"{directory}#"))


def campaign(
    kills: int,
    seed: int,
    directory: Path,
    undisturbed: tuple[Place, Times],
    most: int = 24,
    tell: Callable[[str], None] = lambda line: None,
) -> Tally:
    """Kill runs `kills` times; what is kept in `directory` afterwards is evidence of what went wrong.

    Parameters
    ----------
    kills : int
        How often a process is killed that was alive.
    seed : int
        Of what is drawn: moments, processes, and how often the run of one directory is killed.
    directory : Path
        Where the runs write, each in a directory of its own.
    undisturbed : Place and Times
        The run that all others must end as.
    most : int
        The most kills of one directory; the fewest are a third of it.
    tell : callable
        Is told of every directory whose run has ended.
    """
    rng, tally, done, rounds = Random(seed), Tally(), 0, 0
    reference, times = undisturbed
    try:
        while done < kills:
            rounds += 1
            place = Place(directory / f"round-{rounds}", reference.reducers, reference.seeds).make()
            life = Life(place, reference, times, tally, rng)
            done += life.live(min(rng.randint(max(most // 3, 1), most), kills - done))
            tell(f"round {rounds}: {done} of {kills} kills, {len(life.findings)} findings")
    finally:
        # Also where the campaign itself is interrupted.
        end(marked(f"{directory}/"))
    tally.counts["rounds"] = rounds
    return tally


def table(tally: Tally) -> str:
    """Return what a campaign did and found, as lines of a name and a count."""
    lines = [("directories", tally.counts["rounds"]), ("kills", sum(tally.targets.values()))]
    lines += [(f"  {name}", tally.phases[name]) for name in PHASES]
    lines += [(f"  target: {name}", tally.targets[name]) for name in TARGETS]
    lines += [(name, tally.counts[name]) for name in _COUNTS]
    lines += [(f"wrong: {name}", tally.findings[name]) for name in KINDS]
    return "\n".join(f"{name:<30} {count:>7,}" for name, count in lines)
