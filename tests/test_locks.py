"""One writer a run, one timed job a machine, and locks that die with their owner."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from waiting import wait_for

from benchmark.errors import InputError
from benchmark.execution.local.local_pool import MachineLock
from benchmark.results import RunError, find_runs
from benchmark.results.lock import RUN_LOCK, run_lock

ROOT = Path(__file__).parents[1]
HOLDS = """
import sys, time
from pathlib import Path
from benchmark.execution.local.local_pool import MachineLock
from benchmark.results.lock import run_lock
with run_lock(Path(sys.argv[1])), MachineLock(Path(sys.argv[1])).held(print):
    print("held", flush=True)
    time.sleep(300)
"""


def test_a_second_writer_of_a_run_is_refused_at_once_and_told_which_run(tmp_path: Path) -> None:
    refused = pytest.raises(InputError, match=r"^The run 'mine' in .* is being written by .*--name\.$")
    with run_lock(tmp_path / "mine"), run_lock(tmp_path / "other"), refused, run_lock(tmp_path / "mine"):
        pass
    with run_lock(tmp_path / "mine"):
        assert (tmp_path / "mine" / RUN_LOCK).exists()
    assert find_runs(tmp_path) == []


def test_a_lock_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = pytest.raises(InputError, match=r"lock .*file/x/\.lock cannot be taken: Not a directory\.$")
    with refused, run_lock(tmp_path / "file" / "x"):
        pass
    stopped = pytest.raises(RunError, match=r"lock of this machine, .* cannot be taken")
    with stopped, MachineLock(tmp_path / "file").held(print):
        pass


def test_locks_are_free_when_their_owner_is_killed(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path / "run")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "held\n"
    with pytest.raises(InputError), run_lock(tmp_path / "run"):
        pass
    owner.kill()
    owner.communicate()
    notes: list[str] = []
    with run_lock(tmp_path / "run"), MachineLock(tmp_path / "run").held(notes.append):
        assert notes == []


def test_runs_take_turns_at_the_machine_and_say_once_that_they_wait(tmp_path: Path) -> None:
    turns: list[str] = []
    notes: dict[str, list[str]] = {"first": [], "second": []}
    inside, begun = threading.Semaphore(1), threading.Event()

    def jobs(name: str) -> None:
        lock = MachineLock(tmp_path)
        for _ in range(4):
            with lock.held(notes[name].append):
                assert inside.acquire(blocking=False), "two jobs at a time"
                turns.append(name)
                begun.set()
                wait_for(lambda: notes["second"])
                inside.release()

    threads = [threading.Thread(target=jobs, args=(name,)) for name in notes]
    threads[0].start()
    assert begun.wait(900)
    threads[1].start()
    for thread in threads:
        thread.join()
    # The first has three more jobs at hand when it gives the machine up, and yet the second is next.
    assert turns[:2] == ["first", "second"]
    assert sorted(turns) == ["first"] * 4 + ["second"] * 4
    assert len(notes["second"]) == 1
    assert notes["second"][0].startswith("Another run has a job on this machine")
