"""What jobs will take by earlier runs: the arithmetic on made records, the words, and the verb `plan`."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from test_cli import call_here
from test_runner import ENVIRONMENT, FakePool

from benchmark.analysis.scaling import Point, save_scaling
from benchmark.execution import runner
from benchmark.execution.observers.terminal import Terminal, in_words
from benchmark.measure.outcome import Outcome, make_record
from benchmark.plan.estimate import Cost, estimate
from benchmark.plan.job import Job
from benchmark.request import Request
from benchmark.results import Record, Store
from benchmark.results.record import machine_id

HERE = machine_id(ENVIRONMENT)
JOB = Job(
    run="old", dataset="digits", source="digits", data="0" * 64, n_train=1000, n_test=200, n_features=64,
    reducer="sparse", params={"n_components": 10, "epochs": 20, "batch_size": 64}, device="cpu", threads=2,
    seed=0, code="1",
)  # fmt: skip
# 4 of the 20 seconds of the job are spent beside what is measured.
OUTCOME = Outcome(
    "ok", warmup_seconds=1.0, fit_times=[10.0], transform_times=[2.0], score_seconds=3.0, peak_memory_mb=100.0
)


def stored(path: Path, job: Job = JOB, outcome: Outcome = OUTCOME, **changes: Any) -> Record:
    """Store what was measured of a job, which took 20 seconds."""
    record = replace(make_record(job, outcome, ENVIRONMENT), **({"job_seconds": 20.0} | changes))
    Store(path, record.run).add(record)
    return record


def cost_of(path: Path, job: Job = JOB, machine: str | None = HERE) -> Cost:
    (cost,) = estimate([job], path, machine).values()
    return cost


def with_params(job: Job = JOB, **params: Any) -> Job:
    return replace(job, params={**job.params, **params})


def sweep(path: Path, fit: float, memory: float) -> None:
    """Store a scaling run of another machine whose costs are exact powers of the number of samples."""
    store = Store(path, "scale")
    for n in (1_000, 3_000, 10_000, 30_000):
        job = replace(with_params(epochs=2), run="scale", n_train=n)
        costs = replace(OUTCOME, fit_times=[1e-3 * n**fit], peak_memory_mb=float(n) ** memory)
        store.add(make_record(job, costs, {"machine": "elsewhere"}))
    centre = Point(10_000, 64, 10)
    store.save_facts({"kind": "scaling", "centre": vars(centre)})
    save_scaling(store)


def test_a_job_like_one_that_was_measured_takes_as_long_and_as_much(tmp_path: Path) -> None:
    stored(tmp_path)
    assert cost_of(tmp_path, replace(JOB, seed=7, run="new", code="2")) == Cost(20.0, 100.0, "measured")


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        # Warm-up 1; fit 10, transform 2, scores 3 and the rest 4, all twice.
        (replace(JOB, n_train=2000), Cost(39.0, 200.0, "rows")),
        (with_params(epochs=40), Cost(30.0, 100.0, "epochs")),
        (replace(with_params(epochs=40), n_train=500), Cost(1 + 10 + 1 + 3.5, 50.0, "rows")),
        (replace(JOB, repeats=3), Cost(1 + 3 * 12 + 7, 100.0, "measured")),
        # How features and widths tell is not known, and rows are the same.
        (replace(JOB, n_features=128), Cost(20.0, 100.0, "rows")),
        (with_params(n_components=20), Cost(20.0, 100.0, "rows")),
        # Four fifths of 1,250 rows.
        (replace(JOB, n_train=1250, part="validation"), Cost(20.0, 100.0, "measured")),
    ],
)
def test_without_exponents_costs_are_in_proportion_to_rows_and_epochs(
    job: Job, expected: Cost, tmp_path: Path
) -> None:
    stored(tmp_path)
    found = cost_of(tmp_path, job)
    assert found.by == expected.by
    assert (found.seconds, found.memory_mb) == pytest.approx((expected.seconds, expected.memory_mb))


def test_a_scaling_run_tells_how_the_costs_of_its_reducer_grow(tmp_path: Path) -> None:
    stored(tmp_path)
    sweep(tmp_path, fit=2.0, memory=0.5)
    found = cost_of(tmp_path, replace(JOB, n_train=2000))
    assert found.by == "exponents"
    # The fit fourfold; transform, scores and the rest twice.
    assert found.seconds == pytest.approx(1 + 40 + 4 + 14)
    assert found.memory_mb == pytest.approx(100 * 2**0.5)
    other = replace(JOB, reducer="stacked")
    stored(tmp_path, other)
    assert cost_of(tmp_path, replace(other, n_train=2000)).by == "rows"


def test_exponents_that_do_not_cover_what_changed_are_not_used(tmp_path: Path) -> None:
    stored(tmp_path)
    sweep(tmp_path, fit=2.0, memory=0.5)
    found = cost_of(tmp_path, replace(JOB, n_train=2000, n_features=128))
    assert (found.seconds, found.memory_mb, found.by) == (pytest.approx(39.0), pytest.approx(200.0), "rows")


def test_no_cost_is_taken_to_fall_and_a_damaged_table_of_exponents_is_none(tmp_path: Path) -> None:
    stored(tmp_path)
    sweep(tmp_path, fit=-0.5, memory=0.0)
    assert cost_of(tmp_path, replace(JOB, n_train=2000)).seconds == pytest.approx(1 + 10 + 4 + 14)
    words = b"sweep,reducer,device,ok,fit_exponent,memory_exponent\nsamples,sparse,cpu,4,half,half\n"
    for damage in (b"\xff\x00,\n1", b"", words):
        (tmp_path / "scale" / "exponents.csv").write_bytes(damage)
        assert cost_of(tmp_path, replace(JOB, n_train=2000)).by == "rows"


@pytest.mark.parametrize(
    "job",
    [
        replace(JOB, reducer="stacked"),
        replace(JOB, device="cuda"),
        replace(JOB, threads=1),
        with_params(batch_size=32),
    ],
)
def test_what_nobody_measured_is_unknown(job: Job, tmp_path: Path) -> None:
    stored(tmp_path)
    assert cost_of(tmp_path, job) == Cost(None, None, "unknown")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "failed"},
        {"timing": "shared"},
        {"environment": {"machine": "other"}},
        {"n_train": None},
        {"n_train": -5},
    ],
)
def test_records_that_say_nothing_of_this_machine_do_not_count(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    stored(tmp_path, **changes)
    assert cost_of(tmp_path) == Cost()


def test_where_the_machine_is_not_known_nothing_is(tmp_path: Path) -> None:
    stored(tmp_path)
    assert cost_of(tmp_path, machine=None) == Cost()


def test_a_record_of_an_earlier_version_tells_memory_alone(tmp_path: Path) -> None:
    stored(tmp_path, job_seconds=None)
    assert cost_of(tmp_path) == Cost(None, 100.0, "measured")
    # Another one that tells the time comes first, though it is of another size.
    stored(tmp_path, replace(JOB, n_train=500))
    assert cost_of(tmp_path) == Cost(39.0, 200.0, "rows")


def test_the_nearest_in_size_tell_and_of_several_the_median(tmp_path: Path) -> None:
    for seed, seconds in enumerate((20.0, 90.0, 24.0)):
        stored(tmp_path, replace(JOB, seed=seed), job_seconds=seconds)
    stored(tmp_path, replace(JOB, n_train=8000), job_seconds=4000.0)
    assert cost_of(tmp_path) == Cost(24.0, 100.0, "measured")
    assert cost_of(tmp_path, replace(JOB, n_train=8000)).seconds == 4000.0


def test_jobs_that_cannot_be_measured_are_left_out_and_files_stay_as_they_are(tmp_path: Path) -> None:
    record = stored(tmp_path)
    path = Store(tmp_path, "old").record_path(record.key)
    path.write_text("{")
    cuda = replace(JOB, seed=1, unavailable="no such device")
    assert estimate([JOB, cuda], tmp_path, HERE) == {JOB.key: Cost()}
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("costs", "words"),
    [
        ([Cost(900.0, 1.0, "measured"), Cost(60.0, 1.0, "exponents")], "about 16 min by earlier runs"),
        (
            [Cost(960.0 / 11, 1.0, "measured")] * 11 + [Cost()] * 3,
            "about 16 min by earlier runs; 3 of 14 jobs unknown",
        ),
        ([Cost(1.5, 1.0, "rows")], "about 1.5 s by earlier runs, some in proportion to rows"),
        ([Cost(), Cost(None, 5.0, "measured")], ""),
        ([], ""),
    ],
)
def test_the_words_say_how_long_and_how_much_is_unknown(costs: list[Cost], words: str) -> None:
    assert in_words(costs) == words


class Looked(FakePool):
    """A pool that may be looked at, and must not measure."""

    threads = 2

    def native_precision(self, device: str, threads: int) -> str:
        raise AssertionError("something was measured")


class Measuring(FakePool):
    threads = 2


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of two reducers and two seeds, of which each job took 30 seconds, in a run named r."""
    path = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(path)
        patched.setattr(runner, "open_pool", lambda request, observer: Measuring())
        runner.run(Request(("raw", "pca"), "digits", name="r", seeds=2))
    store = Store(path / "results", "r")
    for record in list(store.records()):
        store.save(replace(record, job_seconds=30.0, peak_memory_mb=12.0))
    return path / "results"


