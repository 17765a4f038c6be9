"""Settings of a reducer: however they are asked for, each is a row that says what differs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from short_report import short_report
from sklearn.cluster import FeatureAgglomeration
from sklearn.decomposition import PCA as SKLEARN_PCA
from sklearn.decomposition import FastICA, KernelPCA
from sklearn.pipeline import make_pipeline
from test_runner import FakePool

import benchmark
from benchmark.analysis.columns import GROUP, varying
from benchmark.analysis.tables import leaderboard, to_frame
from benchmark.datasets import load_dataset
from benchmark.errors import InputError
from benchmark.execution import runner
from benchmark.plan.suite import check_request
from benchmark.plan.suite_plan import SuitePlan
from benchmark.request import Request
from benchmark.results import Store
from reducers import Reducer
from reducers.methods.autoencoders.stacked import Stacked
from reducers.methods.linear import PCA
from reducers.methods.manifold import UMAP


def plan_of(request: Request) -> SuitePlan:
    return SuitePlan(request, SimpleNamespace(devices=("cpu",), threads=1))


def settings(request: Request, parameter: str) -> dict[str, Any]:
    """Return the value of a parameter by the setting of the job that has it."""
    return {job.setting: job.params.get(parameter) for job in plan_of(request).jobs}


def suite(path: Path, text: str) -> str:
    file = path / "mine.toml"
    file.write_text(text)
    return str(file)


def test_a_value_that_was_set_is_a_row_and_the_default_needs_no_words() -> None:
    asked = Request(("umap", "pca"), "digits", settings=("umap.n_neighbors=5,15,50",))
    jobs = plan_of(asked).jobs
    assert [(job.reducer, job.setting, job.params.get("n_neighbors")) for job in jobs] == [
        ("umap", "n_neighbors=5", 5),
        ("umap", "", 15),
        ("umap", "n_neighbors=50", 50),
        ("pca", "", None),
    ]
    # The default is the same measurement, whether it was asked for or not.
    assert jobs[1].key == plan_of(Request(("umap",), "digits")).jobs[0].key


def test_several_parameters_make_a_grid() -> None:
    asked = Request(("umap",), "digits", settings=("umap.n_neighbors=5,15", "umap.min_dist=0.1,0.5"))
    assert set(settings(asked, "min_dist")) == {
        "",
        "n_neighbors=5",
        "min_dist=0.5",
        "min_dist=0.5, n_neighbors=5",
    }


@pytest.mark.parametrize(
    ("text", "parameter", "expected"),
    [
        ("sparse.penalty=kl,l1", "penalty", ["kl", "l1"]),
        ("pca.whiten=true,False", "whiten", [True, False]),
        ("stacked.hidden=[40, 20],[30]", "hidden", [[40, 20], [30]]),
        ("sklearn.decomposition.FastICA.fun=cube,'exp'", "fun", ["cube", "exp"]),
        ("sklearn.decomposition.FastICA={'fun': 'cube', 'max_iter': 9}", "max_iter", [9]),
        ("umap={'n_neighbors': 5}, {'min_dist': 0.5}", "n_neighbors", [5, 15]),
    ],
)
def test_values_are_read_as_people_write_them(text: str, parameter: str, expected: list[Any]) -> None:
    name = next(
        n for n in ("sklearn.decomposition.FastICA", text.split(".")[0].split("=")[0]) if text.startswith(n)
    )
    assert list(settings(Request((name,), "digits", settings=(text,)), parameter).values()) == expected


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("umap.n_neighbors=few", ["n_neighbors", "an integer >= 2", "'few'"]),
        ("umap.n_neighbors=5,1", ["n_neighbors", "an integer >= 2", "got 1"]),
        ("umap.neighbours=5", ["'umap' has no parameter 'neighbours'", "min_dist"]),
        ("sparse.penalty=l3", ["penalty", "'l1'", "'kl'", "'l3'"]),
        ("umpa.n_neighbors=5", ["is of no reducer that is measured", "Did you mean 'umap'?"]),
        ("pca.whiten=True", ["is of no reducer that is measured", "These are: umap, sparse"]),
        ("umap.n_components=5", ["--set cannot set n_components of 'umap'"]),
        ("umap={'random_state': 5}", ["--set cannot set random_state of 'umap'"]),
        ("umap=5", ["REDUCER.PARAMETER=VALUE", "'umap=5'"]),
        ("umap.n_neighbors", ["REDUCER.PARAMETER=VALUE"]),
        ("umap.n_neighbors=", ["REDUCER.PARAMETER=VALUE"]),
        ("n_neighbors=5", ["REDUCER.PARAMETER=VALUE"]),
        ("sklearn.decomposition.FastICA.fun=tan", ["'fun' parameter of FastICA", "'cube'", "'tan'"]),
    ],
)
def test_a_wrong_setting_names_what_is_allowed(text: str, parts: list[str]) -> None:
    names = ("umap", "sparse", "sklearn.decomposition.FastICA")
    with pytest.raises(InputError) as caught:
        plan_of(Request(names, "digits", settings=(text,)))
    assert [part for part in parts if part not in str(caught.value)] == []


def test_a_setting_of_no_measured_reducer_is_answered_before_data_are_read() -> None:
    with pytest.raises(InputError, match="no reducer that is measured"):
        check_request(Request(("pca",), "mnist", settings=("umap.n_neighbors=5",)))


LISTED = """
min_updates = 5000
[[reducers.autoencoder]]
[[reducers.autoencoder]]
label = "short"
epochs = 3
[[reducers.autoencoder]]
learning_rate = 0.01
[reducers.umap]
n_epochs = 50
"""


def test_a_suite_lists_settings_and_their_labels(tmp_path: Path) -> None:
    """Complaint 5: [[reducers.umap]] with several settings was refused."""
    path = suite(tmp_path, LISTED)
    names = ("autoencoder", "umap")
    jobs = plan_of(Request(names, "digits", suite=path)).jobs
    assert [job.setting for job in jobs] == ["", "short", "learning_rate=0.01", ""]
    # Epochs that a setting asks for are not raised to the suite's number of updates.
    assert jobs[0].params["epochs"] == jobs[2].params["epochs"] > 100
    assert jobs[1].params["epochs"] == 3
    # What a suite sets for every setting is what they start from.
    asked = Request(("umap",), "digits", suite=path, settings=("umap.n_neighbors=5,15",))
    assert settings(asked, "n_epochs") == {"n_neighbors=5": 50, "": 50}
    both = Request(("autoencoder",), "digits", suite=path, settings=("autoencoder.batch_size=32",))
    assert "short, batch_size=32" in settings(both, "epochs")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[reducers.umap]]\nlabel = 3", "whose label is a string"),
        ("reducers.umap = []", "a table of tables"),
        ("[[reducers.umap]]\nn_components = 3", "cannot set n_components of 'umap'"),
        ("[[reducers.umap]]\nlabel = 'a'\n[[reducers.umap]]\nlabel = 'a'\nmin_dist = 0.5", "the same label"),
        ("[[reducers.umpa]]\nmin_dist = 0.5", "Did you mean 'umap'?"),
    ],
)
def test_a_wrong_list_of_settings_says_what_is_wrong(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        plan_of(Request(("umap",), "digits", suite=suite(tmp_path, text)))


class Mine(PCA):
    """A class of this program."""

    name = "mine"


class Asked(Exception):
    pass


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Request]:
    """Return a function that returns the request that `benchmark.run` makes of its arguments."""

    def refuse(request: Request) -> None:
        raise Asked(request)

    def ask(*arguments: Any, **options: Any) -> Request:
        with pytest.raises(Asked) as caught:
            benchmark.run(*arguments, **options)
        made: Request = caught.value.args[0]
        return made

    monkeypatch.setattr(runner, "run", refuse)
    return ask


@pytest.mark.parametrize(
    ("given", "reducers", "expected"),
    [
        ("pca", ("pca",), ()),
        (["pca", "umap"], ("pca", "umap"), ()),
        ({"umap": {"n_neighbors": [5, 15]}, "pca": {}}, ("umap", "pca"), ("umap.n_neighbors=5, 15",)),
        (
            {"umap": {"n_neighbors": 5, "min_dist": 0.5}},
            ("umap",),
            ("umap.n_neighbors=5", "umap.min_dist=0.5"),
        ),
        ({"stacked": {"hidden": (40, 20)}}, ("stacked",), ("stacked.hidden=[40, 20]",)),
        ({"stacked": {"hidden": [[40], [20]]}}, ("stacked",), ("stacked.hidden=[40], [20]",)),
        ({"umap": {"n_neighbors": np.int64(5)}}, ("umap",), ("umap.n_neighbors=5",)),
        (UMAP(), ("umap",), ()),
        ([UMAP(n_neighbors=5), UMAP()], ("umap",), ("umap={'n_neighbors': 5}", "umap={}")),
        ([Stacked(hidden=(40, 20))], ("stacked",), ("stacked={'hidden': [40, 20]}",)),
        (
            [FastICA(10, fun="cube", random_state=3), "pca"],
            ("sklearn.decomposition.FastICA", "pca"),
            ("sklearn.decomposition.FastICA={'fun': 'cube'}",),
        ),
    ],
)
def test_python_asks_for_what_the_command_line_can_ask_for(
    given: Any, reducers: tuple[str, ...], expected: tuple[str, ...], asked: Callable[..., Request]
) -> None:
    """Complaint 5: a mapping of parameters measured the defaults; names and estimators failed inside."""
    request = asked(given, "digits")
    assert (request.reducers, request.settings) == (reducers, expected)
    # What is asked for can be planned, and the command that is kept says all of it.
    plan_of(request)
    for text in expected:
        assert text in request.command().replace("'\"'\"'", "'")


def test_the_width_of_estimators_is_the_width_of_all(asked: Callable[..., Request]) -> None:
    assert asked([FastICA(4), "pca"]).components == (4,)
    assert asked([SKLEARN_PCA(2), SKLEARN_PCA(5)]).components == (2, 5)
    assert asked([FastICA(), "pca"]).components is None
    assert asked([FastICA(4), UMAP()], components=3).components == (3,)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, "takes names, a mapping of names to mappings of parameters, or estimators.*got 3"),
        ([FastICA], "or estimators"),
        ({"umap": 5}, "a mapping of names to mappings of parameters.*got {'umap': 5}"),
        ({"umpa": {"n_neighbors": [5]}}, "Did you mean 'umap'"),
        ([Mine()], "knows reducers and scikit-learn by name, but not .*Mine: put it, as a Reducer, into a"),
        ([SimpleNamespace(get_params=dict)], "but not types.SimpleNamespace: put it, as a Reducer"),
        ([make_pipeline(FastICA())], "needs steps to be a value that JSON can hold"),
        ([KernelPCA(3, kernel=print)], "KernelPCA' needs kernel to be a value that JSON can hold"),
        ([SKLEARN_PCA(0.95)], "needs n_components to be an integer; got 0.95"),
        ([PCA(device="cuda")], "An estimator cannot set device of 'pca'"),
    ],
)
def test_what_another_process_could_not_make_is_refused_in_one_sentence(given: Any, message: str) -> None:
    """Complaint 6: estimators failed with errors from the inside."""
    with pytest.raises(InputError, match=message):
        benchmark.run(given, "digits")


def test_an_estimator_whose_class_lies_deeper_is_found_by_its_public_name(
    asked: Callable[..., Request],
) -> None:
    assert asked([FeatureAgglomeration(3)]).reducers == ("sklearn.cluster.FeatureAgglomeration",)
    assert issubclass(UMAP, Reducer)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Store]:
    """Return a function that runs on digits, with jobs that end at once, and returns the store."""

    def run_with(
        *reducers: str,
        dataset: Any = "digits",
        pool: FakePool | None = None,
        whole_report: bool = False,
        **changes: Any,
    ) -> Store:
        pool = pool or FakePool()
        monkeypatch.setattr(runner, "open_pool", lambda request, note: pool)
        paths = {"results_dir": str(tmp_path / "results"), "reports_dir": str(tmp_path / "reports")}
        request = Request(reducers or ("pca",), dataset, **({"name": "r"} | paths | changes))
        result = runner.run(request, None, None, None if whole_report else short_report)
        return Store(tmp_path / "results", result.run)

    return run_with


def test_settings_of_two_calls_stand_side_by_side(run: Callable[..., Store], tmp_path: Path) -> None:
    """Complaint 5: a second setting under one name replaced the first."""
    run("umap")
    store = run("umap", settings=("umap.n_neighbors=5,50",), whole_report=True)
    assert sorted(record.setting for record in store.records()) == ["", "n_neighbors=5", "n_neighbors=50"]
    board = leaderboard(to_frame(store.records()))
    assert len(board) == 3
    report = (tmp_path / "reports" / "r" / "report.md").read_text()
    table = report.partition("## Leaderboard")[2].partition("##")[0]
    assert "| reducer | setting |" in table
    assert "| umap | n\\_neighbors=50 |" in table


def test_a_setting_is_shown_only_where_a_reducer_has_several(run: Callable[..., Store]) -> None:
    store = run("umap", "pca", settings=("umap.n_neighbors=5",))
    board = leaderboard(to_frame(store.records()))
    assert "setting" not in varying(board, GROUP)


def test_a_run_tells_its_commands_and_all_that_it_holds(run: Callable[..., Store], tmp_path: Path) -> None:
    """Complaint 12: command, duration, seeds and widths were those of the last call."""
    run("pca", seeds=2, components=(2, 3))
    store = run("pca", "raw", seeds=1, components=3, whole_report=True)
    facts = store.facts()
    assert (facts["seeds"], sorted(facts["components"])) == (2, [2, 3])
    assert [("--seeds 2" in c, "--seeds 1" in c) for c in facts["commands"]] == [(True, False), (False, True)]
    assert facts["command"] == facts["commands"][-1]
    report = (tmp_path / "reports" / "r" / "report.md").read_text()
    assert "| seeds | 2 |" in report
    assert all(command in report for command in facts["commands"])


def test_what_was_done_to_the_data_stands_in_the_report(run: Callable[..., Store], tmp_path: Path) -> None:
    """Complaint 3: data whose columns have different units were measured without a word."""
    store = run("pca", dataset="wine", whole_report=True)
    [note] = [note for note in store.facts()["notes"] if "each is standardised" in note]
    report = (tmp_path / "reports" / "r" / "report.md").read_text()
    assert note.replace("_", "\\_") in report.partition("## What was run")[2].partition("## ")[0]


def test_rows_of_several_commits_name_them(run: Callable[..., Store], tmp_path: Path) -> None:
    """Complaint 12: one commit was named for the rows of several."""
    for commit, reducer in (("a1" * 20, "pca"), ("b2" * 20, "raw")):
        pool = FakePool()
        pool.environment["git_commit"] = commit
        store = run(reducer, pool=pool, whole_report=True)
    assert store.facts()["commits"] == ["a1" * 20, "b2" * 20]
    report = (tmp_path / "reports" / "r" / "report.md").read_text()
    assert f"| commits of the code | {'a1' * 20}, {'b2' * 20} |" in report
    assert "| git commit |" not in report


def table(path: Path, name: str, seed: int) -> str:
    rng = np.random.default_rng(seed)
    file = path / name
    file.parent.mkdir(exist_ok=True)
    np.savez(file, X=rng.random((60, 6)), y=np.arange(60) % 3)
    return str(file)


OTHERS: dict[str, dict[str, Any]] = {
    "data": {"dataset": "other"},
    "edited data": {"dataset": "edited"},
    "more data": {"dataset": ("mine", "other")},
    "suite": {"suite": "quick"},
    "edited suite": {"suite": "edited"},
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_name_is_of_one_thing(
    case: str, run: Callable[..., Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Complaint 1: an edited file or another suite under an old name replaced rows, or mixed with them."""
    mine, path = table(tmp_path, "mine.npz", 0), suite(tmp_path, "n_test = 9\n")
    files = {"mine": mine, "other": table(tmp_path, "other.npz", 1), "edited": mine}
    store = run("pca", "raw", dataset=mine, suite=path)
    before = {file: file.read_bytes() for file in store.path.rglob("*.json")}
    changes = dict(OTHERS[case])
    given = changes.get("dataset", "mine")
    changes["dataset"] = tuple(files[n] for n in given) if isinstance(given, tuple) else files[given]
    if case == "edited data":
        table(tmp_path, "mine.npz", 2)
    if case == "edited suite":
        suite(tmp_path, "n_test = 8\n")
    changes["suite"] = changes.get("suite", path).replace("edited", path)
    with pytest.raises(InputError) as caught:
        run("pca", **changes)
    message = str(caught.value)
    assert all(part in message for part in ("The run 'r' is of something else", "--name", "--fresh"))
    assert {file: file.read_bytes() for file in store.path.rglob("*.json")} == before, "nothing was lost"
    store = run("pca", **changes, fresh=True)
    assert {record.reducer for record in store.records()} == {"pca"}, "the run began anew"
    assert store.facts()["reducers"] == ["pca"]
    assert len(store.facts()["commands"]) == 1
    run("pca", **changes)


