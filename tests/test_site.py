"""The documentation: it builds, its links lead somewhere, and what it says to type can be typed."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from in_process import measured_here
from scipy import sparse
from test_cli import call_here, environment
from test_own_data_docs import trees
from typer.main import get_command

from benchmark import load_results
from benchmark.cli.app import app
from reducers.registry import BUILT_IN

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
OTHERS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
TEXTS = PAGES | {name: (ROOT / name).read_text(encoding="utf-8") for name in OTHERS}


def blocks(text: str, kind: str) -> list[str]:
    found = re.findall(r"^```([^\n]*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [code for what, code in found if what == kind]


def commands(text: str) -> list[list[str]]:
    lines = "".join(blocks(text, "")).splitlines()
    return [shlex.split(line, comments=True)[3:] for line in lines if line.startswith("python -m benchmark ")]


def python(*words: object) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, *map(str, words)]
    return subprocess.run(call, env=environment(), capture_output=True, text=True)


def test_every_page_is_listed_once() -> None:
    listed = [
        line.rpartition("<")[2].removesuffix(">")
        for tree in blocks(PAGES["index.md"], "{toctree}")
        for line in tree.splitlines()
        if line and not line.startswith(":")
    ]
    assert sorted(f"{name}.md" for name in [*listed, "index"]) == sorted(PAGES)


@pytest.mark.parametrize("name", TEXTS)
def test_every_link_to_a_file_leads_to_one(name: str) -> None:
    place = DOCS if name in PAGES else ROOT
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", TEXTS[name])
    included = re.findall(r"^```{(?:include|image)} (\S+)$", TEXTS[name], re.MULTILINE)
    assert not [link for link in [*links, *included] if not (place / link).exists()]


@pytest.mark.parametrize("name", [name for name in TEXTS if commands(TEXTS[name])])
def test_every_command_is_one_that_the_command_line_understands(name: str) -> None:
    verbs: Any = get_command(app)
    for verb, *rest in commands(TEXTS[name]):
        with verbs.commands[verb].make_context(verb, rest) as context:
            assert not context.args, "what the verb does not take"
            assert context.command is verbs.commands[verb]


@pytest.mark.parametrize("name", [name for name in TEXTS if blocks(TEXTS[name], "python")])
def test_all_python_is_python(name: str) -> None:
    for code in blocks(TEXTS[name], "python"):
        assert ast.parse(code).body


def test_every_built_in_reducer_is_in_the_reference() -> None:
    modules = {entry.target.partition(":")[0] for entry in BUILT_IN}
    assert modules <= set(re.findall(r"automodule:: (\S+)", PAGES["api.md"]))


@pytest.mark.slow
def test_the_five_minutes_can_be_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    trees().to_csv("trees.csv", index=False)
    for command in commands(PAGES["start.md"]):
        # One seed goes the same way as three.
        few = ["--seeds", "1", "--threads", "1"] if command[0] == "run" else []
        # All of MNIST's methods take longer than a test may.
        if "--all" not in command:
            with measured_here():
                code, _, error = call_here(capsys, *command, *few)
            assert code == 0, error
    made: dict[str, Any] = {}
    for code in blocks(PAGES["start.md"], "python"):
        exec(code, made)
    assert set(made["found"].table["status"]) == {"ok"}
    assert {"z0", "split", "row", "label"} <= set(made["codes"])
    assert (tmp_path / "reports" / "digits-standard" / "report.html").is_file()


def own_data() -> Mapping[str, Any]:
    X, y = np.random.default_rng(0).random((60, 4)), np.arange(60) % 3
    parts = {"X_train": X[:40], "y_train": y[:40], "X_test": X[40:], "y_test": y[40:]}
    return {"frame": trees().drop(columns="id"), "X": sparse.csr_array(X), "y": y, **parts}


GIVEN = {"own-data.md": own_data, "settings.md": dict, "questions.md": dict}


@pytest.mark.slow
@pytest.mark.parametrize("name", GIVEN)
def test_python_of_a_page_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = dict(GIVEN[name]())
    with measured_here():
        for code in blocks(PAGES[name], "python"):
            exec(code, made)
    for run in (tmp_path / "results").glob("*"):
        assert set(load_results(run.name)["status"]) == {"ok"}
    assert (tmp_path / "results").exists() == ("run(" in "".join(blocks(PAGES[name], "python")))


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    for module in ("sphinx", "myst_nb", "numpydoc", "pydata_sphinx_theme"):
        pytest.importorskip(module, reason="the extra 'docs' is not installed")
    done = python("-m", "sphinx", "-W", "--keep-going", "-q", DOCS, tmp_path / "site")
    assert done.returncode == 0, done.stderr
    site = {page: (tmp_path / "site" / page).with_suffix(".html").read_text() for page in PAGES}
    assert "nmi" in site["example.md"]
    assert "swiss-roll" in site["methods.md"]
    assert "n_neighbors" in site["api.md"]
    assert "first-features" in site["adding.md"]
