"""How cost grows: fitted exponents, the sweeps and where they end, their data, their report."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from scipy.stats import linregress

from benchmark.analysis.scaling import (
    SWEEPS,
    Point,
    exponent,
    exponents_table,
    predict,
    save_scaling,
    scaling_table,
)
from benchmark.datasets import load_dataset
from benchmark.datasets.synthetic import FACTORS, N_TEST, Files, Synthetic
from benchmark.errors import InputError
from benchmark.execution.observers import Observer
from benchmark.execution.runner import run as run_scaling
from benchmark.plan.suite import check_request
from benchmark.plan.sweep_plan import CENTRE, centre, predicted_seconds, sizes
from benchmark.reporting import write_report
from benchmark.reporting.figures.cost_curves import apart, scaling_figure
from benchmark.reporting.scaling_content import exponent_rows
from benchmark.request import ScaleRequest
from benchmark.results import Record, Store

ROOT = Path(__file__).parents[1]
MISBEHAVING = str(Path(__file__).parent / "plugins" / "misbehaving.py")
SIZES = np.array([1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6])


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.3])
def test_an_exact_power_law_has_its_exponent_and_no_error(power: float) -> None:
    fit = exponent(SIZES, 1e-4 * SIZES**power)
    assert fit.value == pytest.approx(power, abs=1e-12)
    assert fit.error == pytest.approx(0.0, abs=1e-12)
    assert fit.sizes == (3e4, 1e5, 3e5, 1e6)


def test_a_fixed_cost_that_hides_the_growth_at_small_sizes_is_left_out() -> None:
    costs = 0.5 + 1e-4 * SIZES
    assert exponent(SIZES, costs).value == pytest.approx(1.0, abs=0.08)
    assert linregress(np.log(SIZES), np.log(costs)).slope < 0.8


def test_the_error_is_the_standard_error_of_the_slope() -> None:
    costs = SIZES * np.exp(np.random.default_rng(0).normal(0, 0.1, len(SIZES)))
    expected = linregress(np.log(SIZES[-4:]), np.log(costs[-4:]))
    fit = exponent(SIZES, costs)
    assert (fit.value, fit.error) == pytest.approx((expected.slope, expected.stderr))


def test_points_may_come_in_any_order_and_those_without_a_cost_are_left_out() -> None:
    sizes, costs = [100.0, 1.0, 10.0, 1000.0, 30.0], [100.0, 1.0, 10.0, math.nan, 0.0]
    fit = exponent(sizes, costs)
    assert (fit.value, fit.sizes) == (pytest.approx(1.0), (1.0, 10.0, 100.0))


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_points_have_no_exponent(n: int) -> None:
    fit = exponent(SIZES[:n], SIZES[:n])
    assert math.isnan(fit.value)
    assert math.isnan(fit.error)
    assert fit.sizes == ()


def test_the_next_cost_is_predicted_by_the_power_law_so_far() -> None:
    assert predict([], [], 10) is None
    assert predict([10], [2.0], 30) == pytest.approx(6.0)
    assert predict([10, 20], [1.0, 4.0], 40) == pytest.approx(16.0)
    assert predict([10, 20], [4.0, 2.0], 40) == pytest.approx(2.0), "a cost is not taken to fall"


def test_sweeps_share_a_centre_that_no_limit_forbids() -> None:
    usual = ScaleRequest()
    assert centre(usual) == CENTRE
    assert [len(sizes(usual, sweep)) for sweep in SWEEPS] == [7, 6, 7]
    small = ScaleRequest(samples_up_to=2999, features_up_to=64, components_up_to=500)
    assert centre(small) == Point(1000, 64, 10)
    assert sizes(small, "components") == (2, 5, 10, 25, 50), "a code is narrower than the data"
    for sweep in SWEEPS:
        assert getattr(centre(usual), sweep) in sizes(usual, sweep)
        assert centre(usual).at(sweep, sizes(usual, sweep)[0]).sweeps(centre(usual)) == [sweep]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"reducers": ("pcx",)}, "pcx"),
    ({"devices": ("tpu",)}, "tpu"),
    ({"precision": "fp8"}, "fp8"),
    ({"name": "a/b"}, "a/b"),
    ({"threads": 0}, "0"),
    ({"timeout": 0.0}, "0"),
    ({"budget": 0.0}, "0"),
    ({"budget": math.nan}, "nan"),
    ({"samples_up_to": 999}, "999"),
    ({"features_up_to": 10**6}, "1,000,000"),
    ({"components_up_to": 1}, "1"),
]


@pytest.mark.parametrize(("wrong", "told"), BAD, ids=lambda value: str(value))
def test_what_cannot_be_swept_is_refused_in_one_sentence(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=r"^[^\n]+$") as error:
        check_request(replace(ScaleRequest(), **wrong))
    assert told in str(error.value)


def test_the_command_line_is_told_without_directories() -> None:
    request = ScaleRequest(reducers=("pca",), samples_up_to=3000, budget=5, plugins=("/a/b/mine.py",))
    assert request.command() == (
        "python -m benchmark scale --reducer pca --plugin mine.py --samples-up-to 3000 --budget 5"
    )


def test_made_up_data_are_the_same_each_time_and_lie_on_few_dimensions(tmp_path: Path) -> None:
    table = Synthetic(9_000, 64)
    table.write(tmp_path / "one.npy")
    table.write(tmp_path / "two.npy")
    assert (tmp_path / "one.npy").read_bytes() == (tmp_path / "two.npy").read_bytes()
    assert (tmp_path / "one.npy").stat().st_size == table.n_bytes + 128
    dataset = load_dataset(tmp_path / "one.npy", n_train=table.n_train, n_test=N_TEST)
    assert (dataset.n_train, dataset.n_test, dataset.n_features) == (9_000, N_TEST, 64)
    assert (dataset.offset, dataset.scale) == (0.0, 1.0)
    logits = np.log(dataset.X_train / (1 - np.asarray(dataset.X_train, dtype=np.float64)))
    strengths = np.linalg.svd(logits[:2000], compute_uv=False)
    assert strengths[FACTORS - 1] > 1e2 * strengths[FACTORS]


def test_the_digest_of_made_up_data_tells_tables_apart() -> None:
    tables = [Synthetic(n, d) for n in (1_000, 10_000, 30_000) for d in (64, 784)]
    assert len({table.sha256 for table in tables}) == len(tables)
    assert Synthetic(1_000, 64).sha256 == Synthetic(3_000, 64).sha256, "one file holds enough for both"


def test_one_file_is_kept_at_a_time_and_none_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with closing(Files()) as files:
        first = files.path(Synthetic(1_000, 64))
        assert files.path(Synthetic(1_000, 64)) == first
        second = files.path(Synthetic(1_000, 144))
        assert (first.exists(), second.exists()) == (False, True)
        with pytest.raises(InputError, match=r"^The largest sweep needs 1333\d+\.\d GB in [^\n]+\.$"):
            files.check_room(10**15)
    assert list(tmp_path.iterdir()) == []


class Listener(Observer):
    """Counts the jobs that are measured, and may interrupt after one."""

    def __init__(self, interrupts: bool = False) -> None:
        self.interrupts = interrupts
        self.measured: list[tuple[str, int, int, int]] = []

    def finished(self, record: Record) -> None:
        """Remember a job."""
        width = record.params["n_components"]
        assert record.n_train is not None
        assert record.n_features is not None
        self.measured.append((record.reducer, record.n_train, record.n_features, width))
        if self.interrupts:
            raise KeyboardInterrupt


def small(path: Path, **changes: Any) -> ScaleRequest:
    """Return a request with a centre of 1,000 samples, 64 features and 10 components."""
    request = ScaleRequest(
        reducers=("pca", "autoencoder"),
        samples_up_to=1000,
        features_up_to=64,
        components_up_to=25,
        threads=1,
        results_dir=str(path / "results"),
        reports_dir=str(path / "reports"),
    )
    return replace(request, **changes)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with three small sweeps, made by the command line, which tests leave in place."""
    path = tmp_path_factory.mktemp("swept")
    done = call(path, "scale", "--reducer", "pca", "--reducer", "autoencoder", "--samples-up-to", 1000,
                "--features-up-to", 400, "--components-up-to", 5, "--threads", 1)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "time by features" in done.stdout
    return path