def test_more_of_the_same_thing_is_welcome(run: Callable[..., Store], tmp_path: Path) -> None:
    path = suite(tmp_path, "seeds = 1\n")
    run("pca", suite=path)
    suite(tmp_path, "seeds = 2\ncomponents = [10, 5]\n")
    run("pca", "raw", suite=path, settings=("pca.whiten=true",))
    store = run("pca", suite=path, seeds=3, components=2, repeats=2)
    assert len(list(store.records())) > 5


def test_a_run_of_an_older_version_goes_on(run: Callable[..., Store]) -> None:
    store = run("pca")
    facts = store.facts()
    store.save_facts({k: v for k, v in facts.items() if k not in ("datasets", "suite_sha256", "commands")})
    pool = FakePool()
    run("pca", "raw", pool=pool)
    assert [job.reducer for job in pool.asked] == ["raw"]
    assert len(store.facts()["commands"]) == 2
    with pytest.raises(InputError, match="it holds the suite 'standard', and this is 'quick'"):
        run("pca", suite="quick")


def test_several_datasets_are_kept_apart(run: Callable[..., Store], tmp_path: Path) -> None:
    """Complaint 12: of two datasets the last was measured."""
    mine = table(tmp_path, "mine.npz", 0)
    named = load_dataset(mine).name
    store = run("pca", "raw", dataset=("digits", mine), components=2, name=None, whole_report=True)
    assert store.run == f"digits+{named}-standard"
    facts = store.facts()
    assert facts["dataset"] == f"digits, {named}"
    assert "dataset_sha256" not in facts
    sizes = {name: (said["n_train"], said["n_features"]) for name, said in facts["datasets"].items()}
    assert sizes == {"digits": (1438, 64), named: (48, 6)}
    assert {(r.dataset, r.reducer) for r in store.records()} == {
        (data, reducer) for data in ("digits", named) for reducer in ("pca", "raw")
    }
    report = (tmp_path / "reports" / store.run / "report.md").read_text()
    for name, rows in (("digits", 2), (named, 2)):
        part = report.partition(f"## Leaderboard: {name}\n")[2].partition("\n## ")[0]
        assert part.count("\n| pca |") + part.count("\n| raw |") == rows
        assert f"rows of {name}" in report
    assert store.facts()["command"].count("--dataset") == 2


