"""The life of one directory: its run is started, killed, looked through, continued, and ends at last."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from kill_checks import PROCESS, WRONG, Finding, Ledger, check_end, check_left, check_store, temporary_files
from kill_moments import FATAL, PATIENCE, Kill, Stuck, Times, Watch, draw, strike
from kill_place import Place, end, marked, wait_for

# How long what is left of a killed run may take to vanish on a busy machine.
VANISH = 300.0
_MOST_STARTS = 5  # without a kill, each of which should be the last
_LOST_STARTER = "The process that starts the jobs failed"


@dataclass
class Tally:
    """What a campaign did and found, counted."""

    phases: Counter[str] = field(default_factory=Counter)
    targets: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    details: list[str] = field(default_factory=list)


def phase(log: str) -> str:
    """Return how far a start has come, by what it wrote to the run's log."""
    planned = re.search(r"run \S+ begins: (\d+) jobs to do", log)
    if planned is None or (int(planned[1]) and " begins\n" not in log):
        return "before the first job"
    if len(re.findall(r"job \S+ ends: ", log)) < int(planned[1]):
        return "during jobs"
    return "tables and report"


class Life:
    """One directory, from the first start of its run to the end of the last one."""

    def __init__(self, place: Place, reference: Place, times: Times, tally: Tally, rng: Random) -> None:
        self._place, self._reference = place, reference
        self._times, self._tally, self._rng = times, tally, rng
        self._ledger = Ledger()
        self._starts = 0
        self._temporary: set[Path] = set()
        self._jobs = sum(1 for _ in (reference.results / "jobs").glob("*.json"))
        self.findings: list[Finding] = []

    def live(self, kills: int) -> int:
        """Kill the run `kills` times, fewer where it is over before; return how often it was killed."""
        done = 0
        try:
            while done < kills:
                struck, code = self._start(kills - done)
                done += struck
                if code == 0:
                    break
            else:
                self._finish()
            self.findings += check_end(self._place, self._reference)
        except (Stuck, subprocess.TimeoutExpired) as error:
            self.findings.append((WRONG, str(error)))
            end(marked(f"{self._place.path}#"))
        self._conclude()
        return done

    def _start(self, most: int) -> tuple[int, int]:
        """Start the run, and kill it or parts of it at most so often; return how often, and the exit code."""
        self._starts += 1
        self._tally.counts["starts"] += 1
        self._tally.counts["continued"] += self._starts > 1
        mark, offset = self._place.mark(self._starts), len(self._place.log())
        watch, process = Watch(self._place), self._place.start(self._starts)
        begun, struck, parts, fatal = time.monotonic(), 0, 0, False
        while struck < most and not fatal and process.poll() is None:
            to_do = self._jobs - len(watch.finished | set(self._ledger.done))
            kill = draw(self._rng, to_do, self._times, time.monotonic() - begun)
            if not (watch.until(kill, process) and strike(kill, process, mark, self._rng)):
                self._tally.counts["over already"] += 1
                break
            fatal = kill.target in FATAL
            self._note(kill, offset, watch)
            struck, parts = struck + 1, parts + (not fatal)
        code = process.wait() if fatal else watch.until_end(process)
        self._look_through(watch, mark, fatal)
        if not fatal:
            self._check_exit(code, offset, parts)
        return struck, code

    def _note(self, kill: Kill, offset: int, watch: Watch) -> None:
        """Count a kill, by what the run had done."""
        self._tally.phases[phase(self._place.log()[offset:].decode())] += 1
        self._tally.targets[kill.target] += 1
        self._tally.counts["in writing" if kill.in_writing else "at a moment"] += 1
        self._tally.counts["jobs seen"] += len(watch.finished)

    def _look_through(self, watch: Watch, mark: str, fatal: bool) -> None:
        """Check the files, at once or when all processes are gone: both are what a user may continue with."""
        at_once = fatal and self._rng.random() < 0.5
        if not at_once:
            self._await_end([mark])
        self._ledger.seen |= watch.finished
        self.findings += check_store(self._place, self._ledger)
        if fatal:
            found = set(temporary_files(self._place)) - self._temporary
            if at_once:
                # A job that has a moment to live may still finish these.
                found = {
                    path for path in found if path.parent.name not in ("embeddings", "predictions", "views")
                }
            self._temporary |= found
            self._tally.counts["kills with temporary files"] += bool(found)

    def _check_exit(self, code: int, offset: int, parts: int) -> None:
        """Check how a run ended that was not killed itself, only `parts` of its processes."""
        log, messages = self._place.log()[offset:].decode(), self._place.messages.read_text()
        killed = len(re.findall(r"job \S+ ends: killed", log))
        self._tally.counts["recorded as killed"] += killed
        lost = parts > 0 and _LOST_STARTER in messages
        expected = 1 if killed or lost else 0
        if code != expected or killed > parts or "Traceback" in messages or (messages and not lost):
            told = f"exit code {code}, {killed} of {parts} killed: {messages[-1000:]}"
            self.findings.append((WRONG, told))
        if code == 0 or killed:
            # One that lost its starter ends before it comes to the reports, and to what was left among them.
            self.findings += check_left(self._place)

    def _finish(self) -> None:
        """Let the run end; jobs that were killed are measured again by the next start."""
        for _ in range(_MOST_STARTS):
            if self._start(0)[1] == 0:
                return
        raise Stuck(f"the run did not end well in {_MOST_STARTS} starts that nobody disturbed")

    def _await_end(self, marks: Iterable[str]) -> None:
        for mark in marks:
            if not wait_for(lambda mark=mark: not marked(mark), VANISH):  # type: ignore[misc]
                self.findings.append((PROCESS, " ".join(map(_command, marked(mark)))))
                end(marked(mark))

    def _conclude(self) -> None:
        """Count what was found, and remove the directory where all is well."""
        self._await_end([f"{self._place.path}#"])
        gone = sum(not path.exists() for path in self._temporary)
        self._tally.counts["temporary files found"] += len(self._temporary)
        self._tally.counts["temporary files removed"] += gone
        scratch = (self._place.path / "tmp").iterdir()
        self._tally.counts["scratch directories left"] += sum(path.is_dir() for path in scratch)
        for kind, detail in dict.fromkeys(self.findings):
            self._tally.findings[kind] += 1
            self._tally.details.append(f"{self._place.path.name}: {kind}: {detail}")
        if not self.findings:
            shutil.rmtree(self._place.path)


