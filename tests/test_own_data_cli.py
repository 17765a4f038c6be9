"""Data of the user's own through the command line: a right table, or one sentence and exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from in_process import measured_here
from test_cli import call_here

from benchmark import load_results

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 6))
Y = np.arange(60) % 3

Write = Callable[[Path], object]


def call(directory: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run ``python -m benchmark`` with `words` in a directory and return how it ended."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmark", *map(str, words)]
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=120
    )


def measure(directory: Path, file: str, *words: object) -> subprocess.CompletedProcess[str]:
    """Measure PCA with two components on a file."""
    (directory / "tiny.toml").write_text("components = [2]\n")
    return call(
        directory,
        "run",
        "--reducer",
        "pca",
        "--suite",
        "tiny.toml",
        "--threads",
        1,
        "--dataset",
        file,
        *words,
    )


def npz(**arrays: Any) -> Write:
    return lambda path: np.savez(path, **arrays)


def text(content: str | bytes) -> Write:
    return lambda path: path.write_bytes(content.encode() if isinstance(content, str) else content)


def promise(shape: tuple[int, ...]) -> Write:
    """A header of an array that is not there."""

    def write(path: Path) -> None:
        with path.open("wb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)

    return write


ROWS = "".join(f"{a:.3f},{b:.3f},{y}\n" for (a, b), y in zip(X[:, :2], Y, strict=True))
LEGAL: dict[str, tuple[Write, tuple[int, ...]]] = {
    # what is written, and the numbers of training samples, test samples, features and classes
    "classes as text.npz": (npz(X=X, y=np.array(["<b>", "a|b", "$x_{"])[Y]), (48, 12, 6, 3)),
    "one class.npz": (npz(X=X, y=np.zeros(60, int)), (48, 12, 6, 1)),
    "all equal.npy": (lambda path: np.save(path, np.full((60, 4), 7.5)), (48, 12, 4, 0)),
    "16 bit.npz": (npz(X=RNG.integers(0, 2**16, (60, 5, 5), dtype=np.uint16), y=Y), (48, 12, 25, 3)),
    "mark.csv": (text("\ufeffa,b,label\r\n" + ROWS.replace("\n", "\r\n")), (48, 12, 2, 3)),
}


@pytest.mark.parametrize("name", LEGAL)
def test_legal_data_give_a_right_table(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write, (n_train, n_test, n_features, n_classes) = LEGAL[name]
    write(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    Path("tiny.toml").write_text("components = [2]\n")
    words = ("--reducer", "pca", "--suite", "tiny.toml", "--threads", "1", "--dataset", name)
    with measured_here():
        code, out, error = call_here(capsys, "run", *words)
    assert code == 0, error
    assert "Traceback" not in out + error
    [run] = [path.name for path in (tmp_path / "results").iterdir()]
    row = load_results(run, tmp_path / "results").iloc[0]
    assert row["status"] == "ok"
    assert row[["n_train", "n_test", "n_features"]].tolist() == [n_train, n_test, n_features]
    assert row["trustworthiness"] >= 0
    assert pd.notna(row["knn_accuracy"]) == (n_classes > 1)
    assert (tmp_path / "reports" / run / "report.md").is_file()


WRONG: dict[str, tuple[Write, str]] = {
    "gap.npz": (npz(X=np.where(X > 2, np.nan, X)), "X of gap.npz must be finite; column"),
    "one.npz": (npz(X=X[:1], y=Y[:1]), "must have at least 5 samples, and no part may be empty; got 1."),
    "objects.npz": (npz(X=X.astype(object)), "got Python objects, which are never unpickled."),
    "twice.csv": (text("a,a\n" + "1,2\n" * 9), "got 'a' 2 times."),
    "latin.csv": (
        text("a,b,label\n1,2,\xe9\n".encode("latin-1") * 9),
        "must be text in UTF-8; got the byte 0xe9",
    ),
    "empty.csv": (text(""), "it is empty."),
    "directory.npy": (Path.mkdir, "got none in 'directory.npy'."),
    "terabyte.npy": (promise((10**12,)), "float32 of the shape (1000000000000,); got 0 bytes."),
    "control\x1b[31m.csv": (text("a,b\n"), "control\\x1b[31m.csv must have at least 5 samples"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_data_are_refused_in_one_sentence(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write, message = WRONG[name]
    write(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    with measured_here():
        code, _, told = call_here(capsys, "run", "--reducer", "pca", "--dataset", name)
    assert code == 2
    assert told.startswith("Error: ")
    assert message in told
    assert told.endswith("\n")
    assert told[:-1].isprintable(), "one line, and nothing that a terminal acts on"
    assert not list((tmp_path / "results").glob("*/jobs"))


def test_wrong_data_and_wrong_wishes_from_a_shell(tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", X=X, y=Y)
    (tmp_path / "bad.csv").write_text("a,b\n1,two\n")
    (tmp_path / "plugin.py").write_text(
        "from reducers.base import Reducer\nclass A(Reducer):\n    name, reference = '../a', ''\n"
    )
    for words, message in (
        (
            ("bad.csv",),
            "Error: Column 'b' of bad.csv must hold numbers; got 'two' in data row 1: if it",
        ),
        (("own.npz", "--components", 7), "Error: --components must be 1 to 6 for own-"),
        (("own.npz", "--plugin", "plugin.py"), "got '../a'.\n"),
    ):
        done = measure(tmp_path, *words)
        assert done.returncode == 2
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""


def test_directories_may_have_any_name(tmp_path: Path) -> None:
    np.save(tmp_path / "own.npy", X)
    done = measure(tmp_path, "own.npy", "--reports-dir", "[/red] $x", "--results-dir", "[bold]")
    assert done.returncode == 0, done.stderr
    (report,) = (tmp_path / "[/red] $x").glob("own-*-tiny/report.md")
    assert f"Report: {report.relative_to(tmp_path)}" in done.stdout