def call(path: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmark", *map(str, words)],
        cwd=path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "TMPDIR": str(path)},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.slow
def test_sweeps_leave_a_row_a_point_and_exponents(swept: Path) -> None:
    table = pd.read_parquet(swept / "results" / "scale" / "scaling.parquet")
    assert (table["status"] == "ok").all()
    sizes = {sweep: sorted(set(rows["size"])) for sweep, rows in table.groupby("sweep")}
    assert sizes == {"samples": [1000], "features": [64, 144, 400], "components": [2, 5]}
    assert set(table["n_test"]) == {N_TEST}
    for column in ("fit_seconds", "transform_seconds", "trustworthiness", "continuity", "reconstruction_mse"):
        assert (table[column] > 0).all(), column
    assert table["transform_seconds_per_1000"].to_list() == [s / 2 for s in table["transform_seconds"]]
    params = table.loc[table["reducer"] == "autoencoder", "params"]
    assert [json.loads(text)["epochs"] for text in params] == [2] * 6
    exponents = pd.read_csv(swept / "results" / "scale" / "exponents.csv")
    # Of the sweeps, only that of features has three points, if none of them was disturbed meanwhile.
    timed = table[table["timing"] == "exclusive"].groupby(["sweep", "reducer"])["size"].count()
    fitted = exponents.set_index(["sweep", "reducer"])["fit_exponent"].notna()
    assert fitted[fitted].index.tolist() == timed[timed == 3].index.tolist()
    memory = exponents.groupby("sweep")["memory_exponent"].count()
    assert memory[["samples", "components"]].to_list() == [0, 0]
    assert len(pd.read_csv(swept / "results" / "scale" / "scaling.csv")) == len(table) == 12