def _command(pid: int) -> str:
    with suppress(OSError):
        return f"{pid} ({Path(f'/proc/{pid}/cmdline').read_bytes().decode().replace(chr(0), ' ').strip()})"
    return str(pid)


def run_reference(place: Place) -> Times:
    """Run undisturbed; return the seconds that its parts took.

    Raises
    ------
    RuntimeError
        It did not end well: there is nothing to compare with.
    """
    begun = time.monotonic()
    process = place.start(0)
    if not _wait_for_line(place, process, "jobs to do"):
        raise RuntimeError(f"The undisturbed run did not begin: {place.messages.read_text()}")
    first = time.monotonic()
    jobs = len(place.reducers) * place.seeds
    wait_for(lambda: process.poll() is not None or place.log().count(b" ends: ") == jobs, PATIENCE)
    last = time.monotonic()
    if process.wait(PATIENCE) != 0 or check_store(place, Ledger()):
        raise RuntimeError(f"The undisturbed run did not end well: {place.messages.read_text()}")
    return Times(start=first - begun, job=(last - first) / jobs, rest=time.monotonic() - last)


def _wait_for_line(place: Place, process: subprocess.Popen[bytes], line: str) -> bool:
    return wait_for(lambda: process.poll() is not None or line in place.log().decode(), PATIENCE) and (
        line in place.log().decode()
    )
