"""What docs/models.md shows is what happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_cli import call_here

DOC = (Path(__file__).parents[1] / "docs" / "models.md").read_text(encoding="utf-8")
COMMANDS = [shlex.split(line)[3:] for line in re.findall(r"^python -m benchmark .*$", DOC, re.M)]
EMBEDDED, SCORED, SAVED = re.findall(r"```python\n(.*?)```", DOC, re.DOTALL)
RNG = np.random.default_rng(0)
SPECIES = np.array(["elm", "oak"])[np.arange(60) % 2]
TREES = pd.DataFrame(RNG.random((60, 12)), columns=[f"f{i}" for i in range(12)])


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("benchmark.datasets.in_memory.cache_directory", lambda: tmp_path / "cache")
    return tmp_path


@pytest.mark.slow
def test_its_commands_lead_from_a_run_to_scores(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, embed, score = COMMANDS
    for name in ("trees.csv", "new.csv"):
        TREES.assign(species=SPECIES).to_csv(place / name, index=False)
    np.save(place / "species.npy", SPECIES)
    np.save(place / "inputs.npy", TREES.to_numpy())
    (place / "tiny.toml").write_text(
        "components = [2]\n[reducers.stacked]\nepochs = 1\npretrain_epochs = 1\n"
    )
    code, _, err = call_here(capsys, *run, "--suite", "tiny.toml", "--threads", "1")
    assert code == 0, err
    [model] = (place / "results" / "trees" / "models").glob("pca-*.npz")
    embed = [str(model) if "KEY" in word else word for word in embed]
    for words in (embed, score):
        code, out, err = call_here(capsys, *words)
        assert (code, err) == (0, "")
    assert "knn_accuracy" in out
    assert "trustworthiness" in out
    assert (place / "scores.csv").is_file()
    known = {"new": TREES}
    exec(EMBEDDED, known)
    np.testing.assert_array_equal(known["codes"].to_numpy(), np.load("codes.npy"))


def test_its_python_scores_codes() -> None:
    known = {"codes": RNG.normal(size=(60, 2)), "labels": SPECIES, "inputs": TREES}
    exec(SCORED, known)
    assert 0 <= known["table"].loc["knn_accuracy", "score"] <= 1


def test_its_python_saves_and_loads(place: Path) -> None:
    known = {"X": TREES.to_numpy()}
    exec(SAVED, known)
    X, fitted = known["X"], known["fitted"]
    for name in ("same", "again"):
        np.testing.assert_array_equal(known[name].transform(X), fitted.transform(X))
    assert {path.suffix for path in place.glob("*")} == {".safetensors"}