@pytest.mark.slow
def test_sweeps_leave_a_report_with_a_figure_and_nothing_else(swept: Path) -> None:
    text = (swept / "reports" / "scale" / "report.md").read_text(encoding="utf-8")
    for heading in ("## Exponents", "## By samples", "## By features", "## By components", "## What was run"):
        assert heading in text
    assert "(scaling.png)" in text
    assert "d^" in text
    picture = imread(swept / "reports" / "scale" / "scaling.png")
    assert picture.shape[1] > 1000
    assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 50
    assert [p.name for p in swept.iterdir() if p.name.startswith("benchmark-scale")] == []
    assert list(swept.rglob("*.npz")) == []


@pytest.mark.slow
def test_a_report_can_be_made_again_from_the_results(swept: Path, tmp_path: Path) -> None:
    shutil.copytree(swept / "results", tmp_path / "results")
    done = call(tmp_path, "report", "scale")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "reports" / "scale" / "report.md").stat().st_size > 500
    write_report(Store(tmp_path / "results", "scale"), tmp_path / "again")
    again, first = (
        (place / "scale" / "report.md").read_text() for place in (tmp_path / "again", swept / "reports")
    )
    assert again == first


@pytest.mark.slow
def test_done_points_are_not_measured_again(swept: Path, tmp_path: Path) -> None:
    shutil.copytree(swept / "results", tmp_path / "results")
    listener = Listener()
    run_scaling(small(tmp_path, features_up_to=400, components_up_to=10), listener)
    # The centre has moved to ten components: of what was measured, only codes of 2 and 5 lie on a sweep.
    assert len(set(listener.measured)) == 2 * 3
    assert {width for *_, width in listener.measured} == {10}
    listener = Listener()
    run_scaling(small(tmp_path, features_up_to=400, components_up_to=10), listener)
    assert listener.measured == []


