"""Scores of codes that were made anywhere: those that a run would give them, by a split that is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_cli import call_here

from benchmark import score
from benchmark.datasets.split import split_indices
from benchmark.errors import InputError
from benchmark.scoring import Embedding, find_metrics
from benchmark.scoring import score as score_embedding

RNG = np.random.default_rng(0)
Y = np.array(["elm", "oak", "ash"])[np.arange(90) % 3]
X = RNG.normal(size=(90, 6)) + 3 * (np.arange(90) % 3)[:, None]
Z = X[:, :2].astype(np.float32)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    np.save(tmp_path / "Z.npy", Z)
    np.save(tmp_path / "y.npy", Y)
    np.save(tmp_path / "X.npy", X)
    return tmp_path


def test_scores_are_those_of_the_embedding_by_that_split() -> None:
    found = score(Z, Y, X, seed=3)
    numbers = np.unique(Y, return_inverse=True)[1]
    train, test = split_indices(90, numbers, np.random.default_rng((3, 0)))
    expected = score_embedding(
        Embedding(Z[train], Z[test], numbers[train], numbers[test], X[test].astype(np.float32), seed=3)
    )
    assert found["score"].to_dict() == expected
    assert {"kmeans_nmi", "knn_accuracy", "trustworthiness", "silhouette"} <= set(found.index)
    assert "reconstruction_mse" not in found.index
    assert found.attrs == {"n_train": 72, "n_test": 18, "seed": 3}
    assert list(found) == ["score", "better", "low", "high", "summary"]
    assert found["score"].between(found["low"], found["high"]).all()
    assert found.loc["knn_accuracy", "better"] == "higher"
    # Where they come from changes nothing, and another seed is another split.
    assert score(pd.DataFrame(Z), pd.Series(Y), pd.DataFrame(X), seed=3).equals(found)
    assert not score(Z, Y, X, seed=4).equals(found)


def test_what_needs_labels_or_inputs_is_absent_without() -> None:
    alone = set(score(Z).index)
    assert alone == {"silhouette", "stability", "favoured_clusters"} & alone
    assert "silhouette" in alone
    assert not {"trustworthiness", "continuity"} & set(score(Z, Y).index)
    assert not {"knn_accuracy", "kmeans_ari"} & set(score(Z, inputs=X).index)
    assert "ward_ari" in score(Z, Y, clusterings="ward").index
    assert len(score(Z, Y, clusterings="all")) > len(score(Z, Y, clusterings=["ward"]))


def test_a_metric_of_a_plugin_scores_too(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from benchmark.scoring import metric\n\n\n"
        '@metric(low=0, high=1, higher_is_better=True, reference="none")\n'
        'def always(embedding):\n    """Half."""\n    return 0.5\n'
    )
    assert score(Z, plugins=str(tmp_path / "mine.py")).loc["always", "score"] == 0.5


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "labels of others": ({"labels": Y[:-1]}, "90 samples and 89 labels"),
    "inputs of others": ({"inputs": X[:-1]}, "inputs must be those of the 90 codes; got 89"),
    "one code": ({"codes": Z[0]}, "X of codes must have the shape"),
    "few codes": ({"codes": Z[:4], "labels": None}, "codes must have at least 5 samples"),
    "no numbers": ({"codes": np.full((90, 2), "a")}, "X of codes must hold real numbers"),
    "infinite": ({"codes": np.full((90, 2), np.inf)}, "X of codes must be finite"),
    "fractions": ({"labels": np.arange(90) / 2}, "must be whole numbers"),
    "objects": ({"labels": [None] * 90}, "y must hold whole numbers or text"),
    "a negative seed": ({"seed": -1}, "seed must be an integer >= 0; got -1"),
    "no clustering": ({"clusterings": "wards"}, "--clustering takes .* got 'wards'. Did you mean 'ward'"),
    "no file": ({"labels": "none.npy"}, "The labels none.npy cannot be read: No such file"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused(case: str) -> None:
    given, said = WRONG[case]
    with pytest.raises(InputError, match=said):
        score(**{"codes": Z, "labels": Y, **given})


def test_the_command_line_prints_and_writes_the_same(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["score", "--codes", str(place / "Z.npy"), "--labels", str(place / "y.npy")]
    words += ["--inputs", str(place / "X.npy"), "--seed", "1"]
    code, out, err = call_here(capsys, *words, "--output", str(place / "scores.csv"))
    assert (code, err) == (0, "")
    assert "scores of 18 held-out codes, drawn by seed 1; 72 were learned from" in out
    expected = score(Z, Y, X, seed=1)
    for name, value in expected["score"].items():
        assert name in out
        assert find_metrics()[str(name)].format(value) in out
    written = pd.read_csv(place / "scores.csv", index_col="metric")
    np.testing.assert_allclose(written["score"], expected["score"])
    code, out, _ = call_here(capsys, *words, "--json", "--clustering", "ward")
    told = json.loads(out)
    assert (code, told["n_train"], told["n_test"], told["seed"]) == (0, 72, 18, 1)
    assert told["scores"]["knn_accuracy"] == expected["score"]["knn_accuracy"]
    assert "ward_nmi" in told["scores"]


def test_codes_of_a_table_are_its_columns_but_for_the_numbers_of_rows(place: Path) -> None:
    frame = pd.DataFrame(Z, columns=["z0", "z1"], index=pd.RangeIndex(90, name="row"))
    frame.to_csv(place / "Z.csv")
    frame.to_parquet(place / "Z.parquet")
    for name in ("Z.csv", "Z.parquet"):
        assert score(place / name, place / "y.npy", str(place / "X.npy")).equals(score(Z, Y, X))


def test_bad_input_is_one_sentence_and_exit_code_2(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(place / "two.npz", X_train=Z, X_test=Z)
    np.save(place / "objects.npy", np.array([{}, None]), allow_pickle=True)
    codes, labels = str(place / "Z.npy"), str(place / "y.npy")
    for words, said in (
        (("--codes", str(place / "two.npz")), "must hold one array of samples; it holds a training"),
        (("--codes", codes, "--labels", str(place / "objects.npy")), "which are never unpickled"),
        (("--codes", codes, "--labels", codes), "must be one label a sample, of the shape (n,); got (90, 2)"),
        (("--codes", codes, "--labels", labels, "--output", "x.txt"), "of type .csv; got 'x.txt'"),
        (("--codes", codes, "--seed", "-1"), "seed must be an integer >= 0; got -1"),
        ((), "Missing option '--codes'"),
    ):
        code, out, err = call_here(capsys, "score", *words)
        assert (code, out) == (2, ""), words
        assert said in err, words
        assert err.count("\n") == 1, words
