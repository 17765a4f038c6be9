"""When a run is killed, and which of its processes: drawn moments, and the watch that hits them."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from kill_place import Place, children, end, marked

from benchmark.results.lock import RUN_LOCK

# So long may a run take on a busy machine before it counts as stuck.
PATIENCE = 1800.0
FATAL = ("main", "all")
TARGETS = {"main": 45, "all": 25, "job": 20, "server": 10}
# A temporary file is there for milliseconds: it is looked for more often than that.
_STEP = 0.0002
_CALM_STEP = 0.002


class Stuck(RuntimeError):
    """A run did not come to its end."""


@dataclass(frozen=True)
class Times:
    """Seconds that a run takes to start, for a job, and for its tables and report, as the reference took."""

    start: float
    job: float
    rest: float

    def __str__(self) -> str:
        parts = f"{self.start:.1f} s to start, {self.job:.2f} s a job"
        return f"{parts}, {self.rest:.1f} s for tables and report"

    def life(self, jobs: int) -> float:
        """Return the seconds a run takes that has `jobs` jobs to do."""
        return self.start + jobs * self.job + self.rest


@dataclass(frozen=True)
class Kill:
    """Whom to kill, and when: `seconds` from now, or after the `count`-th new file of a kind.

    `kind` is a key of `Place.directories`, or empty where it is no matter of files. `in_writing` says that
    the kill is meant to meet the writing itself.
    """

    target: str
    seconds: float
    kind: str = ""
    temporary: bool = True
    count: int = 1
    in_writing: bool = False


def draw(rng: Random, to_do: int, times: Times, elapsed: float) -> Kill:
    """Draw a kill of a run that has `to_do` jobs left and began `elapsed` seconds ago.

    Half of them are at a moment of its life, all as likely; half at a file, while that is written mostly.
    """
    weights = TARGETS if to_do else {**TARGETS, "job": 0}
    target = rng.choices(list(weights), list(weights.values()))[0]
    make = _at_a_moment if rng.random() < 0.5 else _at_a_file
    return make(rng, target, to_do, times, elapsed)


def _at_a_moment(rng: Random, target: str, to_do: int, times: Times, elapsed: float) -> Kill:
    """Return a kill at any moment, told from the last file before it: a busy machine shifts all times."""
    if target == "job":
        lengths = [0.0, 1.0, 0.0]
    else:
        lengths = [max(times.start - elapsed, 0), to_do * times.job, times.rest]
    part = rng.choices(("start", "jobs", "rest"), lengths)[0]
    if part == "start":
        return Kill(target, rng.uniform(0, lengths[0]))
    # A run that has jobs writes run.json before the first of them, and again before the tables.
    before, delay = rng.randrange(max(to_do, 1)), rng.uniform(0, times.job)
    if part == "jobs":
        return Kill(target, delay, "jobs", False, before) if before else Kill(target, delay, "tables")
    return Kill(target, rng.uniform(0, times.rest), "tables", True, 2 if to_do else 1)


def _at_a_file(rng: Random, target: str, to_do: int, times: Times, elapsed: float) -> Kill:
    written = ["jobs", "embeddings", "predictions", "views"] if to_do else []
    kind = rng.choice(written if target == "job" else [*written, "tables", "report"])
    # Tables and reports are written over older ones: only their temporary files have new names.
    temporary = kind not in written or rng.random() < 0.7
    delay = rng.choice((0, rng.uniform(0, 0.003)))
    count = rng.randint(1, min(to_do, 4) if kind in written else 4)
    return Kill(target, delay, kind, temporary, count, in_writing=True)


class Watch:
    """Looks at the files of a run again and again.

    Attributes
    ----------
    finished : set of str
        Keys of jobs whose record was seen under its final name.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._known: dict[str, set[str]] = {}
        self.finished: set[str] = set()
        self.look()

    def look(self) -> list[tuple[str, bool]]:
        """Return what is new since the last look: the kind of the file, and whether it is temporary."""
        new = []
        for kind, directory in self._place.directories.items():
            with suppress(FileNotFoundError):
                names = set(os.listdir(directory)) - {RUN_LOCK}
                new += [(kind, name.startswith(".")) for name in names - self._known.get(kind, set())]
                self._known[kind] = names
        self.finished |= {
            name.removesuffix(".json") for name in self._known.get("jobs", ()) if name.endswith(".json")
        }
        return new

    def until(self, kill: Kill, process: subprocess.Popen[bytes]) -> bool:
        """Wait for the moment of a kill; return False where the run ended before."""
        begun, left = time.monotonic(), kill.count if kill.kind else 0
        while process.poll() is None:
            left -= self.look().count((kill.kind, kill.temporary)) if left > 0 else 0
            if left <= 0:
                return self._after(kill.seconds, process)
            self._check(begun)
            time.sleep(_STEP)
        return False

    def until_end(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for the run to end by itself; return its exit code."""
        begun = time.monotonic()
        while process.poll() is None:
            self.look()
            self._check(begun)
            time.sleep(_CALM_STEP)
        self.look()
        return process.returncode

    def _after(self, seconds: float, process: subprocess.Popen[bytes]) -> bool:
        moment = time.monotonic() + seconds
        while process.poll() is None:
            left = moment - time.monotonic()
            if left <= 0:
                return True
            self.look()
            time.sleep(min(_CALM_STEP, max(left, 0)))
        return False

    def _check(self, begun: float) -> None:
        if time.monotonic() - begun > PATIENCE:
            raise Stuck(f"the run went on for {PATIENCE:.0f} s")


def strike(kill: Kill, process: subprocess.Popen[bytes], mark: str, rng: Random) -> bool:
    """Kill what a kill aims at; return False where that was over already.

    A job that is not there yet is waited for.
    """
    if kill.target == "main":
        end([process.pid])
    elif kill.target == "all":
        # The job and its starter die before the one who started them, or after it.
        pids = marked(mark)
        end(pids if rng.random() < 0.5 else reversed(pids))
    else:
        begun = time.monotonic()
        while not (pids := _below(process.pid, kill.target)):
            if process.poll() is not None or time.monotonic() - begun > PATIENCE:
                return False
            time.sleep(_CALM_STEP)
        end(pids)
        return True
    # The exit code says whether it lived until then.
    return process.wait(PATIENCE) < 0


def _below(main: int, target: str) -> list[int]:
    servers = children(main)
    return servers if target == "server" else [job for server in servers for job in children(server)]