@pytest.mark.slow
def test_a_sweep_ends_where_the_next_point_would_take_too_long(tmp_path: Path) -> None:
    listener = Listener()
    request = small(tmp_path, reducers=("pca",), budget=1e-6)
    run_scaling(request, listener)
    assert listener.measured == [("pca", 1000, 64, 10), ("pca", 1000, 64, 2)]
    table = scaling_table(Store(request.results_dir, "scale"))
    stopped = table[table["status"] == "stopped"]
    assert list(stopped["sweep"]) == ["components"]
    assert list(stopped["size"]) == [5]
    assert stopped["reason"].iloc[0].startswith("predicted to take ")
    assert "stopped, predicted to take" in (tmp_path / "reports" / "scale" / "report.md").read_text()
    run_scaling(replace(request, budget=60.0), listener)
    assert listener.measured[2:] == [("pca", 1000, 64, 5), ("pca", 1000, 64, 25)]
    assert set(scaling_table(Store(request.results_dir, "scale"))["status"]) == {"ok"}


@pytest.mark.slow
def test_a_sweep_ends_after_a_point_that_did_not_end_well(tmp_path: Path) -> None:
    request = small(tmp_path, reducers=("kills-itself",), plugins=(MISBEHAVING,))
    result = run_scaling(request, listener := Listener())
    assert [record.status for record in result.failed] == ["killed"] * 2
    assert len(listener.measured) == 2, "the centre is measured once, and nothing above the width of 2"
    table = scaling_table(Store(request.results_dir, "scale"))
    assert list(table["status"]) == ["killed", "killed", "killed", "stopped", "killed"]
    assert table["reason"].iloc[3] == "the size before, 2, ended as killed"
    assert exponent_rows(exponents_table(table))[1] == [["kills-itself", *["–"] * 5]]
    assert not (tmp_path / "reports" / "scale" / "scaling.png").exists()


@pytest.mark.slow
def test_an_interrupted_sweep_keeps_what_is_done_and_its_report(tmp_path: Path) -> None:
    request = small(tmp_path, reducers=("pca",))
    result = run_scaling(request, Listener(interrupts=True))
    assert result.interrupted
    assert list(scaling_table(Store(request.results_dir, "scale"))["status"]) == ["ok"] * 3
    assert result.report.is_file()
    run_scaling(request, listener := Listener())
    assert len(listener.measured) == 3


@pytest.mark.slow
def test_a_device_that_is_missing_is_a_row_with_its_reason(tmp_path: Path) -> None:
    import torch

    if torch.backends.mps.is_available():
        pytest.skip("this machine has the device whose absence is tested")
    result = run_scaling(small(tmp_path, reducers=("pca",), devices=("mps", "cpu", "auto")))
    table = scaling_table(Store(tmp_path / "results", "scale"))
    missing = table[table["device"] == "mps"]
    assert set(missing["status"]) == {"unavailable", "stopped"}
    assert "not on this machine" in missing["reason"].iloc[0]
    assert result.failed == ()


@pytest.mark.slow
def test_sweeps_are_not_mixed_with_other_measurements(tmp_path: Path) -> None:
    (tmp_path / "results" / "scale" / "jobs").mkdir(parents=True)
    with pytest.raises(InputError, match="another kind"):
        run_scaling(small(tmp_path))


def test_a_mistyped_reducer_is_one_line_and_exit_code_two(tmp_path: Path) -> None:
    done = call(tmp_path, "scale", "--reducer", "sparsee")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert "sparse" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "results").exists()


def stored(path: Path, curves: list[tuple[str, str, str | None]]) -> Store:
    """Store sweeps of samples whose costs are exact powers, and return their store."""
    store = Store(path, "scale")
    (store.path / "jobs").mkdir(parents=True)
    centre = Point(10_000, 784, 10)
    for reducer, device, precision in curves:
        for n in (1_000, 3_000, 10_000, 30_000):
            params: dict[str, Any] = {"n_components": 10} | ({"precision": precision} if precision else {})
            store.add(
                Record(
                    *("scale", "synthetic-784", reducer, device, "fp32", 2, 0, "ok"),
                    key=f"{reducer}-{device}-{precision}-{n}",
                    n_train=n,
                    n_test=N_TEST,
                    n_features=784,
                    fit_seconds=1e-5 * n,
                    transform_seconds=0.5,
                    peak_memory_mb=n**0.5,
                    params=params,
                )
            )
    facts = {"samples": centre.samples, "features": centre.features, "components": centre.components}
    store.save_facts({"kind": "scaling", "centre": facts})
    return store