@pytest.fixture
def measured(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of these results in the working directory, and a pool that must not measure."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "open_pool", lambda request, observer: Looked())
    shutil.copytree(made, tmp_path / "results")
    return tmp_path / "results"


def files(results: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(results.rglob("*"))}


WORDS = ("plan", "--reducer", "raw", "--reducer", "pca", "--dataset", "digits", "--seeds", "2")


def test_plan_says_what_is_done_and_what_is_not_and_touches_nothing(
    measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(measured)
    code, out, error = call_here(capsys, *WORDS, "--name", "r")
    assert (code, error) == (0, "")
    assert "Nothing is to be done." in out
    assert out.count("0 of 2") == 2
    more = (*WORDS, "--reducer", "autoencoder", "--name", "other")
    code, out, error = call_here(capsys, *more)
    assert (code, error) == (0, "")
    assert "To do: 6, about 2 min by earlier runs; 2 of 6 jobs unknown." in out
    assert out.startswith("other: 6 jobs on digits (1,438 training and 359 test samples of 64 features).\n")
    assert files(measured) == before
    assert not (measured.parent / "reports" / "other").exists()


def test_plan_fits_80_columns(
    measured: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.cli.printing.make_console", lambda: Console(width=80))
    out = call_here(capsys, *WORDS, "--reducer", "random-projection", "--name", "other")[1]
    lines = [" ".join(line.strip("│").split()) for line in out.splitlines()]
    assert max(map(len, out.splitlines())) <= 80
    assert "pca │ 10 │ cpu │ 2 │ 2 of 2 │ 60 s │ 12 │ measured" in lines
    assert "random-projection │ 10 │ cpu │ 2 │ 2 of 2 │ unknown │ │" in lines


def test_plan_in_json_has_every_job_to_do(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call_here(capsys, *WORDS, "--reducer", "autoencoder", "--name", "other", "--json")
    told = json.loads(out)
    assert (code, told["run"]) == (0, "other")
    assert sorted(cost["seconds"] or 0 for cost in told["to_do"].values()) == [0, 0, 30, 30, 30, 30]
    assert {row["reducer"]: row["to do"] for row in told["jobs"]}["pca"] == "2 of 2"
    assert told["estimate"] == "about 2 min by earlier runs; 2 of 6 jobs unknown"


def test_plan_names_what_cannot_be_measured_here(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call_here(capsys, *WORDS, "--device", "cpu", "--device", "cuda", "--name", "other")
    assert code == 0
    assert "To do: 4, about 2 min by earlier runs." in out
    assert "Not here: raw runs on cpu only." in out


def test_plan_with_select_shows_what_chooses(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = (*WORDS, "--set", "pca.whiten=False,True", "--select", "knn_accuracy", "--name", "other")
    code, out, _ = call_here(capsys, *words)
    assert code == 0
    assert "What --select chooses of these is measured after them." in out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("plan",), "needs either --all or --reducer NAME or --group NAME (both repeatable); got neither."),
        ((*WORDS, "--suite", "quick", "--name", "r"), "it holds the suite 'standard', and this is 'quick'"),
        (("plan", "--reducer", "pcaa"), "Did you mean 'pca'?"),
    ],
)
def test_plan_refuses_what_run_would_refuse(
    words: tuple[str, ...], expected: str, measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = call_here(capsys, *words)
    assert (code, error.count("\n")) == (2, 1)
    assert expected in error


def test_a_run_says_what_it_will_take_where_anything_is_known(
    measured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "open_pool", lambda request, observer: Measuring())

    def said(name: str, *reducers: str, quiet: bool = False) -> str:
        out = io.StringIO()
        shown = Terminal(Console(file=out, width=80), quiet=quiet)
        runner.run(Request(reducers, "digits", name=name, seeds=2), shown)
        return out.getvalue()

    lines = said("other", "raw", "pca", "umap").splitlines()
    assert lines[1] == "about 2 min by earlier runs; 2 of 6 jobs unknown"
    assert "earlier runs" not in said("third", "random-projection")
    assert said("fourth", "pca", quiet=True) == ""
    # What is done takes nothing.
    assert "earlier runs" not in said("other", "raw", "pca", "umap")
