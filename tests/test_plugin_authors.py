"""What the author of a plugin has: files to begin with, one command that checks them, a package to copy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_cli import call_here
from test_plugins import EXAMPLES

ROOT = Path(__file__).parents[1]
BROKEN = """
import numpy as np

from reducers import Reducer


class Broken(Reducer):
    name, reference = "Broken Name", "none"

    def _fit(self, X, rng):
        self.scale_ = np.random.default_rng().random()

    def _transform(self, X):
        return X[:, : self.n_components] * self.scale_
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def python(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    known = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, env=known)


@pytest.mark.parametrize("words", [(), ("--torch",)], ids=["numpy", "torch"])
@pytest.mark.parametrize("name", ["my-method", "reducer"])
def test_a_new_reducer_conforms_at_once(
    name: str, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    module = name.replace("-", "_")
    code, out, err = call_here(capsys, "new", name, *words)
    assert (code, err) == (0, "")
    assert out.splitlines()[:2] == [f"{module}.py", f"test_{module}.py"]
    code, out, err = call_here(capsys, "check", f"{module}.py")
    assert (code, out, err) == (0, f"{module}.py keeps every promise.\n", "")


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("--torch",)], ids=["numpy", "torch"])
def test_the_test_of_a_new_reducer_passes_at_once(words: tuple[str, ...]) -> None:
    assert python("-m", "benchmark", "new", "my_method", *words).returncode == 0
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_my_method.py")
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_new_overwrites_nothing(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (elsewhere / "mine.py", elsewhere / "test_mine.py"):
        path.write_text("mine")
        code, _, err = call_here(capsys, "new", "mine")
        assert (code, path.read_text()) == (2, "mine")
        assert f"{path.name} is there already, and is not overwritten" in err
        path.unlink()
    assert list(elsewhere.iterdir()) == []


TAKEN = ["pca", "random-projection", "json", "class", "numpy", "benchmark"]


@pytest.mark.parametrize("name", [*TAKEN, "My", "../up", ""])
def test_new_refuses_names_that_are_none_or_in_use(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call_here(capsys, "new", name)
    assert code == 2
    assert f"got {name!r}" in err
    assert err.count("\n") == 1
    assert list(Path.cwd().iterdir()) == []


def test_check_tells_every_breach_at_once(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "broken.py").write_text(BROKEN)
    code, out, err = call_here(capsys, "check", "broken.py")
    assert (code, err) == (1, "")
    assert all(line.startswith("The reducer 'Broken Name': ") for line in out.splitlines())
    assert "is not kebab-case" in out
    assert "the same random_state gives different codes" in out
    code, out, _ = call_here(capsys, "check", "broken.py", "--json")
    assert code == 1
    assert len(json.loads(out)["breaches"]) >= 2


def test_check_takes_files_of_every_kind(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "mine.py").write_text("\n".join(EXAMPLES.values()))
    code, out, _ = call_here(capsys, "check", "mine.py", "--json")
    assert (code, json.loads(out)) == (0, {"checked": "mine.py", "breaches": []})


@pytest.mark.parametrize("name", ["random-projection", "trustworthiness", "ward", "iris"])
def test_check_takes_names_of_every_kind(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call_here(capsys, "check", name) == (0, f"{name} keeps every promise.\n", "")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("random-projektion", "got 'random-projektion'. Did you mean 'random-projection'?"),
        ("mnist", "(of no download); got 'mnist'"),
        ("none.py", "The plugin file none.py cannot be read: No such file"),
        ("sklearn.decomposition.Nothing", "'sklearn.decomposition.Nothing' cannot be made"),
        ("empty.py", "it defines none of these"),
        ("taken.py", "Two reducers are named 'pca'"),
    ],
)
def test_check_says_what_it_takes(
    asked: str, told: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "empty.py").write_text("x = 1")
    (elsewhere / "taken.py").write_text(BROKEN.replace("Broken Name", "pca"))
    code, out, err = call_here(capsys, "check", asked)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


@pytest.mark.slow
def test_the_package_among_the_examples_is_found_once_installed(elsewhere: Path) -> None:
    source, target = elsewhere / "source", elsewhere / "target"
    shutil.copytree(ROOT / "examples" / "installable", source)
    pip = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    done = python(*pip, "--target", str(target), str(source))
    assert done.returncode == 0, done.stderr
    path = f"{target}{os.pathsep}{ROOT}"
    listed = python("-m", "benchmark", "list", "reducers", "--json", PYTHONPATH=path)
    rows = {row["name"]: row for row in json.loads(listed.stdout)}
    assert rows["cosines"]["origin"] == "dr-cosines"
    checked = python("-m", "benchmark", "check", "cosines", PYTHONPATH=path)
    assert (checked.returncode, checked.stdout) == (0, "cosines keeps every promise.\n")