def test_the_tables_of_exact_laws_hold_their_exponents(tmp_path: Path) -> None:
    curves = [("pca", "cpu", None), ("pca", "cuda", None)]
    curves += [("sparse", "cpu", "fp32"), ("sparse", "cpu", "bf16")]
    table, exponents = save_scaling(stored(tmp_path, curves))
    assert set(table["sweep"]) == set(SWEEPS), "the centre lies on every sweep"
    samples = exponents[exponents["sweep"] == "samples"]
    assert samples["fit_exponent"].to_list() == pytest.approx([1.0] * 4)
    assert samples["memory_exponent"].to_list() == pytest.approx([0.5] * 4)
    assert samples["transform_exponent"].to_list() == pytest.approx([0.0] * 4, abs=1e-12)
    assert samples[["fitted", "from_size", "to_size"]].to_numpy().tolist() == [[3, 3_000, 30_000]] * 4
    assert exponents_table(table.iloc[:0]).empty
    header, rows = exponent_rows(exponents)
    assert header[:3] == ["reducer", "device", "precision"]
    assert rows[0][:4] == ["pca", "cpu", "", "n^1.00 ± 0.00"]
    assert [row[:3] for row in rows[2:]] == [["sparse", "cpu", "bf16"], ["sparse", "cpu", "fp32"]]


def test_times_that_others_disturbed_are_marked_and_enter_neither_exponent_nor_figure(tmp_path: Path) -> None:
    store = stored(tmp_path, [("pca", "cpu", None), ("raw", "cpu", None)])
    for record in list(store.records()):
        if record.n_train == 10_000 or record.reducer == "raw":
            store.save(replace(record, timing="disturbed", fit_seconds=99.0))
    table, exponents = save_scaling(store)
    pca, raw = exponents[exponents["sweep"] == "samples"].to_dict("records")
    assert pca["fit_exponent"] == pytest.approx(1.0)
    assert (pca["ok"], pca["fitted"], pca["to_size"]) == (4, 3, 30_000)
    assert pca["memory_exponent"] == raw["memory_exponent"] == pytest.approx(0.5), "memory is not disturbed"
    assert (raw["fitted"], pd.isna(raw["fit_exponent"])) == (0, True)
    figure = scaling_figure(table, exponents)
    assert figure is not None
    fit, *_, memory = figure.axes
    assert [len(line.get_xdata()) for line in fit.lines if line.get_marker() != "None"][:1] == [3]
    assert any("raw" in text.get_text() for text in memory.texts)
    assert not any("raw" in text.get_text() for text in fit.texts)
    report = write_report(store, tmp_path / "reports").read_text()
    assert report.count("99.0 (disturbed)") == 5 + 2 + 2, "the centre lies on every sweep"
    assert "Disturbed.** Other programs ran" in report


def test_labels_are_moved_apart_and_keep_their_order() -> None:
    wanted = np.array([50.0, 10.0, 11.0, 12.0, 49.0])
    moved = apart(wanted, 10.0)
    assert list(np.argsort(moved)) == list(np.argsort(wanted))
    assert np.diff(np.sort(moved)).min() >= 10.0 - 1e-9
    assert moved[2] == pytest.approx(11.0)
    assert apart(np.array([5.0, 40.0]), 10.0).tolist() == [5.0, 40.0]


def test_a_point_is_predicted_by_all_that_its_job_takes() -> None:
    def done(size: int, fit: float, beside: float) -> tuple[int, Record]:
        measured = {
            "warmup_seconds": 10.0,
            "fit_seconds": fit,
            "transform_seconds": 1.0,
            "score_seconds": 2.0,
        }
        where = ("scale", "synthetic-784", "pca", "cpu", "fp32", 2, 0, "ok", "key")
        return size, Record(*where, **measured, job_seconds=sum(measured.values()) + beside)

    assert predicted_seconds([done(1000, 3.0, 5.0)], 2000) == pytest.approx(12 + 2 * 4 + 2 * 5)
    squared = [done(1000, 3.0, 5.0), done(2000, 15.0, 5.0)]
    assert predicted_seconds(squared, 4000) == pytest.approx(12 + 16 * 4 + 5)
