"""How a run ends before its time, and that nothing is lost by it: Ctrl-C, SIGTERM, SIGKILL, a full disk."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest
from waiting import is_running, wait_for

from benchmark import load_results
from benchmark.results import Record, Store

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
FAULTS = ROOT / "tests" / "plugins" / "faults.py"
TINY = "n_train = 200\nn_test = 60\ncomponents = [3]\n"
EVENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|WARNING|ERROR) +\S.*")


@dataclass(frozen=True)
class Place:
    """A directory in which runs are started, with temporary files and locks of its own."""

    path: Path

    @property
    def store(self) -> Store:
        return Store(self.path / "results", "mine")

    @property
    def pids(self) -> list[int]:
        """The ids that reducers of the plugin told."""
        marker = self.path / "pids"
        return [int(word) for word in marker.read_text().split()] if marker.exists() else []

    def start(self, *reducers: str, name: str = "mine", seeds: int = 1) -> subprocess.Popen[str]:
        words = [word for reducer in reducers for word in ("--reducer", reducer)]
        options = ["--dataset", "digits", "--suite", "tiny.toml", "--threads", "1", "--plugin", FAULTS]
        command = [sys.executable, "-m", "benchmark", "run", *words, *options, "--name", name]
        return subprocess.Popen(
            [str(word) for word in [*command, "--seeds", seeds]],
            cwd=self.path,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "OMP_NUM_THREADS": "1",
                "TMPDIR": str(self.path / "tmp"),
                "FAULTS_PIDS": str(self.path / "pids"),
                "FAULTS_TIMES": str(self.path),
                "FAULTS_REMOVES": str(self.store.path),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # A test run in the background is told to ignore Ctrl-C, and would pass that on.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
        )

    def measure(self, *reducers: str, name: str = "mine", seeds: int = 1) -> tuple[int, str, str]:
        """Return exit code, standard output and standard error of a run."""
        process = self.start(*reducers, name=name, seeds=seeds)
        out, err = process.communicate(timeout=900)
        return process.returncode, out, err

    def statuses(self) -> dict[str, str]:
        return {record.reducer: record.status for record in self.store.records()}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "tiny.toml").write_text(TINY)
    (tmp_path / "tmp").mkdir()
    made = Place(tmp_path)
    yield made
    for pid in made.pids:
        assert wait_for(lambda pid=pid: not is_running(pid)), "a process was left running"  # type: ignore[misc]
    # Only the locks stay, which hold nothing.
    assert {path.suffix for path in (tmp_path / "tmp").iterdir()} <= {".lock", ".turn"}


def assert_all_is_whole(place: Place) -> None:
    """Every file below the results and the reports can be read to its end."""
    for path in [*(place.path / "results").rglob("*"), *(place.path / "reports").rglob("*")]:
        assert path.name == ".lock" or not path.name.startswith("."), path
        if path.suffix == ".json":
            json.loads(path.read_text())
        if path.suffix == ".png":
            assert path.read_bytes().endswith(b"IEND\xaeB`\x82")
    if (place.store.path / "results.csv").exists():
        assert set(load_results("mine", place.path / "results")["key"]) <= {
            r.key for r in place.store.records()
        }


def events(place: Place) -> list[str]:
    """The events of the run's log without their times; whatever stands below one is indented."""
    lines = (place.store.path / "run.log").read_text().splitlines()
    assert [line for line in lines if not EVENT.fullmatch(line) and not line.startswith("    ")] == []
    return [line.split(maxsplit=1)[1] for line in lines if EVENT.fullmatch(line)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_batch_system_that_ends_a_run_loses_nothing_that_was_measured(
    number: signal.Signals, place: Place
) -> None:
    process = place.start("slice", "endless", "raw")
    assert wait_for(lambda: place.pids)
    process.send_signal(number)
    out, err = process.communicate(timeout=900)
    assert (process.returncode, err) == (130, "")
    assert place.statuses() == {"slice": "ok", "endless": "interrupted"}
    assert "endless (cpu, seed 0): stopped by the user" in out
    assert "interrupted" in (place.path / "reports" / "mine" / "report.md").read_text()
    assert_all_is_whole(place)
    told = [event.split(":")[0] for event in events(place)]
    assert told[0] == "INFO    run mine begins"
    assert "WARNING interrupted by the user" in told
    assert told[-1] == "INFO    run ends"


def test_ctrl_c_twice_ends_a_run_at_once_and_leaves_no_half_of_anything(place: Place) -> None:
    process = place.start("slice", "endless")
    assert wait_for(lambda: place.pids)
    process.send_signal(signal.SIGINT)
    assert wait_for((place.store.path / "results.csv").exists)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=900)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert place.statuses() == {"slice": "ok", "endless": "interrupted"}
    assert_all_is_whole(place)


