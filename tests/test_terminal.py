"""What a run shows while it runs: within 80 columns of a terminal, and a line a job elsewhere."""

from __future__ import annotations

import io
import re
import time
from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from benchmark.execution.observers.terminal import Terminal
from benchmark.measure.outcome import Outcome, make_record
from benchmark.plan import Plan
from benchmark.plan.job import Job
from benchmark.results import Record
from reducers.training.epochs import Epoch

JOB = Job(
    run="mine", dataset="digits", source="digits", data="0" * 64, n_train=1438, n_test=359, n_features=64,
    reducer="random-projection", params={"n_components": 10}, device="cpu", threads=1, seed=0, code="1",
)  # fmt: skip
OK = Outcome(
    "ok", fit_times=[0.0123], transform_times=[0.004], scores={"knn_accuracy": 0.91234, "kmeans_nmi": 0.5}
)


class TwelveJobs(Plan):
    def describe(self) -> str:
        return "12 jobs on digits"

    def label(self, measured: Job | Record) -> str:
        return f"{measured.reducer} on {measured.device}, seed {measured.seed}"


def made(seed: int = 0, seconds: float = 1.0, **changes: Any) -> Record:
    record = make_record(replace(JOB, seed=seed), replace(OK, **changes), {})
    return replace(record, job_seconds=seconds)


def watched(
    *, is_terminal: bool = True, quiet: bool = False, width: int = 80
) -> tuple[Terminal, io.StringIO]:
    """Return a terminal that was told of a run of twelve jobs, and what it printed."""
    out = io.StringIO()
    shown = Terminal(Console(file=out, force_terminal=is_terminal, width=width), quiet=quiet)
    plan = TwelveJobs("mine", 1)
    plan.total = 12
    shown.planned(plan, 12)
    return shown, out


def bars(shown: Terminal) -> list[str]:
    """Return the lines that show what runs, in a terminal of 80 columns."""
    console = Console(file=io.StringIO(), width=80)
    lines = console.render_lines(shown._bars.get_renderable(), pad=False)
    return ["".join(segment.text for segment in line).rstrip() for line in lines]


