"""The short form of the campaign: ``python tests/reliability/kill.py`` is the long one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import kill_checks
import pytest
from filelock import FileLock
from kill_campaign import campaign, table, undisturbed
from kill_checks import Ledger, check_end, check_store
from kill_life import phase
from kill_moments import TARGETS, Times, draw
from kill_place import MARK, Place, children, end, marked, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="what is left of a run is read from /proc"),
]
KILLS = 8


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Times]:
    return undisturbed(tmp_path_factory.mktemp("kill") / "reference", ("pca", "random-projection"), seeds=2)


@pytest.fixture
def copy(reference: tuple[Place, Times], tmp_path: Path) -> Place:
    """The finished run once more, for damage."""
    shutil.copytree(reference[0].path, tmp_path / "copy")
    return Place(tmp_path / "copy", reference[0].reducers, reference[0].seeds)


def test_killed_runs_lose_nothing_and_end_as_if_nobody_had_killed_them(
    reference: tuple[Place, Times], tmp_path: Path
) -> None:
    tally = campaign(KILLS, seed=0, directory=tmp_path, undisturbed=reference, most=KILLS)
    assert tally.details == []
    assert sum(tally.phases.values()) == sum(tally.targets.values()) == KILLS
    assert f"{'kills':<30} {KILLS:>7}" in table(tally)
    assert marked(str(tmp_path)) == []
    assert list(tmp_path.iterdir()) == [], "directories without a finding are removed"


def first(place: Place, pattern: str) -> Path:
    return min(place.path.glob(pattern))


def cut(pattern: str) -> Callable[[Place], None]:
    """Return what cuts a file in the middle, as a writer does who dies."""

    def damage(place: Place) -> None:
        path = first(place, pattern)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return damage


def change_score(place: Place) -> None:
    path = first(place, "results/mine/jobs/*.json")
    record = json.loads(path.read_text())
    record["scores"]["knn_accuracy"] += 1e-15
    path.write_text(json.dumps(record))


def test_times_that_were_disturbed_are_measured_once_more(copy: Place) -> None:
    path = first(copy, "results/mine/jobs/*.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"timing": "disturbed"}))
    ledger = Ledger()
    assert check_store(copy, ledger) == []
    change_score(copy)
    assert check_store(copy, ledger) == []


def copy_record(place: Place) -> None:
    path = first(place, "results/mine/jobs/*.json")
    record = json.loads(path.read_text())
    path.with_stem("other").write_text(json.dumps(record | {"key": "other"}))


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lambda place: first(place, "results/mine/jobs/*.json").unlink(), kill_checks.LOST),
        (lambda place: first(place, "results/mine/views/*.npz").unlink(), kill_checks.LOST),
        (cut("results/mine/jobs/*.json"), kill_checks.HALF),
        (cut("results/mine/embeddings/*.npz"), kill_checks.HALF),
        (cut("results/mine/results.csv"), kill_checks.HALF),
        (cut("results/mine/results.parquet"), kill_checks.HALF),
        (cut("results/mine/run.json"), kill_checks.HALF),
        (cut("reports/mine/times.png"), kill_checks.HALF),
        (copy_record, kill_checks.DOUBLE),
        (change_score, kill_checks.AGAIN),
    ],
)
def test_check_of_a_store_knows_what_is_wrong(
    copy: Place, damage: Callable[[Place], None], kind: str
) -> None:
    ledger = Ledger()
    assert check_store(copy, ledger) == []
    assert len(ledger.done) == 4
    damage(copy)
    assert kind in {found for found, _ in check_store(copy, ledger)}


def change_table(place: Place) -> None:
    path = place.results / "results.csv"
    path.write_text(path.read_text().replace(",ok,", ",killed,", 1))


def change_codes(place: Place) -> None:
    one, other = sorted((place.results / "embeddings").iterdir())[:2]
    shutil.copy(one, other)


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (change_score, kill_checks.DIFFERENT),
        (change_table, kill_checks.DIFFERENT),
        (change_codes, kill_checks.DIFFERENT),
        (copy_record, kill_checks.DIFFERENT),
        (lambda place: (place.reports / "times.png").unlink(), kill_checks.DIFFERENT),
        (lambda place: (place.reports / ".times.png.abcd_123").touch(), kill_checks.LEFT),
        (lambda place: (place.results.parent / ".write-probe").touch(), kill_checks.LEFT),
    ],
)
def test_check_of_the_end_knows_what_is_wrong(
    copy: Place, reference: tuple[Place, Times], damage: Callable[[Place], None], kind: str
) -> None:
    assert check_end(copy, reference[0]) == []
    damage(copy)
    assert [found for found, _ in check_end(copy, reference[0])] == [kind]


def test_check_of_the_end_knows_a_lock_that_is_held(copy: Place, reference: tuple[Place, Times]) -> None:
    with FileLock(copy.results / ".lock"):
        assert check_end(copy, reference[0]) == [(kill_checks.PROCESS, "results/mine/.lock is held")]


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that carries a mark, and has started another one."""
    script = "import subprocess, sys, time; subprocess.Popen(['sleep', '300']); time.sleep(300)"
    with subprocess.Popen([sys.executable, "-c", script], env={MARK: f"{tmp_path}#1#"}) as process:
        yield process
        end(marked(str(tmp_path)))


def test_processes_are_found_by_their_mark(sleeper: subprocess.Popen[bytes], tmp_path: Path) -> None:
    # A process that is about to become another program has no environment for a moment.
    assert wait_for(lambda: len(children(sleeper.pid)) == 1, 900)
    family = sorted([sleeper.pid, *children(sleeper.pid)])
    assert wait_for(lambda: marked(f"{tmp_path}#1#") == family, 900)
    assert marked(f"{tmp_path}#11#") == []
    sleeper.kill()
    assert wait_for(lambda: len(marked(str(tmp_path))) == 1, 900), "one that ended does not count"


@pytest.mark.parametrize(
    ("log", "name"),
    [
        ("", "before the first job"),
        ("run mine begins: 2 jobs to do, 0 done before\n", "before the first job"),
        ("run mine begins: 2 jobs to do, 0 done before\njob a begins\n", "during jobs"),
        ("run mine begins: 1 jobs to do, 1 done before\njob a begins\njob a ends: ok\n", "tables and report"),
        ("run mine begins: 0 jobs to do, 2 done before\n", "tables and report"),
    ],
)
def test_phase_of_a_run_is_read_from_its_log(log: str, name: str) -> None:
    assert phase(log) == name


def test_same_seed_draws_the_same_kills_and_all_kinds_of_them() -> None:
    times = Times(start=3, job=0.5, rest=2)
    drawn, again = ([draw(rng, 6, times, 0) for _ in range(300)] for rng in (Random(0), Random(0)))
    assert drawn == again
    assert {kill.target for kill in drawn} == set(TARGETS)
    assert {kill.kind for kill in drawn} == {
        "",
        "jobs",
        "embeddings",
        "predictions",
        "views",
        "tables",
        "report",
    }
    late = [draw(Random(n), 0, times, elapsed=60) for n in range(100)]
    assert all(kill.kind in ("", "tables", "report") and kill.target != "job" for kill in late)
