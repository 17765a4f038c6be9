"""A run as Python sees it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from in_process import measured_here

from benchmark import load_results, load_run, run
from benchmark.datasets import load_dataset
from benchmark.errors import InputError
from benchmark.reporting.stored_run import StoredRun
from reducers import make_reducer

SUITE = "n_train = 200\nn_test = 60\ncomponents = [2, 3]\nseeds = 2\n"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    path = tmp_path_factory.mktemp("run")
    (path / "few.toml").write_text(SUITE)
    with measured_here():
        return run(
            ["pca"], "digits", suite=path / "few.toml", threads=1, name="few",
            results_dir=path / "results", reports_dir=path / "reports",
        )  # fmt: skip


@pytest.mark.slow
def test_it_has_tables_and_a_report(found: StoredRun) -> None:
    assert len(found.table) == 4
    assert found.board["n_components"].tolist() == [3, 2]
    assert found.board["seeds"].tolist() == [2, 2]
    assert found.report is not None
    assert found.report.read_text().startswith("# Dimensionality reduction on digits")
    assert "'few': 4 jobs" in repr(found)


@pytest.mark.slow
def test_a_run_is_found_again_by_its_name(found: StoredRun) -> None:
    assert found.report is not None
    results = found.report.parents[2] / "results"
    assert load_run("few", results).table.equals(load_results("few", results))
    with pytest.raises(InputError, match=r"No run named 'fow'.*few"):
        load_run("fow", results)


@pytest.mark.slow
def test_codes_come_with_split_and_label(found: StoredRun) -> None:
    frame = found.embedding("pca", seed=1, n_components=3)
    assert list(frame) == ["z0", "z1", "z2", "split", "row", "label"]
    assert frame["split"].value_counts().to_dict() == {"train": 200, "test": 60}
    data = load_dataset("digits", seed=1, n_train=200, n_test=60)
    train, test = data.scaled()
    codes = make_reducer("pca", n_components=3, random_state=1).fit(train).transform(test)
    of_test = frame[frame["split"] == "test"]
    np.testing.assert_allclose(of_test[["z0", "z1", "z2"]], codes, atol=1e-5)
    assert data.y_test is not None
    assert of_test["label"].astype(int).tolist() == data.y_test.tolist()


@pytest.mark.slow
def test_codes_that_were_not_kept_are_said_to_be_gone(found: StoredRun, tmp_path: Path) -> None:
    assert found.report is not None
    copy = tmp_path / "results"
    shutil.copytree(found.report.parents[2] / "results", copy)
    shutil.rmtree(copy / "few" / "embeddings")
    with pytest.raises(InputError, match="not kept"):
        load_run("few", copy).embedding("pca", n_components=2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"reducer": "pcb"}, "Did you mean 'pca'"),
        ({"reducer": "pca"}, "several jobs.*n_components: 2, 3"),
        ({"reducer": "pca", "n_components": 5}, "no job.*n_components: 2, 3"),
        ({"reducer": "pca", "seed": 7, "n_components": 2}, "no job.*seed: 0, 1"),
    ],
)
def test_codes_that_cannot_be_given_are_answered_with_what_there_is(
    found: StoredRun, asked: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        found.embedding(**asked)  # type: ignore[arg-type]


@pytest.mark.slow
def test_figures_are_those_of_the_report(found: StoredRun) -> None:
    assert found.figure("pareto").axes[0].get_title(loc="left").startswith("k-NN accuracy")
    with pytest.raises(InputError, match=r"no figure 'paretto'.*Did you mean 'pareto'.*embeddings"):
        found.figure("paretto")


@pytest.mark.slow
def test_a_notebook_shows_board_and_trade_off(found: StoredRun) -> None:
    shown = found._repr_html_()
    assert "<td>pca</td>" in shown
    assert "knn_accuracy" in shown
    assert "data:image/png;base64," in shown