def test_a_run_that_is_killed_keeps_what_was_done_and_goes_on_from_there(place: Place) -> None:
    process = place.start("slice", "endless", seeds=3)
    assert wait_for(lambda: place.pids)
    code, _, err = place.measure("raw")
    assert (code, err.count("\n")) == (2, 1)
    assert "The run 'mine' in results is being written by another process" in err
    process.kill()
    process.communicate()
    assert_all_is_whole(place)
    # A job that took long: the run that was killed had no time to add it up.
    place.store.add(replace(next(place.store.records()), fit_times=[1000.0]))
    before = {path: path.stat().st_mtime_ns for path in (place.store.path / "jobs").iterdir()}
    assert sorted((r.reducer, r.seed, r.status) for r in place.store.records()) == [("slice", 0, "ok")], (
        "seed by seed, so the endless one comes before the others"
    )
    assert wait_for(lambda: "still at it" in (place.store.path / "run.log").read_text())
    assert any(re.match("INFO    job endless-.* begins", event) for event in events(place))
    # What a writer leaves that is killed in the middle.
    for directory in ("", "jobs", "views"):
        (place.store.path / directory / ".slice.json.abcd_123").write_text("{")
    half_drawn = place.path / "reports" / "mine" / ".times.png.abcd_123"
    half_drawn.parent.mkdir(parents=True)
    half_drawn.touch()
    code, out, err = place.measure("slice", "raw", seeds=3)
    assert (code, err) == (0, "")
    assert "1 done before" in out
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert not half_drawn.exists()
    facts = place.store.facts()
    assert (facts["finished_at"] is not None, 1000 < facts["wall_seconds"] < 1400) == (True, True)
    assert_all_is_whole(place)


def test_a_failure_is_tried_again_and_a_success_is_not(place: Place) -> None:
    once = ("slice", "raises-once", "crashes-once")
    assert place.measure(*once)[0] == 1
    assert place.statuses() == {"slice": "ok", "raises-once": "failed", "crashes-once": "killed"}
    code, out, _ = place.measure(*once)
    assert (code, place.statuses()) == (0, dict.fromkeys(once, "ok"))
    assert "1 done before" in out


def test_a_directory_that_vanishes_is_made_again_and_the_run_goes_on(place: Place) -> None:
    code, _, err = place.measure("slice", "removes-results", "raw")
    assert (code, err) == (0, "")
    assert place.statuses() == {"removes-results": "ok", "raw": "ok"}
    assert place.store.facts()["finished_at"]
    assert_all_is_whole(place)


def test_a_full_disk_stops_a_run_with_one_sentence_and_keeps_what_was_stored(place: Place) -> None:
    code, _, err = place.measure("slice", "fills-the-disk", "raw")
    assert code == 1
    assert err == (
        "Error: results/mine cannot be written to (File too large); what was stored there before is kept.\n"
    )
    assert place.statuses() == {"slice": "ok"}
    assert events(place)[-1].startswith("ERROR   run ends: RunError: results/mine cannot be written to")
    assert_all_is_whole(place)


def test_jobs_of_two_runs_are_never_timed_side_by_side(place: Place) -> None:
    runs = [place.start("interval", name=name, seeds=2) for name in ("one", "two")]
    said = [run.communicate(timeout=900)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    # Two seeds each, and each with a warm-up of its own.
    lines = [line.split() for line in (place.path / "times").read_text().splitlines()]
    times = sorted((float(begun), float(ended)) for begun, ended, _ in lines)
    # A job that something else on the machine disturbs is measured once more.
    assert len(times) >= 8
    assert len({parent for _, _, parent in lines}) == 2
    assert all(one[1] <= other[0] for one, other in pairwise(times))
    assert any("the runs take turns" in " ".join(out.split()) for out in said)
    for name in ("one", "two"):
        table = load_results(name, place.path / "results")
        assert table["status"].tolist() == ["ok"] * 2
        assert set(table["timing"]) <= {"exclusive", "disturbed"}


def test_tables_and_report_come_back_from_the_job_files_alone(place: Place) -> None:
    assert place.measure("slice", "raw")[0] == 0
    tables = {name: (place.store.path / name).read_bytes() for name in ("results.csv", "results.parquet")}
    for name in (*tables, "run.log"):
        (place.store.path / name).unlink()
    shutil.rmtree(place.path / "reports")
    done = subprocess.run(
        [sys.executable, "-m", "benchmark", "report", "mine"],
        cwd=place.path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {name: (place.store.path / name).read_bytes() for name in tables} == tables
    assert (place.path / "reports" / "mine" / "report.md").is_file()
    assert isinstance(next(iter(place.store.records())), Record)
