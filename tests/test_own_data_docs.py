"""Every command of docs/own-data.md, on data of the kind that its row describes."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from in_process import measured_here
from PIL import Image
from scipy import sparse

from benchmark import load_results
from benchmark.cli import app as cli

DOCS = Path(__file__).parents[1] / "docs" / "own-data.md"
COMMANDS = re.findall(r"`run --all (--dataset [^`]+)`", DOCS.read_text(encoding="utf-8"))
RNG = np.random.default_rng(0)
N = 40
KIND = np.array(["elm", "oak"])[np.arange(N) % 2]
PART = np.where(np.arange(N) < 30, "train", "test")
PIXELS = RNG.integers(0, 256, (N, 28, 28), dtype=np.uint8)


def numbers(rows: int = N, columns: int = 4) -> pd.DataFrame:
    return pd.DataFrame(RNG.normal(size=(rows, columns)), columns=[f"f{i}" for i in range(columns)])


def trees() -> pd.DataFrame:
    return numbers().assign(id=np.arange(N), species=KIND)


def gaps() -> pd.DataFrame:
    return numbers().mask(RNG.random((N, 4)) < 0.05)


def pets(place: Path) -> None:
    for i, pixels in enumerate(PIXELS[:, :8, :6]):
        (place / KIND[i]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / KIND[i] / f"{i}.png")


MAKERS: dict[str, Callable[[Path], object]] = {
    "trees.csv": lambda path: trees().to_csv(path, index=False),
    "plots.csv": lambda path: trees().drop(columns="id").assign(part=PART).to_csv(path, index=False),
    "trees.parquet": lambda path: trees().drop(columns="id").to_parquet(path),
    "notes.tsv": lambda path: numbers().to_csv(path, index=False, sep="\t"),
    "notes.csv.gz": lambda path: numbers().to_csv(path, index=False),
    "signals.csv": lambda path: numbers().to_csv(path, index=False),
    "healthy.csv": lambda path: numbers().assign(label="healthy").to_csv(path, index=False),
    "genes.parquet": lambda path: numbers(columns=2000).assign(tissue=KIND).to_parquet(path),
    "words.npz": lambda path: sparse.save_npz(path, sparse.random(N, 50, 0.1, "csr", random_state=0)),
    "gaps.csv": lambda path: gaps().to_csv(path, index=False),
    "pets": pets,
    "pixels.npy": lambda path: np.save(path, PIXELS.reshape(N, -1)),
    "images.npz": lambda path: np.savez(path, X=PIXELS, y=KIND),
    "small.csv": lambda path: numbers(30).assign(label=KIND[:30]).to_csv(path, index=False),
    "million.npy": lambda path: np.save(path, RNG.random((1_000_000, 4), dtype=np.float32)),
}


def files(command: str) -> str:
    return command.split()[1]


def test_the_documentation_has_all_kinds_of_data() -> None:
    named = {files(command) for command in COMMANDS}
    assert named == {*MAKERS, "openml:diabetes"}
    assert len(COMMANDS) >= 14


def cases() -> list[object]:
    """Return the commands; each takes seconds, so all but two kinds are for the long tests."""
    quick = ("trees.csv", "words.npz")
    own = [command for command in COMMANDS if "openml" not in command]
    return [pytest.param(c, marks=() if files(c) in quick else pytest.mark.slow, id=files(c)) for c in own]


@pytest.mark.parametrize("command", cases())
def test_commands_of_the_documentation_run(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = files(command)
    MAKERS[name](tmp_path / name)
    (tmp_path / "tiny.toml").write_text("components = [2]\n")
    monkeypatch.chdir(tmp_path)
    words = ["run", "--reducer", "pca", *command.split(), "--suite", "tiny.toml", "--threads", "1"]
    monkeypatch.setattr(sys, "argv", ["benchmark", *words])
    with measured_here(), pytest.raises(SystemExit) as ended:
        cli.main()
    told = capsys.readouterr()
    assert ended.value.code == 0, told.err
    [run] = [path.name for path in (tmp_path / "results").iterdir()]
    table = load_results(run)
    assert set(table["status"]) == {"ok"}
    assert table["trustworthiness"].between(0, 1).all()
    classes = {"healthy.csv": 1}.get(name, 2 if "--label" in command or name in ("pets", "images.npz") else 0)
    assert table["knn_accuracy"].notna().all() == (classes > 1 or name == "small.csv")
