"""Suites: the shipped ones are sound, and a wrong one says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.errors import InputError
from benchmark.suite import Suite, load_suite, shipped_suites
from reducers import find_reducers, make_reducer
from reducers.parameters import check_parameters


def test_three_suites_are_shipped_from_quick_to_full() -> None:
    assert shipped_suites() == ["quick", "standard", "full"]
    quick, standard, full = map(load_suite, shipped_suites())
    assert (quick.n_train, quick.n_test, quick.seeds) == (10_000, 2_000, 1)
    assert (standard.n_train, standard.n_test, standard.seeds) == (None, None, 1)
    assert (full.n_train, full.n_test, full.seeds) == (None, None, 5)
    assert standard.reducers == {}


@pytest.mark.parametrize("name", shipped_suites())
def test_a_shipped_suite_names_only_what_exists(name: str) -> None:
    suite = load_suite(name)
    assert suite.name == name
    assert suite.summary
    assert set(suite.reducers) <= set(find_reducers())
    for reducer, params in suite.reducers.items():
        check_parameters(make_reducer(reducer, **params))


def test_the_quick_suite_trains_less_than_the_full_one() -> None:
    quick, full = load_suite("quick"), load_suite("full")
    trained = {name for name, params in quick.reducers.items() if "epochs" in params}
    assert trained == set(full.reducers)
    for name in trained:
        assert quick.reducers[name]["epochs"] < full.reducers[name]["epochs"]
    # 200 is umap-learn's own choice for more than 10,000 samples.
    assert quick.reducers["umap"]["n_epochs"] < 200


def test_a_file_sets_everything(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        "summary = 'x'\nn_train = 5\nn_test = 4\nseeds = 3\ncomponents = [2, 3]\nmin_updates = 7\n"
        "dataset = 'digits'\n[reducers.pca]\nwhiten = true\n"
    )
    expected = Suite(
        name="mine",
        summary="x",
        n_train=5,
        n_test=4,
        seeds=3,
        components=(2, 3),
        min_updates=7,
        dataset="digits",
        reducers={"pca": {"whiten": True}},
    )
    assert load_suite(path) == load_suite(str(path)) == expected
    (tmp_path / "empty.toml").write_text("")
    assert load_suite(tmp_path / "empty.toml") == Suite(name="empty")


WRONG = {
    "n_train = 0": "n_train to be an integer >= 1; got 0",
    "n_test = -1": "n_test to be an integer >= 1; got -1",
    "seeds = 1.5": "seeds to be an integer >= 1; got 1.5",
    "seeds = true": "seeds to be an integer >= 1; got True",
    "min_updates = -1": "min_updates to be an integer >= 0; got -1",
    "components = 10": "components to be a list of integers >= 1; got 10",
    "components = []": "components to be a list of integers >= 1; got []",
    "components = [2, 'x']": "components to be a list of integers >= 1; got [2, 'x']",
    "reducers = 'pca'": "reducers to be a table of tables",
    "reducers.pca = 3": "reducers to be a table of tables",
    "summary = 3": "summary to be a string; got 3",
    "dataset = 3": "dataset to be a string; got 3",
    "seed = 3": "unknown key 'seed'. Did you mean 'seeds'?",
    "name = 'x'": "unknown key 'name'",
    "seeds 3": "not valid TOML",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_file_says_what_is_wrong(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_suite(path)
    message = str(caught.value)
    assert WRONG[text] in message
    assert str(path) in message
    assert "\n" not in message


def test_a_suite_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"No suite is named 'fulll'\. Did you mean 'full'\?"):
        load_suite("fulll")
    with pytest.raises(InputError, match="No such file"):
        load_suite(tmp_path / "none.toml")
    (tmp_path / "directory.toml").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        load_suite(tmp_path / "directory.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not valid TOML"):
        load_suite(tmp_path / "binary.toml")