def test_a_width_that_one_of_the_datasets_is_too_narrow_for_is_narrowed_there(
    run: Callable[..., Store], tmp_path: Path
) -> None:
    mine = table(tmp_path, "mine.npz", 0)
    named = load_dataset(mine).name
    store = run("pca", dataset=("digits", mine))
    assert {r.dataset: r.params["n_components"] for r in store.records()} == {"digits": 10, named: 3}
    with pytest.raises(InputError, match=f"1 to 6 for {named}; got 10"):
        run("pca", dataset=("digits", mine), components=(2, 10))


def test_two_files_of_one_name_are_told_apart_by_their_content(
    run: Callable[..., Store], tmp_path: Path
) -> None:
    """Complaint 1: a/data.csv and b/data.csv made one table."""
    one, other, same = (table(tmp_path, f"{d}/data.npz", seed) for d, seed in (("a", 0), ("b", 1), ("c", 0)))
    store = run("pca", dataset=(one, other))
    assert len({record.dataset for record in store.records()}) == 2
    with pytest.raises(InputError, match=r"Two datasets are named 'data-[0-9a-f]{6}'"):
        run("pca", dataset=(one, same))


def test_a_broken_installed_plugin_is_one_note(
    run: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "broken_plugins", lambda: {"mine": "The installed plugin 'mine' is broken."})
    store = run("pca")
    log = (store.path / "run.log").read_text()
    assert log.count("The installed plugin 'mine' is broken.") == 1
    assert [record.status for record in store.records()] == ["ok"]


def test_the_record_of_a_setting_is_read_back(run: Callable[..., Store]) -> None:
    store = run("pca", settings=("pca.whiten=true",))
    (path,) = (store.path / "jobs").iterdir()
    assert json.loads(path.read_text())["setting"] == "whiten=True"
    older = {k: v for k, v in json.loads(path.read_text()).items() if k != "setting"}
    path.write_text(json.dumps(older))
    assert [record.setting for record in store.records()] == [""]
