"""The share of the machine that others take: on made-up numbers, and with a really busy process beside."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import benchmark
from benchmark.measure import clock
from benchmark.measure.clock import DISTURBED, CpuTimes, cpu_times, foreign_share
from benchmark.results import Store

KNOWN_COST = Path(__file__).parent / "plugins" / "known_cost.py"
IDLE = CpuTimes(cores=2, total=1000.0, busy=100.0, own=5.0)
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

SPIN = "import time; begun = time.process_time()\nwhile time.process_time() < begun + 0.2: pass"


def later(total: float, busy: float, own: float) -> CpuTimes:
    return CpuTimes(2, IDLE.total + total, IDLE.busy + busy, IDLE.own + own)


@pytest.mark.parametrize(
    ("end", "share"),
    [
        (later(total=4.0, busy=0.0, own=0.0), 0.0),
        (later(total=4.0, busy=2.0, own=2.0), 0.0),
        (later(total=4.0, busy=3.5, own=1.5), 0.5),
        # Ticks count coarsely: what this process took may seem to be more than what all did.
        (later(total=4.0, busy=3.9, own=4.0), 0.0),
        (later(total=1.0, busy=0.5, own=0.0), 0.5),
        (later(total=0.78, busy=0.4, own=0.0), None),
        (later(total=0.0, busy=0.0, own=0.0), None),
        (None, None),
    ],
)
def test_the_foreign_share_is_of_all_cores_and_unknown_in_short_windows(
    end: CpuTimes | None, share: float | None
) -> None:
    assert foreign_share(IDLE, end) == (share if share is None else pytest.approx(share))


def made_proc(directory: Path, user: int, idle: int, steal: int) -> None:
    """Write a /proc/stat of two cores, in ticks; guests are counted within user."""
    line = f"{user} 0 0 {idle} 30 0 0 {steal} 7 0"
    (directory / "stat").write_text(f"cpu  {line}\ncpu0 {line}\ncpu1 {line}\nctxt 1\nbtime 1\n")


@needs_proc
def test_a_made_up_proc_gives_its_share_steal_included(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = iter([1.0, 1.5])
    monkeypatch.setattr(clock, "_own_seconds", lambda: next(own))
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    ticks = os.sysconf("SC_CLK_TCK")
    made_proc(tmp_path, user=1000, idle=9000, steal=10)
    begun = cpu_times()
    # Two seconds of two cores: a quarter of it user, of which half a second is ours, and an eighth stolen.
    made_proc(tmp_path, user=1000 + ticks, idle=9000 + 5 * ticks // 2, steal=10 + ticks // 2)
    assert foreign_share(begun, cpu_times()) == pytest.approx((1.0 - 0.5 + 0.5) / 4)


@needs_proc
def test_without_proc_the_share_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_own_seconds", lambda: 0.0)
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    assert cpu_times() is None
    assert foreign_share(None, IDLE) is None


@needs_proc
@pytest.mark.parametrize("where", ["here", "ended child", "running child"])
def test_what_this_process_and_its_children_take_is_no_foreign_time(where: str) -> None:
    begun = cpu_times()
    wait = "" if where == "ended child" else "\nprint(flush=True); input()"
    if where == "here":
        exec(SPIN, {})
        ended = cpu_times()
    else:
        with subprocess.Popen(
            [sys.executable, "-c", SPIN + wait], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            assert child.stdout is not None
            child.stdout.readline() if wait else child.wait()
            ended = cpu_times()
            child.communicate(b"\n")
    assert begun is not None
    assert ended is not None
    assert ended.own - begun.own >= 0.19


@pytest.fixture
def busy() -> Iterator[None]:
    """More than half of the cores busy with processes that are none of a job's."""
    command = [sys.executable, "-c", "while True: pass"]
    spinning = [subprocess.Popen(command) for _ in range((os.cpu_count() or 1) // 2 + 1)]
    yield
    for process in spinning:
        process.kill()
        process.wait()


@pytest.mark.slow
@needs_proc
@pytest.mark.usefixtures("busy")
def test_a_job_beside_a_busy_process_is_disturbed_and_measured_once_more(tmp_path: Path) -> None:
    """Complaint 8: a time taken beside a busy program was called exclusive."""
    suite = tmp_path / "few.toml"
    suite.write_text("n_train = 200\nn_test = 60\ncomponents = [3]\n")
    found = benchmark.run(
        ["sleeps-in-fit"],
        "digits",
        suite=suite,
        threads=1,
        name="busy",
        results_dir=tmp_path / "results",
        reports_dir=tmp_path / "reports",
        plugins=[KNOWN_COST],
    )
    (row,) = found.table.to_dict("records")
    assert (row["status"], row["timing"]) == ("ok", "disturbed")
    # It sleeps: more than half of the cores should be others'; on some machines a core is two threads.
    assert row["foreign_cpu"] > 4 * DISTURBED
    (record,) = Store(tmp_path / "results", "busy").records()
    assert record.foreign_cpu == row["foreign_cpu"]
    log = (tmp_path / "results" / "busy" / "run.log").read_text()
    assert log.count(f"job {record.key} ends: ok") == 2
    assert log.count("disturbed: other programs took") == 2
    assert "1 job was disturbed by other programs on the machine: measured once more." in log
    report = (tmp_path / "reports" / "busy" / "report.md").read_text()
    assert "All times were taken while other programs ran on the machine and are never in bold." in report
