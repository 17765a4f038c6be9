"""Suites: the shipped ones are sound, a wrong one says what is wrong, and a request overrules them."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmark.cli.app import app
from benchmark.errors import InputError
from benchmark.execution import runner
from benchmark.plan.suite import Suite, load_suite, shipped_suites
from benchmark.plan.suite_plan import SuitePlan
from benchmark.request import BaseRequest, Request, ScaleRequest
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
        "summary = 'x'\nn_train = 5\nn_test = 4\nseeds = 3\nrepeats = 2\ncomponents = [2, 3]\n"
        "min_updates = 7\ndataset = 'digits'\n[reducers.pca]\nwhiten = true\n"
    )
    expected = Suite(
        name="mine",
        summary="x",
        n_train=5,
        n_test=4,
        seeds=3,
        repeats=2,
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
    "seeds = 1.5": "seeds to be an integer >= 1 and <= 10,000; got 1.5",
    "seeds = true": "seeds to be an integer >= 1 and <= 10,000; got True",
    "repeats = 0": "repeats to be an integer >= 1 and <= 10,000; got 0",
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


PRECISE = "repeats = 2\n[reducers.autoencoder]\nprecision = 'bf16'\n"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [(None, {"autoencoder": "bf16", "sparse": "auto"}), ("fp32", {"autoencoder": "fp32", "sparse": "fp32"})],
)
def test_a_precision_asked_for_overrules_the_suite_where_there_is_a_choice(
    asked: str | None, expected: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "precise.toml").write_text(PRECISE)
    names = (*expected, "pca", "sklearn.decomposition.FastICA")
    request = Request(names, "digits", suite=str(tmp_path / "precise.toml"), precision=asked)
    jobs = SuitePlan(request, SimpleNamespace(devices=("cpu",), threads=1)).jobs
    assert [job.reducer for job in jobs] == list(names)
    assert {job.reducer: job.params["precision"] for job in jobs if "precision" in job.params} == expected


def test_repeats_asked_for_overrule_the_suite_and_make_another_measurement(tmp_path: Path) -> None:
    (tmp_path / "precise.toml").write_text(PRECISE)
    request = Request(("pca",), "digits", suite=str(tmp_path / "precise.toml"))
    plans = [
        SuitePlan(replace(request, repeats=n, timeout=seconds), SimpleNamespace(devices=("cpu",), threads=1))
        for n, seconds in ((None, None), (2, 9.0), (3, None), (1, None))
    ]
    jobs = [job for plan in plans for job in plan.jobs]
    assert [job.repeats for job in jobs] == [2, 2, 3, 1]
    assert [plan.suite.repeats for plan in plans] == [2, 2, 3, 1]
    # A limit that was not met changes nothing.
    assert jobs[0].key == jobs[1].key
    assert len({job.key for job in jobs}) == 3


def test_the_command_line_that_a_run_keeps_asks_for_the_same() -> None:
    request = Request(("pca",), precision="fp32", repeats=3, timeout=90.0, name="v1.0")
    parts = ("--reducer pca", "--precision fp32", "--repeats 3", "--name v1.0", "--timeout 90")
    assert [part for part in parts if part not in request.command()] == []
    assert "--timeout 0.5" in replace(request, timeout=0.5).command()


@pytest.mark.parametrize(
    "request_",
    [
        Request(("pca", "umap"), "digits", seeds=2, devices=("cpu", "auto"), timeout=1.5, fresh=False),
        Request(cluster="local:2", components=3, repeats=2, plugins=("mine.py",), threads=1),
        Request(("pca", "umap"), ("digits", "mnist"), components=(2, 10)),
        Request(("umap",), settings=("umap.n_neighbors=5,15", "umap={'min_dist': 0.5, 'metric': \"a b\"}")),
        ScaleRequest(("pca",), samples_up_to=3000, budget=5.0, precision="fp32"),
    ],
)
def test_the_command_that_a_run_keeps_is_read_back_as_the_same_request(
    request_: BaseRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[BaseRequest] = []

    def keep(request: BaseRequest, observer: object) -> None:
        asked.append(request)
        raise InputError("kept")

    monkeypatch.setattr(runner, "run", keep)
    with pytest.raises(InputError, match="kept"):
        app(shlex.split(request_.command())[3:], standalone_mode=False)
    assert asked == [request_]
