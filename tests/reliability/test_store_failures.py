"""The place of the results fails in the middle of a run: one sentence, no loss, and the run goes on later.

The disks are real ones, of a size that can be filled, mounted where no other process sees them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE

import pytest
from disks import PATIENCE, Disk, Place, prepared

from benchmark import load_results
from benchmark.results import Record, Store

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with prepared(Place(tmp_path)) as made:
        yield made


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk of 1 MiB, which is gone when its keeper is: a process of a mount namespace of its own."""
    script = 'mount -t tmpfs -o size=1m none "$0" && echo mounted && exec cat'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(tmp_path / "disk")]
    (tmp_path / "disk").mkdir()
    try:
        keeper = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True)
    except FileNotFoundError:
        pytest.skip("this system has no unshare")
    # Leaving the block closes what the keeper reads, and so ends it.
    with keeper:
        assert keeper.stdout is not None
        if keeper.stdout.readline() != "mounted\n":
            pytest.skip(f"no disk can be mounted here: {keeper.communicate()[1].strip()}")
        inside = ("nsenter", "-t", str(keeper.pid), "--user", "--mount", "--preserve-credentials")
        with prepared(Disk(tmp_path, inside, keeper=keeper.pid)) as made:
            yield made


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of a run."""
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def refused(reason: str) -> str:
    return (
        f"Error: disk/results/mine cannot be written to ({reason}); what was stored there before is kept.\n"
    )


def assert_nothing_half(place: Place) -> None:
    left = [path for path in place.store.path.rglob(".*") if path.name != ".lock"]
    assert left == [], "half-written files"


def assert_finishes(place: Place, *reducers: str, done: int, seeds: int = 1) -> dict[tuple[str, int], Record]:
    """The run, started again, measures what is missing and nothing else."""
    place.open_gate()
    before = {key: record.started_at for key, record in place.records().items()}
    assert len(before) == done
    code, out, err = ended(place.run(*reducers, seeds=seeds))
    assert (code, err) == (0, ""), out
    assert f"{done} done before" in out
    after = place.records()
    assert {key: after[key].started_at for key in before} == before
    assert set(after) == {(name, seed) for name in reducers for seed in range(seeds)}
    assert len(load_results("mine", place.disk / "results")) == len(after)
    assert (place.disk / "reports" / "mine" / "report.md").is_file()
    assert_nothing_half(place)
    return after


def test_a_disk_that_the_run_itself_fills_stops_it_and_more_room_lets_it_go_on(disk: Disk) -> None:
    code, out, err = ended(disk.run("narrow", seeds=8))
    assert (code, err) == (1, refused("No space left on device")), out
    kept = disk.records()
    assert 1 <= len(kept) < 8
    assert_nothing_half(disk)
    disk.make_room()
    assert_finishes(disk, "narrow", done=len(kept), seeds=8)


def test_a_disk_that_something_else_fills_stops_the_run_and_room_lets_it_go_on(disk: Disk) -> None:
    process = disk.run_to_the_gate("narrow", "waits", "after")
    ballast = disk.fill()
    disk.open_gate()
    assert ended(process)[::2] == (1, refused("No space left on device"))
    assert set(disk.records()) == {("narrow", 0)}
    assert_nothing_half(disk)
    # With the disk still full, there is an end too, and no loss.
    code, _, err = ended(disk.run("narrow", "waits", "after"))
    assert code in (1, 2)
    assert (err.startswith("Error: "), err.count("\n")) == (True, 1)
    ballast.unlink()
    disk.make_room()
    assert_finishes(disk, "narrow", "waits", "after", done=1)


def test_a_disk_that_becomes_read_only_stops_the_run_and_writing_again_lets_it_go_on(disk: Disk) -> None:
    process = disk.run_to_the_gate("narrow", "waits", "after")
    disk.make_read_only()
    disk.open_gate()
    assert ended(process)[::2] == (1, refused("Read-only file system"))
    assert set(disk.records()) == {("narrow", 0)}
    code, _, err = ended(disk.run("narrow", "waits", "after"))
    assert (code, err) == (
        2,
        "Error: The directory disk/results cannot be written to: Read-only file system.\n",
    )
    disk.make_writable()
    disk.make_room()
    assert_finishes(disk, "narrow", "waits", "after", done=1)


def test_reports_that_cannot_be_written_leave_the_results_whole(disk: Disk) -> None:
    """The disk holds the reports alone; the results lie beside it."""
    process = disk.run_to_the_gate("narrow", "waits")
    # What follows is on a disk of its own, within the one of the results.
    reports = disk.path / "disk" / "reports"
    disk.system("mount", "-t", "tmpfs", "-o", "size=64k", "none", reports)
    disk.system("mount", "-o", "remount,ro", reports)
    disk.make_room()
    disk.open_gate()
    assert ended(process)[::2] == (
        1,
        "Error: The report cannot be written to disk/reports (Read-only file system); the results are kept, "
        "and 'python -m benchmark report mine' makes a report of them.\n",
    )
    assert set(disk.records()) == {("narrow", 0), ("waits", 0)}
    assert set(load_results("mine", disk.disk / "results")["status"]) == {"ok"}
    disk.system("mount", "-o", "remount,rw,size=16m", reports)
    code, out, err = ended(disk.start("report", "mine"))
    assert (code, out, err) == (0, "disk/reports/mine/report.md\n", "")
    assert (disk.disk / "reports" / "mine" / "report.md").is_file()


def test_results_that_are_removed_in_the_middle_are_begun_anew(place: Place) -> None:
    process = place.run_to_the_gate("narrow", "waits", "after")
    shutil.rmtree(place.disk / "results")
    place.open_gate()
    code, _, err = ended(process)
    assert (code, err) == (0, "")
    assert json.loads((place.store.path / "run.json").read_text())["finished_at"]
    assert_nothing_half(place)
    assert set(place.records()) == {("waits", 0), ("after", 0)}
    code, out, _ = ended(place.run("narrow", "waits", "after"))
    assert (code, "2 done before" in out) == (0, True)
    assert len(load_results("mine", place.disk / "results")) == 3


def test_results_that_are_renamed_in_the_middle_are_not_touched_again(place: Place) -> None:
    process = place.run_to_the_gate("narrow", "waits")
    aside = place.store.path.rename(place.disk / "aside")
    before = {path: path.read_bytes() for path in aside.rglob("*") if path.is_file()}
    place.open_gate()
    code, _, err = ended(process)
    assert (code, err) == (0, "")
    assert {path: path.read_bytes() for path in aside.rglob("*") if path.is_file()} == before
    assert set(place.records()) == {("waits", 0)}
    [kept] = Store(place.disk, "aside").records()
    assert (kept.reducer, kept.status) == ("narrow", "ok")
    assert_finishes(place, "narrow", "waits", done=1)


def test_a_file_in_the_place_of_the_results_stops_the_run_and_stays(place: Place) -> None:
    process = place.run_to_the_gate("narrow", "waits")
    aside = (place.disk / "results").rename(place.disk / "aside")
    (place.disk / "results").write_text("something else")
    place.open_gate()
    code, _, err = ended(process)
    assert (code, err.count("\n")) == (1, 1)
    assert err.startswith("Error: disk/results/mine cannot be written to (")
    assert (place.disk / "results").read_text() == "something else"
    (place.disk / "results").unlink()
    aside.rename(place.disk / "results")
    assert_finishes(place, "narrow", "waits", done=1)
