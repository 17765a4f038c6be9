"""The clock of whole runs, against reducers whose cost is known beforehand."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import benchmark
from benchmark.results import Record, Store

pytestmark = pytest.mark.slow

PLUGIN = Path(__file__).parent / "plugins" / "known_cost.py"
SECONDS, SIZE_MB = 0.5, 200  # as in the plugin
REPEATS = 3

Records = Mapping[str, Record]


def measure(path: Path, reducers: Sequence[str], device: str = "cpu", repeats: int = REPEATS) -> Records:
    """Run the plugin's reducers on a few digits; return their records by name."""
    suite = path / "few.toml"
    suite.write_text("n_train = 200\nn_test = 60\ncomponents = [3]\n")
    benchmark.run(
        reducers,
        "digits",
        suite=suite,
        devices=[device],
        repeats=repeats,
        threads=1,
        name="clock",
        results_dir=path / "results",
        reports_dir=path / "reports",
        plugins=[PLUGIN],
    )
    records = {record.reducer: record for record in Store(path / "results", "clock").records()}
    assert {name: record.status for name, record in records.items()} == dict.fromkeys(reducers, "ok")
    return records


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    names = (
        "sleeps-in-fit", "spins-in-fit", "sleeps-in-transform", "sleeps-once", "sleeps-elsewhere",
        "slow-to-score", "allocates",
    )  # fmt: skip
    return measure(tmp_path_factory.mktemp("clock"), names)


@pytest.mark.parametrize("name", ["sleeps-in-fit", "spins-in-fit"])
def test_the_cost_of_a_fit_is_recorded_within_two_percent(name: str, records: Records) -> None:
    # A busy machine may be late, but not every time.
    assert min(records[name].fit_times) == pytest.approx(SECONDS, rel=0.02)
    assert min(records[name].transform_times) < 0.1 * SECONDS


def test_the_cost_of_a_transform_is_recorded_within_two_percent(records: Records) -> None:
    record = records["sleeps-in-transform"]
    assert min(record.transform_times) == pytest.approx(SECONDS, rel=0.02)
    assert min(record.fit_times) < 0.1 * SECONDS


def test_what_is_done_once_a_process_is_warm_up_and_no_fit(records: Records) -> None:
    record = records["sleeps-once"]
    assert record.warmup_seconds is not None
    assert record.warmup_seconds >= SECONDS
    assert min(record.fit_times) < 0.1 * SECONDS


def test_scoring_has_a_column_of_its_own(records: Records) -> None:
    record = records["slow-to-score"]
    assert record.score_seconds is not None
    assert record.score_seconds >= SECONDS
    assert min(record.fit_times) + min(record.transform_times) < 0.1 * SECONDS


def test_reconstructing_is_charged_to_nothing_that_is_timed(records: Records) -> None:
    record = records["sleeps-elsewhere"]
    assert min(record.fit_times) + min(record.transform_times) < 0.1 * SECONDS


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is measured exactly on Linux only")
def test_the_memory_of_a_fit_is_recorded_within_five_percent(records: Records) -> None:
    assert records["allocates"].peak_memory_mb == pytest.approx(SIZE_MB, rel=0.05)


def test_repeats_are_kept_and_their_medians_are_the_times(records: Records) -> None:
    for record in records.values():
        assert record.repeats == len(record.fit_times) == len(record.transform_times) == REPEATS
        assert record.fit_seconds == statistics.median(record.fit_times)
        assert record.transform_seconds == statistics.median(record.transform_times)
        assert record.timing in ("exclusive", "disturbed")


def test_spreads_stand_in_the_table_where_there_were_repeats(tmp_path: Path) -> None:
    once = measure(tmp_path, ["free"], repeats=1)["free"]
    assert (once.repeats, once.fit_times) == (1, [once.fit_seconds])
    path = tmp_path / "results"
    table = benchmark.load_results("clock", path)
    assert table[["fit_spread_seconds", "transform_spread_seconds"]].isna().all(axis=None)
    # More repeats are another measurement, which takes the place of the first.
    record = measure(tmp_path, ["free"])["free"]
    assert record.key != once.key
    (row,) = benchmark.load_results("clock", path).to_dict("records")
    assert row["fit_spread_seconds"] == max(record.fit_times) - min(record.fit_times)
    assert row["transform_spread_seconds"] == max(record.transform_times) - min(record.transform_times)


def test_work_that_is_only_queued_on_cuda_is_charged_to_the_fit(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    record = measure(tmp_path, ["queues"], device="cuda")["queues"]
    (told,) = record.history
    assert told["working"] > 2 * told["queueing"]
    assert record.fit_times[-1] >= told["working"]
    assert record.fit_times[-1] == pytest.approx(told["working"], rel=0.1)
