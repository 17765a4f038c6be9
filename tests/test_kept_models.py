"""Models that a run keeps, and the codes they give of other data: prepared as those they were fitted on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_cli import call_here

import benchmark
from benchmark import embed, load_run, run
from benchmark.datasets import load_dataset
from benchmark.datasets.data_options import DataOptions
from benchmark.datasets.feature_scaling import Preparation
from benchmark.errors import InputError
from benchmark.execution.observers.log import LOG
from benchmark.measure.kept_models import keep_model
from benchmark.reporting.stored_run import StoredRun
from benchmark.request import Request
from reducers import load, make_reducer, save

RNG = np.random.default_rng(0)
# Columns of different units, which are standardised, and some values missing.
TABLE = pd.DataFrame(RNG.normal([0, 5, -3, 1], [1, 100, 0.1, 10], (60, 4)), columns=list("abcd"))
KIND = np.array(["elm", "oak", "ash"])[np.arange(60) % 3]
GAPS = TABLE.mask(RNG.random(TABLE.shape) < 0.05).assign(kind=KIND)
UNSAVABLE = """
from reducers import Reducer


class Closed(Reducer):
    name, reference = "closed", "none"

    def _fit(self, X, rng):
        self.function_ = lambda X: X[:, : self.n_components]

    def _transform(self, X):
        return self.function_(X)
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.datasets.in_memory.cache_directory", lambda: tmp_path / "cache")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kept")
    (path / "few.toml").write_text("components = [2]\n\n[reducers.undercomplete]\nepochs = 2\n")
    (path / "closed.py").write_text(UNSAVABLE)
    GAPS.to_csv(path / "trees.csv", index=False)
    return path


