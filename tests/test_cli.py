"""The command line, end to end: what a user types, what is left behind, what is said when it goes wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from waiting import is_running, wait_for

from benchmark import load_results
from benchmark.analysis.columns import CONTROLS
from benchmark.cli import app as cli
from benchmark.datasets import DATASETS
from benchmark.measure.environment import environment as machine_facts
from benchmark.scoring import find_clusterings, find_metrics
from reducers import find_reducers

ROOT = Path(__file__).parents[1]
PLUGINS = Path(__file__).parent / "plugins"
MISBEHAVING = PLUGINS / "misbehaving.py"

TINY = """
summary = "Hardly any data"
n_train = 300
n_test = 100
components = [4]

[reducers.autoencoder]
epochs = 2
"""
COLUMNS = [
    "run", "dataset", "reducer", "device", "precision", "threads", "timing", "machine", "seed", "status",
    "n_train", "n_test", "n_features", "n_components", "n_parameters", "warmup_seconds", "fit_seconds",
    "fit_spread_seconds", "transform_seconds", "transform_spread_seconds", "score_seconds",
    "peak_memory_mb", "peak_device_memory_mb", "kmeans_nmi", "kmeans_ari", "kmeans_accuracy",
    "knn_accuracy", "forest_accuracy", "linear_accuracy", "reconstruction_mse", "trustworthiness",
    "continuity", "triplet_accuracy", "distance_correlation", "silhouette", "stability", "favoured_clusters",
    "own_nmi", "own_ari", "own_accuracy", "params", "error", "started_at", "key", "setting", "chosen",
    "foreign_cpu", "code", "version", "scored_on",
]  # fmt: skip
SCORES = COLUMNS[COLUMNS.index("kmeans_nmi") : COLUMNS.index("params")]


@dataclass(frozen=True)
class Workplace:
    """A directory with a tiny suite, and the command line run in it."""

    path: Path

    @property
    def suite(self) -> Path:
        return self.path / "tiny.toml"

    def call(self, *words: object, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``python -m benchmark`` with `words` and return how it ended."""
        return subprocess.run(
            [sys.executable, "-m", "benchmark", *map(str, words)],
            cwd=self.path,
            env=environment() | dict(env or {}),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def measure(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Run the tiny suite on one thread."""
        return self.call("run", "--suite", self.suite, "--threads", 1, *words)

    def table(self, name: str) -> Any:
        """Return a run's table by reducer: a DataFrame, of whose cells the type checker knows too little."""
        return load_results(name, self.path / "results").set_index("reducer")


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def workplace_in(path: Path) -> Workplace:
    (path / "tiny.toml").write_text(TINY)
    return Workplace(path)


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return workplace_in(tmp_path)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workplace, subprocess.CompletedProcess[str]]:
    """A run that went well, which the tests that use it leave in place."""
    place = workplace_in(tmp_path_factory.mktemp("measured"))
    words = ("--reducer", "pca", "--reducer", "raw", "--reducer", "autoencoder", "--dataset", "digits")
    return place, place.measure(*words)


def files_below(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def stamps(place: Workplace, name: str) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (place.path / "results" / name / "jobs").iterdir()}


def test_a_run_leaves_tables_arrays_and_a_report(
    measured: tuple[Workplace, subprocess.CompletedProcess[str]],
) -> None:
    place, done = measured
    assert done.returncode == 0, done.stderr
    results = place.path / "results" / "digits-tiny"
    left = files_below(results)
    keys = {path.stem for path in (results / "jobs").iterdir()}
    assert {key.split("-")[0] for key in keys} == {"pca", "raw", "autoencoder"}
    assert {"run.json", "results.csv", "results.parquet", "leaderboard.csv"} <= left
    assert {f"{kind}/{key}.npz" for key in keys for kind in ("views", "predictions")} <= left
    # Codes as wide as the pixels are the pixels: they are not kept.
    assert {path for path in left if path.startswith("embeddings/")} == {
        f"embeddings/{key}.npz" for key in keys if not key.startswith("raw-")
    }
    report = (place.path / "reports" / "digits-tiny" / "report.md").read_text()
    assert report.startswith("# Dimensionality reduction on digits\n")
    for name in ("pareto", "embeddings", "reconstructions", "losses", "reducer-pca"):
        assert f"({name}.png)" in report
        picture = place.path / "reports" / "digits-tiny" / f"{name}.png"
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_tables_hold_the_documented_columns_in_order(
    measured: tuple[Workplace, subprocess.CompletedProcess[str]],
) -> None:
    place, _ = measured
    results = place.path / "results" / "digits-tiny"
    assert (results / "results.csv").read_text().splitlines()[0].split(",") == COLUMNS
    assert list(pd.read_parquet(results / "results.parquet").columns) == COLUMNS
    table = place.table("digits-tiny")
    assert table["status"].tolist() == ["ok"] * 3
    assert table.loc["pca", ["n_train", "n_test", "n_features", "n_components"]].tolist() == [300, 100, 64, 4]
    assert table.loc["raw", "n_components"] == 64
    assert json.loads(table.loc["autoencoder", "params"])["epochs"] == 2
    assert table["fit_seconds"].gt(0).all()
    assert table["code"].str.len().ge(8).all()
    assert table["version"].nunique() == 1
    assert table["peak_device_memory_mb"].isna().all()
    assert table.loc["pca", "reconstruction_mse"] > 0
    # A network that hardly learned beats neither PCA nor the pixels; chance is 0.1.
    assert table.loc["raw", "knn_accuracy"] > table.loc["pca", "knn_accuracy"] > 0.5
    assert table.loc["autoencoder", "knn_accuracy"] > 0.2


@pytest.mark.slow
def test_other_clusterings_are_columns_and_a_table_of_their_own(workplace: Workplace) -> None:
    ended = workplace.measure("--reducer", "pca", "--dataset", "digits", "--clustering", "ward")
    assert ended.returncode == 0, ended.stderr
    table = workplace.table("digits-tiny")
    assert 0 < table.loc["pca", "ward_nmi"] < 1
    assert "gmm_nmi" not in table
    report = (workplace.path / "reports" / "digits-tiny" / "report.md").read_text()
    assert "## Clusterings" in report
    assert "clusterings.png" in report
    assert "ward_nmi" in report


def test_a_job_keeps_what_its_scores_are_made_of(
    measured: tuple[Workplace, subprocess.CompletedProcess[str]],
) -> None:
    place, _ = measured
    kept = {}
    for name, row in place.table("digits-tiny").iterrows():
        kept[name] = np.load(place.path / "results" / "digits-tiny" / "predictions" / f"{row['key']}.npz")
        right = kept[name]["knn_predictions"] == kept[name]["labels"]
        assert right.mean() == pytest.approx(row["knn_accuracy"])
        assert len(right) == 100
    assert "squared_errors" not in kept["raw"]
    assert (kept["raw"]["slots"] == kept["pca"]["slots"]).all()


def test_a_run_says_what_it_did(measured: tuple[Workplace, subprocess.CompletedProcess[str]]) -> None:
    place, done = measured
    assert "3 jobs on digits (300 training and 100 test samples of 64 features)" in done.stdout
    closing = done.stdout[done.stdout.index("reducer") :]
    for name, accuracy in place.table("digits-tiny")["knn_accuracy"].items():
        assert f"{name} " in closing
        assert f"{accuracy:.3f}" in closing
    assert "Report: reports/digits-tiny/report.md" in closing
    facts = json.loads((place.path / "results" / "digits-tiny" / "run.json").read_text())
    assert facts["dataset"] == facts["requested_dataset"] == "digits"
    assert facts["command"].startswith("python -m benchmark run --reducer pca --reducer raw")
    assert facts["wall_seconds"] > 0
    assert facts["environment"]["versions"]["python"]
    # A run is shared with others: neither its facts nor its table tell where it was made.
    for name in ("run.json", "results.csv"):
        assert str(place.path) not in (place.path / "results" / "digits-tiny" / name).read_text()


@pytest.fixture
def copied(
    measured: tuple[Workplace, subprocess.CompletedProcess[str]], workplace: Workplace
) -> tuple[Workplace, dict[str, int]]:
    """A copy of the run that went well, and the time stamps of its job files."""
    shutil.copytree(measured[0].path / "results", workplace.path / "results")
    return workplace, stamps(workplace, "digits-tiny")


def test_what_is_done_is_not_done_again(
    copied: tuple[Workplace, dict[str, int]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place, before = copied
    monkeypatch.chdir(place.path)
    monkeypatch.setattr("benchmark.execution.local.LocalWorker", NoWorker)
    words = ["--suite", "tiny.toml", "--threads", "1", "--reducer", "pca", "--reducer", "raw"]
    code, out, _ = call_here(capsys, "run", *words, "--dataset", "digits")
    assert code == 0
    assert "2 done before" in out
    assert stamps(place, "digits-tiny") == before
    assert set(place.table("digits-tiny").index) == {"pca", "raw", "autoencoder"}
    assert (place.path / "reports" / "digits-tiny" / "report.md").is_file()


@pytest.mark.slow
def test_fresh_measures_what_was_asked_for_anew(copied: tuple[Workplace, dict[str, int]]) -> None:
    place, before = copied
    done = place.measure("--reducer", "pca", "--dataset", "digits", "--fresh")
    assert done.returncode == 0, done.stderr
    after = stamps(place, "digits-tiny")
    assert set(after) == set(before)
    assert {name.split("-")[0] for name in after if after[name] != before[name]} == {"pca"}
    assert set(place.table("digits-tiny").index) == {"pca", "raw", "autoencoder"}


def test_a_report_is_rebuilt_from_results_alone(
    measured: tuple[Workplace, subprocess.CompletedProcess[str]], copied: tuple[Workplace, dict[str, int]]
) -> None:
    (place, _), (workplace, _) = measured, copied
    before = load_results("digits-tiny", place.path / "results")
    results = workplace.path / "results" / "digits-tiny"
    shutil.rmtree(results / "embeddings")
    (results / "results.csv").unlink()
    (results / "results.parquet").unlink()
    done = workplace.call("report", "digits-tiny")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "reports/digits-tiny/report.md"
    assert files_below(workplace.path / "reports") == files_below(place.path / "reports")
    pd.testing.assert_frame_equal(load_results("digits-tiny", workplace.path / "results"), before)
    assert (results / "results.csv").is_file()


@pytest.mark.slow
def test_one_reducer_that_fails_costs_its_own_row_only(workplace: Workplace) -> None:
    names = [
        "raises",
        "returns-nan",
        "wrong-shape",
        "kills-itself",
        "exits",
        "leaves",
        "numpy-facts",
        "first",
    ]
    words = [word for name in names for word in ("--reducer", name)]
    done = workplace.measure(*words, "--plugin", MISBEHAVING, "--dataset", "digits")
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 1
    table = workplace.table("digits-tiny")
    assert table["status"].to_dict() == {
        "first": "ok",
        "numpy-facts": "ok",
        "raises": "failed",
        "returns-nan": "failed",
        "wrong-shape": "failed",
        "leaves": "failed",
        "kills-itself": "killed",
        "exits": "killed",
    }
    for name, reason in {
        "raises": "RuntimeError: the matrix is singular",
        "returns-nan": "'returns-nan' returned codes with 1 values that are NaN or infinite",
        "wrong-shape": "'wrong-shape' returned codes of shape (100, 5); expected (100, 4)",
        "leaves": "SystemExit: no licence",
        "kills-itself": "SIGKILL",
    }.items():
        assert reason in table.loc[name, "error"]
        assert f"{table.loc[name, 'status']} {name} (cpu, seed 0): " in done.stdout
    failed = table[table["status"] != "ok"]
    unmeasured = ["fit_seconds", "transform_seconds", "score_seconds", *SCORES]
    assert failed[unmeasured].isna().all(axis=None)
    assert table.loc[["first", "numpy-facts"], "knn_accuracy"].gt(0.2).all()
    report = (workplace.path / "reports" / "digits-tiny" / "report.md").read_text()
    assert "the matrix is singular" in report.partition("## Failures")[2]


def test_a_device_that_is_not_there_is_a_row_without_figures(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Complaint 10: --device cuda without one ended with 0."""
    monkeypatch.chdir(workplace.path)
    monkeypatch.setattr("benchmark.execution.local.LocalWorker", NoWorker)
    words = ["--reducer", "pca", "--reducer", "umap", "--device", "cuda", "--dataset", "digits"]
    code, out, _ = call_here(capsys, "run", *words, "--suite", "tiny.toml")
    assert code == 1
    assert out.count("unavailable") >= 2
    assert "the device 'cuda' that was asked for" in out
    table = workplace.table("digits-tiny")
    assert table["status"].tolist() == ["unavailable"] * 2
    assert table.loc["pca", "error"] == "device 'cuda' is not on this machine; found: cpu"
    assert table.loc["umap", "error"] == "umap runs on cpu only"
    assert table[COLUMNS[COLUMNS.index("n_parameters") : COLUMNS.index("params")]].isna().all(axis=None)
    report = (workplace.path / "reports" / "digits-tiny" / "report.md").read_text()
    assert "not on this machine" in report


def test_lists_are_complete_in_both_forms(
    measured: tuple[Workplace, subprocess.CompletedProcess[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    place, _ = measured
    results = ["--results-dir", str(place.path / "results")]
    expected = {
        "reducers": {*find_reducers(), *CONTROLS},
        "datasets": set(DATASETS),
        "metrics": set(find_metrics()),
        "clusterings": set(find_clusterings()),
        "suites": {"quick", "standard", "full"},
        "runs": {"digits-tiny"},
    }
    for what, names in expected.items():
        code, out, _ = call_here(capsys, "list", what, "--json", *results)
        rows = json.loads(out)
        assert code == 0
        assert {row["name"] for row in rows} == names
        assert all(row.get("summary", "there") for row in rows)
        _, out, _ = call_here(capsys, "list", what, *results)
        assert all(name in out for name in names)
    (row,) = json.loads(call_here(capsys, "list", "runs", "--json", *results)[1])
    assert (row["dataset"], row["suite"], row["jobs"]) == ("digits", "tiny", 3)
    assert call_here(capsys, "list", "runs", "--results-dir", str(place.path / "nothing"))[1] == "No runs.\n"


def test_info_tells_machine_versions_and_devices(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call_here(capsys, "info", "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["devices"][0] == "cpu"
    assert facts["logical_cores"] >= 1
    assert facts["versions"]["torch"] == __import__("torch").__version__
    assert "versions.torch" in call_here(capsys, "info")[1]


def call_here(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run the command line in this process; return its exit code, standard output and standard error."""
    before, sys.argv = sys.argv, ["benchmark", *words]
    try:
        cli.main()
    except SystemExit as end:
        code = int(end.code or 0)
    else:
        code = 0
    finally:
        sys.argv = before
    out, err = capsys.readouterr()
    return code, out, err


class NoWorker:
    """A worker that must not be asked to measure anything."""

    environment: Mapping[str, Any] = machine_facts()
    devices = ("cpu",)
    threads = 1

    def __init__(self, observer: object) -> None:
        pass

    def __enter__(self) -> NoWorker:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def run(self, *arguments: object) -> None:
        raise AssertionError("bad input was measured")


BAD_INPUT: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "all and a reducer": (["--all", "--reducer", "pca"], ["--all", "--reducer", "both"]),
    "neither": ([], ["--all", "--reducer", "neither"]),
    "unknown reducer": (["--reducer", "pcaa"], ["'pcaa'", "Did you mean 'pca'?", "umap"]),
    "unknown transformer": (
        ["--reducer", "sklearn.decomposition.FastIca"],
        ["sklearn.decomposition.FastIca"],
    ),
    "transformer of no module": (["--reducer", "sklearn.nothing.PCA"], ["sklearn.nothing.PCA"]),
    "estimator without codes": (["--reducer", "sklearn.linear_model.Ridge"], ["neither transform nor"]),
    "all and a group": (["--all", "--group", "classic"], ["--all", "--group", "both"]),
    "unknown group": (["--group", "clasic"], ["--group", "classic", "everything", "'clasic'"]),
    "unknown suite": (["--all", "--suite", "quik"], ["'quik'", "Did you mean 'quick'?", "standard"]),
    "missing suite": (["--all", "--suite", "none.toml"], ["none.toml", "No such file"]),
    "unknown device": (["--all", "--device", "tpu"], ["auto, cpu, cuda, mps", "'tpu'"]),
    "unknown clustering": (
        ["--all", "--clustering", "wards"],
        ["--clustering", "hdbscan", "'wards'", "'ward'"],
    ),
    "no seeds": (["--all", "--seeds", "0"], ["--seeds", ">= 1", "got 0"]),
    "no repeats": (["--all", "--repeats", "0"], ["--repeats", ">= 1", "got 0"]),
    "no time": (["--all", "--timeout", "0"], ["--timeout", "seconds > 0", "got 0"]),
    "time without end": (["--all", "--timeout", "inf"], ["--timeout", "finite", "got inf"]),
    "unknown precision": (["--all", "--precision", "fp16"], ["auto, fp32, bf16", "'fp16'"]),
    "no threads": (["--all", "--threads", "-1"], ["--threads", ">= 1", "got -1"]),
    "no components": (["--all", "--components", "0"], ["--components", ">= 1", "got 0"]),
    "too many components": (["--all", "--components", "999"], ["--components", "1 to 64", "got 999"]),
    "name outside": (["--reducer", "pca", "--name", "../x"], ["name", "'../x'"]),
    "empty name": (["--reducer", "pca", "--name", ""], ["name", "''"]),
    "missing plugin": (["--all", "--plugin", "none.py"], ["none.py", "No such file"]),
    "plugin with an error": (["--all", "--plugin", "broken.py"], ["broken.py", "SyntaxError"]),
    "plugin without a reducer": (["--all", "--plugin", "empty.py"], ["empty.py", "Reducer"]),
    "plugin of a taken name": (["--all", "--plugin", "taken.py"], ["'pca'", "taken.py", "rename"]),
    "missing file": (["--all", "--dataset", "none.csv"], ["'none.csv'", "digits", ".npz"]),
    "misspelled dataset": (["--all", "--dataset", "mnits"], ["'mnits'", "Did you mean 'mnist'?"]),
    "file of no type": (["--all", "--dataset", "tiny.toml"], [".parquet", ".toml"]),
    "text among numbers": (["--all", "--dataset", "words.csv"], ["words.csv"]),
    "results are a file": (["--reducer", "pca", "--results-dir", "tiny.toml"], ["tiny.toml", "written"]),
    "reports are a file": (["--reducer", "pca", "--reports-dir", "tiny.toml"], ["tiny.toml", "written"]),
}
BAD_SUITES: dict[str, tuple[str, Sequence[str]]] = {
    "not TOML": ("seeds = = 1", ["not valid TOML"]),
    "unknown key": ("n_trian = 100", ["'n_trian'", "Did you mean 'n_train'?"]),
    "wrong type": ("seeds = 'three'", ["seeds", "integer >= 1", "'three'"]),
    "unknown parameter": ("[reducers.pca]\nwhite = 1", ["'pca'", "'white'", "n_components"]),
    "wrong value": ("[reducers.autoencoder]\nepochs = 0", ["'autoencoder'", "epochs", ">= 1", "got 0"]),
    "wrong word": ("[reducers.autoencoder]\nloss = 'mae'", ["loss", "'mse'", "'bce'", "got 'mae'"]),
    "unknown reducer": ("[reducers.pcaa]\nepochs = 1", ["'pcaa'", "Did you mean 'pca'?"]),
    "width set twice": ("[reducers.pca]\nn_components = 3", ["n_components", "pca"]),
    "seed set twice": ("[reducers.pca]\nrandom_state = 3", ["random_state", "pca"]),
    "device set twice": ("[reducers.pca]\ndevice = 'cuda'", ["device", "pca"]),
}


@pytest.fixture
def bad_input(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Return a function that runs bad input and returns the one sentence it is answered with."""
    files = {
        "broken.py": "def f(:",
        "empty.py": "x = 1",
        "taken.py": "from reducers.methods.linear import PCA\nclass Mine(PCA):\n    name = 'pca'\n",
        "words.csv": "a,b,label\n1,2,x\n3,four,y\n5,6,x\n",
    }
    for name, text in files.items():
        (workplace.path / name).write_text(text)
    monkeypatch.chdir(workplace.path)
    monkeypatch.setattr("benchmark.execution.local.LocalWorker", NoWorker)

    def answer(*words: str) -> str:
        code, _, error = call_here(capsys, *words)
        assert code == 2
        assert error.startswith("Error: ")
        assert error.count("Error: ") - error.count("SyntaxError: ") == 1
        assert error.endswith("\n")
        assert error.count("\n") == 1, "one sentence stands on one line"
        assert not list(workplace.path.glob("re*/*/*")), "nothing is written"
        return error

    return answer


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_answered_with_one_sentence(case: str, bad_input: Callable[..., str]) -> None:
    words, expected = BAD_INPUT[case]
    defaults = {"--dataset": "digits", "--suite": "tiny.toml"}
    given = [word for name, value in defaults.items() if name not in words for word in (name, value)]
    message = bad_input("run", *words, *given)
    assert [part for part in expected if part not in message] == []


@pytest.mark.parametrize(
    "case",
    ["unknown reducer", "unknown suite", "unknown device", "no seeds", "name outside", "missing plugin"],
)
def test_a_slip_of_the_pen_is_answered_before_anything_slow_starts(
    case: str, bad_input: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(observer: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr("benchmark.execution.local.LocalWorker", start)
    words, expected = BAD_INPUT[case]
    assert expected[-1] in bad_input("run", *words)


@pytest.mark.parametrize("case", BAD_SUITES)
def test_a_bad_suite_is_answered_with_one_sentence(
    case: str, bad_input: Callable[..., str], workplace: Workplace
) -> None:
    text, expected = BAD_SUITES[case]
    workplace.suite.write_text(text)
    message = bad_input("run", "--all", "--dataset", "digits", "--suite", "tiny.toml")
    assert [part for part in expected if part not in message] == []


def test_a_suite_that_misspells_a_reducer_is_an_error_whatever_is_measured(
    bad_input: Callable[..., str], workplace: Workplace
) -> None:
    workplace.suite.write_text("[reducers.autoencodr]\nepochs = 3")
    message = bad_input("run", "--reducer", "autoencoder", "--dataset", "digits", "--suite", "tiny.toml")
    assert "Did you mean 'autoencoder'?" in message


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["list", "reducer"], "Did you mean 'reducers'?"),
        (["report", "none"], "No run named 'none'"),
        (["report", "../x"], "'../x'"),
        (["list", "--plugin", "none.py"], "none.py"),
    ],
)
def test_other_verbs_answer_bad_input_alike(
    words: list[str], expected: str, bad_input: Callable[..., str]
) -> None:
    assert expected in bad_input(*words)


@pytest.mark.parametrize("words", [["run", "--seeds", "three"], ["run", "--nope"], ["report"], ["nope"]])
def test_words_the_command_line_does_not_know_are_no_traceback(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = call_here(capsys, *words)
    assert code == 2
    assert "Traceback" not in error
    assert words[1 if len(words) > 1 else 0].upper().lstrip("-") in error.upper() or "RUN" in error


@pytest.mark.slow
def test_an_error_is_one_line_and_its_traceback_is_shown_on_demand(workplace: Workplace) -> None:
    short = workplace.call("run", "--reducer", "pcaa")
    assert short.returncode == 2
    assert short.stdout == ""
    assert short.stderr.startswith("Error: No reducer is named 'pcaa'. Did you mean 'pca'?")
    assert len(short.stderr.splitlines()) == 1
    long = workplace.call("run", "--reducer", "pcaa", "--debug")
    assert long.returncode != 0
    assert "Traceback" in long.stderr
    assert "InputError" in long.stderr


@pytest.fixture
def offline(tmp_path: Path) -> dict[str, str]:
    """An environment without a network, a cache, or data."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "data").mkdir()
    nowhere = "http://127.0.0.1:9"
    return {
        "HTTPS_PROXY": nowhere,
        "https_proxy": nowhere,
        "NO_PROXY": "",
        "no_proxy": "",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "BENCHMARK_DATA_DIR": str(tmp_path / "data"),
    }


def test_mnist_asked_for_and_not_to_be_had_is_an_error_with_three_ways_out(
    bad_input: Callable[..., str], offline: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in offline.items():
        monkeypatch.setenv(name, value)
    started = time.monotonic()
    message = bad_input("run", "--reducer", "pca", "--dataset", "mnist", "--suite", "tiny.toml")
    assert time.monotonic() - started < 15
    for way in ("--data-dir DIR", "go online", "--dataset digits"):
        assert way in message


@pytest.mark.slow
def test_mnist_meant_and_not_to_be_had_gives_way_to_digits_and_says_so(
    workplace: Workplace, offline: dict[str, str]
) -> None:
    done = workplace.call(
        "run", "--suite", workplace.suite, "--threads", "1", "--reducer", "pca", env=offline
    )
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "This run therefore measures 'digits' instead of 'mnist'" in said
    facts = json.loads((workplace.path / "results" / "digits-tiny" / "run.json").read_text())
    assert (facts["dataset"], facts["requested_dataset"]) == ("digits", "mnist")
    assert "instead of 'mnist'" in facts["notes"][0]
    report = (workplace.path / "reports" / "digits-tiny" / "report.md").read_text()
    assert report.startswith("# Dimensionality reduction on digits\n")
    assert "no number here is one of mnist" in report
    assert workplace.table("digits-tiny").loc["pca", "dataset"] == "digits"


@pytest.mark.slow
def test_real_mnist_end_to_end(workplace: Workplace, mnist_dir: Path) -> None:
    workplace.suite.write_text("n_train = 2000\nn_test = 500\n")
    done = workplace.measure("--reducer", "pca", "--reducer", "raw", "--data-dir", mnist_dir)
    assert done.returncode == 0, done.stderr
    table = workplace.table("mnist-tiny")
    assert table["status"].tolist() == ["ok", "ok"]
    assert table["dataset"].tolist() == ["mnist"] * 2
    assert table.loc["raw", "n_components"] == 784
    # 2,000 samples give a nearest-neighbour accuracy of about 0.9 on either.
    assert table["knn_accuracy"].between(0.85, 0.97).all()


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_measured_and_leaves_no_process(workplace: Workplace) -> None:
    marker = workplace.path / "pids"
    words = ["--reducer", "pca", "--reducer", "slow", "--reducer", "raw", "--plugin", PLUGINS / "slow.py"]
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "benchmark",
            "run",
            "--dataset",
            "digits",
            "--suite",
            "tiny.toml",
            "--threads",
            "1",
        ]
        + [str(word) for word in words],
        cwd=workplace.path,
        env=environment() | {"SLOW_REDUCER_PIDS": str(marker)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A test run in the background is told to ignore Ctrl-C, and would pass that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )
    try:
        assert wait_for(marker.exists, 60)
        pids = [int(word) for word in marker.read_text().split()]
        assert all(is_running(pid) for pid in pids)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, error
    assert "Traceback" not in error
    assert "interrupted" in out
    table = workplace.table("digits-tiny")
    assert table["status"].to_dict() == {"pca": "ok", "slow": "interrupted"}
    assert pd.isna(table.loc["slow", "fit_seconds"])
    assert "interrupted" in (workplace.path / "reports" / "digits-tiny" / "report.md").read_text()
    assert wait_for(lambda: not any(is_running(pid) for pid in pids), 5)


HEAVY = ("torch", "umap", "matplotlib", "sklearn", "scipy", "pandas", "pyarrow", "numba", "pooch")


@pytest.mark.parametrize("what", ["import", "reducers", "datasets", "metrics", "suites", "runs"])
def test_start_up_loads_no_heavy_library(what: str, workplace: Workplace) -> None:
    call = "" if what == "import" else f"benchmark.cli.app.app(['list', {what!r}], standalone_mode=False)\n"
    lines = (
        "import sys, benchmark\n"
        + ("import benchmark.cli.app\n" if call else "")
        + call
        + f"print('loaded:', *(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", lines], cwd=workplace.path, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "loaded:\n"


@pytest.mark.slow
def test_the_python_interface_works_in_a_plain_script(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import pandas as pd\n"
        "from benchmark import load_results, run\n"
        "found = run(reducers=['pca'], dataset='digits', threads=1)\n"
        "pd.testing.assert_frame_equal(load_results('digits-standard'), found.table)\n"
        "print(*found.table.loc[0, ['reducer', 'status', 'n_train', 'n_components']])\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "pca ok 1438 10\n"


def test_the_help_of_run_tells_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call_here(capsys, "run", "--help")
    assert code == 0
    told = " ".join(re.sub(r"[│╭╮╰╯─]", " ", out).split())
    suite, reducer = "the suite's", "the reducer's"
    for default in ("mnist", "auto", suite, reducer, "no limit", "all cores", "<dataset>-<suite>"):
        assert f"(default: {default})" in told


@pytest.mark.slow
def test_json_is_one_object_with_every_row_and_all_else_goes_to_standard_error(
    workplace: Workplace,
) -> None:
    words = ("--reducer", "pca", "--reducer", "raises", "--plugin", MISBEHAVING, "--dataset", "digits")
    done = workplace.measure(*words, "--json", "--debug")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["run"], told["report"]) == ("digits-tiny", "reports/digits-tiny/report.md")
    assert told["exit_code"] == 1
    rows = {row["reducer"]: row for row in told["rows"]}
    table = workplace.table("digits-tiny")
    assert rows["pca"]["fit_seconds"] == pytest.approx(table.loc["pca", "fit_seconds"], rel=1e-12)
    assert (rows["raises"]["status"], rows["raises"]["fit_seconds"]) == ("failed", None)
    assert list(rows["pca"]) == COLUMNS
    # The failed job names its log, and on demand shows what that holds of it.
    reason = "failed raises (cpu, seed 0): RuntimeError: the matrix is singular"
    assert f"{reason}; see results/digits-tiny/run.log\n" in done.stderr
    assert "Traceback (most recent call last):" in done.stderr
    assert "pca on cpu, seed 0" in done.stderr
    quiet = workplace.measure(*words, "--quiet")
    assert (quiet.returncode, quiet.stdout) == (1, "")
    assert quiet.stderr == f"{reason}; see results/digits-tiny/run.log\n"


@pytest.mark.slow
def test_a_scaling_run_tells_its_exponents_in_json(workplace: Workplace) -> None:
    sizes = ("--samples-up-to", 3000, "--features-up-to", 64, "--components-up-to", 5)
    done = workplace.call("scale", "--reducer", "pca", *sizes, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["run"] == "scale"
    assert {row["reducer"] for row in told["exponents"]} == {"pca"}
    assert {row["n_train"] for row in told["rows"]} == {1000, 3000}


@pytest.mark.slow
def test_reports_and_merged_runs_are_told_in_json(
    copied: tuple[Workplace, dict[str, int]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place, _ = copied
    monkeypatch.chdir(place.path)
    shutil.copytree(place.path / "results" / "digits-tiny", place.path / "results" / "other")
    for words, run in ((("report", "digits-tiny"), "digits-tiny"),
                       (("merge", "digits-tiny", "other", "--name", "both"), "both")):  # fmt: skip
        code, out, _ = call_here(capsys, *words, "--json")
        assert code == 0
        assert json.loads(out) == {"run": run, "report": f"reports/{run}/report.md"}
        assert (place.path / json.loads(out)["report"]).is_file()


@pytest.mark.slow
def test_a_file_named_like_the_package_does_not_get_in_the_way_of_the_script(workplace: Workplace) -> None:
    """Complaint 10: beside a benchmark.py a run did nothing and ended with 0."""
    script = Path(sys.executable).parent / "dr-benchmark"
    if not script.is_file():
        pytest.skip("the package is not installed, so there is no dr-benchmark")
    for name in ("benchmark.py", "reducers.py"):
        (workplace.path / name).write_text("raise SystemExit('the wrong file')\n")
    words = ["run", "--suite", "tiny.toml", "--reducer", "pca", "--dataset", "digits"]
    done = subprocess.run(
        [script, *words], cwd=workplace.path, env=environment(), capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert workplace.table("digits-tiny")["status"].to_dict() == {"pca": "ok"}