def test_a_job_that_trains_shows_place_epoch_loss_and_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Complaint 7: a long job showed neither epoch nor time left."""
    shown, _ = watched(is_terminal=False)
    now = [0.0]
    monkeypatch.setattr(shown._bars, "get_time", lambda: now[0])
    shown.started(JOB)
    (line,) = bars(shown)
    assert line.startswith("  1/12  random-projection on cpu, seed 0 ")
    assert line.endswith(" 0:00:00")
    for now[0], epoch in ((10.0, Epoch(4, 40, 0.5)), (20.0, Epoch(10, 40, 0.023456))):
        shown.trained(JOB, epoch)
    (line,) = bars(shown)
    assert cell_len(line) <= 80
    assert line.startswith("  1/12  random-projection on")
    # Six epochs took ten seconds, so the other thirty will take fifty.
    assert re.search(r" 10/40 loss 0.0235 0:00:20 00:50$", line), line
    assert "━━╸" in line, "a quarter of ten columns"
    shown.finished(made())
    assert "".join(bars(shown)) == ""


def test_a_job_like_an_earlier_one_shows_what_that_took() -> None:
    shown, _ = watched(is_terminal=False)
    shown.started(JOB)
    shown.finished(made(seconds=43.0))
    shown.started(replace(JOB, seed=1))
    assert "took 43 s before" in bars(shown)[0]
    shown.finished(made(seed=1))
    shown.started(replace(JOB, reducer="umap"))
    assert "before" not in bars(shown)[0]


def test_a_long_label_gives_way_to_the_times() -> None:
    shown, _ = watched(is_terminal=False)
    job = replace(JOB, reducer="sklearn.random_projection.GaussianRandomProjection" * 2)
    shown.started(job)
    shown.trained(job, Epoch(1, 1000, 1e-9))
    (line,) = bars(shown)
    assert cell_len(line) <= 80
    assert "… " in line
    assert "1/1000 loss 1e-09" in line


def test_jobs_beside_each_other_have_a_line_each() -> None:
    shown, _ = watched(is_terminal=False)
    for seed in range(3):
        shown.started(replace(JOB, seed=seed))
    assert [line[:8] for line in bars(shown)] == ["  1/12  ", "  2/12  ", "  3/12  "]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (made(), "  1/12  random-projection on cpu, seed 0 fit 12 ms  k-NN 0.9123  NMI 0.500"),
        (made(fit_times=[8.19]), "fit 8.2 s  "),
        (made(fit_times=[4e-6]), "fit 4 µs  "),
        (made(fit_times=[8.19], foreign_cpu=0.344), "fit 8.2 s  disturbed (34%)  k-NN 0.9123"),
        (made(scores={}), "fit 12 ms  transform 4 ms"),
        (made(scores={}, peak_memory_mb=1234.5), "fit 12 ms  transform 4 ms"),
    ],
)
def test_a_job_that_ended_is_one_line_of_80_columns(record: Record, expected: str) -> None:
    """Complaint 7: progress lines wrapped."""
    shown, out = watched(is_terminal=False)
    shown.started(JOB)
    shown.finished(record)
    _, line = out.getvalue().splitlines()
    assert expected in line
    assert cell_len(line) <= 80


def test_a_failed_job_names_its_reason_and_the_log_on_one_line() -> None:
    shown, out = watched(is_terminal=False, width=140)
    shown.finished(made(status="failed", error="ValueError: [red] is no number" + " at all" * 30))
    _, line = out.getvalue().splitlines()
    assert "failed: ValueError: [red] is no number at all" in line
    assert line.endswith("; see run.log")


def test_a_job_that_could_not_run_has_no_log_to_see() -> None:
    shown, out = watched(is_terminal=False)
    shown.finished(made(status="unavailable", error="umap runs on cpu only"))
    assert out.getvalue().endswith("unavailable: umap runs on cpu only\n")


def test_a_job_that_is_measured_again_does_not_count_twice() -> None:
    shown, out = watched(is_terminal=False)
    for record in (made(), made(seed=1)):
        shown.finished(record)
    shown.started(JOB)
    assert bars(shown)[0].startswith(" again  random-projection")
    shown.finished(made())
    places = [line[:8] for line in out.getvalue().splitlines()[1:]]
    assert places == ["  1/12  ", "  2/12  ", " again  "]


def test_what_an_earlier_call_measured_first_is_told_as_another_try() -> None:
    shown, out = watched(is_terminal=False)
    shown.planned(TwelveJobs("mine", 1), 0)
    shown.finished(made())
    assert out.getvalue().splitlines()[-1].startswith("again  random-projection")


def test_what_is_no_terminal_gets_a_line_a_job_and_no_control_characters() -> None:
    shown, out = watched(is_terminal=False)
    with shown:
        shown.started(JOB)
        time.sleep(0.6)
        shown.trained(JOB, Epoch(1, 2, 0.5))
        shown.finished(made())
    assert out.getvalue().count("\n") == 2
    assert out.getvalue().replace("\n", "").isprintable()


def test_a_terminal_is_left_with_a_line_a_job() -> None:
    shown, out = watched()
    with shown:
        shown.started(JOB)
        shown.finished(made())
    text = out.getvalue()
    # The live line is erased, and the cursor is back.
    assert text.index("\x1b[?25l") < text.index("fit 12 ms") < text.index("\x1b[?25h")


def test_a_quiet_run_tells_only_what_the_user_should_know() -> None:
    shown, out = watched(quiet=True)
    with shown:
        shown.started(JOB)
        shown.note("the disk is slow")
        shown.finished(made())
    assert "the disk is slow" in out.getvalue()
    assert out.getvalue().count("\n") == 1
    assert "?25l" not in out.getvalue()