def measure(place: Path, *names: str, **asked: Any) -> StoredRun:
    return run(
        list(names), str(place / "trees.csv"), label="kind", missing="mean", name="trees", threads=1,
        suite=place / "few.toml", results_dir=place / "results", reports_dir=place / "reports",
        plugins=place / "closed.py", **asked,
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(place: Path) -> StoredRun:
    return measure(place, "pca", "undercomplete", "closed", "shuffled", keep_models=True)


def path_of(place: Path, name: str = "pca") -> Path:
    [path] = (place / "results" / "trees" / "models").glob(f"{name}-*.npz")
    return path


@pytest.mark.slow
def test_a_run_keeps_the_models_that_can_be_kept(found: StoredRun, place: Path) -> None:
    table = found.table.set_index("reducer")
    assert set(table["status"]) == {"ok"}
    kept = {path.stem for path in (place / "results" / "trees" / "models").iterdir()}
    assert kept == {table["key"][name] for name in ("pca", "undercomplete")}
    log = (place / "results" / "trees" / LOG).read_text()
    assert "No model is kept: The reducer 'closed' cannot be saved without pickle: its function_ holds" in log
    assert "No model is kept of some jobs of closed: run.log says why not" in log
    command = json.loads((place / "results" / "trees" / "run.json").read_text())["commands"][0]
    assert "--keep-models --label kind" in command


@pytest.mark.slow
def test_embedding_the_runs_test_rows_gives_its_codes_to_the_bit(found: StoredRun, place: Path) -> None:
    for name in ("pca", "undercomplete"):
        codes = found.embedding(name)
        codes = codes[codes["split"] == "test"]
        rows = GAPS.iloc[codes["row"]]
        rows.to_csv(place / "rows.csv", index=False)
        again = embed(path_of(place, name), place / "rows.csv", label="kind", missing="mean")
        assert again.index.name == "row"
        np.testing.assert_array_equal(again.to_numpy(), codes[["z0", "z1"]].to_numpy())
        # The order of columns is that of their names, and the loaded model takes data as they are in memory.
        turned = rows[["d", "kind", "b", "a", "c"]]
        turned = embed(found.model(name), turned, label="kind", missing="mean")
        np.testing.assert_array_equal(turned.to_numpy(), again.to_numpy())


@pytest.mark.slow
def test_models_survive_a_run_that_goes_on(found: StoredRun, place: Path) -> None:
    before = path_of(place).read_bytes(), path_of(place).stat().st_mtime_ns
    measure(place, "pca", "raw", keep_models=True)
    assert (path_of(place).read_bytes(), path_of(place).stat().st_mtime_ns) == before
    assert path_of(place, "raw").is_file()
    measure(place, "random-projection")
    assert not list((place / "results" / "trees" / "models").glob("random-projection-*"))
    with pytest.raises(InputError, match="No model of 'random-projection' is kept in"):
        load_run("trees", place / "results").model("random-projection")
    measure(place, "random-projection", keep_models=True)
    log = (place / "results" / "trees" / LOG).read_text()
    assert "No model is kept of some jobs of closed, random-projection" in log
    measure(place, "random-projection", keep_models=True, fresh=True)
    assert path_of(place, "random-projection").is_file()


@pytest.mark.slow
def test_a_single_sample_is_enough(found: StoredRun) -> None:
    [code] = embed(found.model("pca"), GAPS[:1], label="kind", missing="mean").to_numpy()
    all_codes = embed(found.model("pca"), GAPS, label="kind", missing="mean").to_numpy()
    np.testing.assert_allclose(code, all_codes[0], rtol=1e-5, atol=1e-6)


def test_asking_for_models_changes_no_key_and_no_default() -> None:
    assert "--keep-models" not in Request(("pca",)).command()
    assert "--keep-models" in Request(("pca",), keep_models=True).command().split()


@pytest.mark.slow
def test_the_command_line_writes_codes_of_every_type(
    found: StoredRun, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("embed", "--model", str(path_of(place)), "--input", str(place / "trees.csv"), "--label", "kind")
    expected = embed(path_of(place), GAPS, label="kind", missing="drop")
    assert 40 < len(expected) < 60
    for name in ("Z.npy", "Z.csv", "Z.parquet"):
        path = place / "out" / name
        code, out, err = call_here(capsys, *words, "--missing", "drop", "--output", str(path))
        assert (code, err) == (0, "")
        assert out == f"{len(expected)} codes of 2 numbers by pca: {path}\n"
    np.testing.assert_array_equal(np.load(place / "out" / "Z.npy"), expected.to_numpy())
    pd.testing.assert_frame_equal(pd.read_parquet(place / "out" / "Z.parquet"), expected)
    read = pd.read_csv(place / "out" / "Z.csv", index_col="row", dtype={"z0": np.float32, "z1": np.float32})
    pd.testing.assert_frame_equal(read, expected)
    code, out, _ = call_here(capsys, *words, "--missing", "mean", "--output", str(path), "--json")
    assert json.loads(out) == {"output": str(path), "reducer": "pca", "codes": 60, "width": 2}


def wrong(place: Path) -> dict[str, tuple[tuple[str, ...], str]]:
    """Return what to add to a command that is right but for that, and what it answers."""
    TABLE.to_csv(place / "narrow.csv", index=False, columns=["a", "b", "c"])
    TABLE.rename(columns={"d": "e"}).to_csv(place / "renamed.csv", index=False)
    TABLE.to_csv(place / "whole.csv", index=False)
    model, whole = str(path_of(place)), str(place / "whole.csv")
    trees = str(place / "trees.csv")
    return {
        "another width": ((model, str(place / "narrow.csv")), "takes 4 features, and narrow.csv has 3:"),
        "other columns": (
            (model, str(place / "renamed.csv")), "columns the model was fitted on; it has no 'd', but 'e'"),
        "missing values": ((model, trees, "--label", "kind"), "say --missing drop or --missing mean"),
        "text": ((model, trees, "--missing", "mean"), "say --label kind"),
        "no such word": ((model, whole, "--missing", "no"), "--missing must be one of error, drop, mean"),
        "no such model": (("none.npz", whole), "none.npz cannot be read as a saved reducer: No such file"),
        "no model": ((whole, whole), "must be a file that reducers.save wrote"),
        "no data": ((model, str(place / "none.csv")), "must be a file, or a folder of images"),
        "no such type": ((model, whole, "--output", "Z.txt"), "must be a file of type .csv, .npy, .parquet"),
        "no such place": ((model, whole, "--output", f"{trees}/Z.npy"), "Z.npy cannot be written"),
    }  # fmt: skip


@pytest.mark.slow
def test_bad_input_is_one_sentence_and_exit_code_2(
    found: StoredRun, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for case, ((model, data, *words), said) in wrong(place).items():
        given = ("--output", str(place / "never.npy"), *words)
        code, out, err = call_here(capsys, "embed", "--model", model, "--input", data, *given)
        assert (code, out) == (2, ""), case
        assert said in err, case
        assert err.startswith("Error: "), case
        assert err.count("\n") == 1, case
    assert not (place / "never.npy").exists()


def test_a_model_without_a_preparation_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    X = TABLE.to_numpy(np.float32)
    made = make_reducer("pca", n_components=2).fit(X)
    save(made, tmp_path / "mine.safetensors")
    np.testing.assert_array_equal(embed(tmp_path / "mine.safetensors", X).to_numpy(), made.transform(X))
    assert "saved without a preparation of its data: they are taken as they are" in capsys.readouterr().err


def test_means_are_filled_in_only_where_the_model_knows_them(tmp_path: Path) -> None:
    TABLE.to_csv(tmp_path / "whole.csv", index=False)
    data = load_dataset(tmp_path / "whole.csv")
    made = make_reducer("pca", n_components=2).fit(data.scaled()[0])
    keep_model(made, data)
    with pytest.raises(InputError, match="knows no means to fill in"):
        embed(made, GAPS.drop(columns="kind"), missing="mean")


@pytest.mark.parametrize("options", [{}, {"scale": "unit"}, {"scale": "standard"}, {"scale": "none"}])
@pytest.mark.parametrize("missing", ["mean", "drop"])
def test_new_samples_are_prepared_as_the_old_ones_to_the_bit(
    options: dict[str, Any], missing: str, tmp_path: Path
) -> None:
    GAPS.to_csv(tmp_path / "trees.csv", index=False)
    data = load_dataset(tmp_path / "trees.csv", options=DataOptions(label="kind", missing=missing, **options))
    X = GAPS.drop(columns="kind").to_numpy(np.float32)
    for rows, scaled in zip((data.rows_train, data.rows_test), data.scaled(), strict=True):
        np.testing.assert_array_equal(np.asarray(data.preparation.rows(X[rows])), scaled)
    assert data.preparation.feature_names == ("a", "b", "c", "d")
    assert Preparation(**vars(data.preparation)).scale == data.scale


def test_images_stay_bytes_until_they_are_scaled(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 256, (30, 6, 4), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", X=pixels)
    data = load_dataset(tmp_path / "images.npz")
    made = make_reducer("pca", n_components=3).fit(data.rows()[0])
    [(kind, arrays)] = keep_model(made, data).items()
    assert kind == "models"
    np.savez(tmp_path / "model.npz", **arrays)
    np.testing.assert_array_equal(load(tmp_path / "model.npz").mean_, made.mean_)
    np.savez(tmp_path / "new.npz", X=pixels[data.rows_test])
    codes = embed(tmp_path / "model.npz", tmp_path / "new.npz").to_numpy()
    np.testing.assert_array_equal(codes, made.transform(data.rows()[1]))
    # Both parts of a source that has two, training samples first.
    np.savez(tmp_path / "parts.npz", X_train=pixels[:20], X_test=pixels[20:])
    whole, parts = (embed(made, tmp_path / name).to_numpy() for name in ("images.npz", "parts.npz"))
    np.testing.assert_array_equal(parts, whole)
    assert benchmark.embed is embed
