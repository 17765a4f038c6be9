"""Plugins of every kind: found, measured, reported and, where they are wrong, refused with a reason."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pandas as pd
import pytest
from in_process import measured_here
from test_cli import call_here

import benchmark
from benchmark.conformance import check_plugin
from benchmark.datasets import load_dataset
from benchmark.errors import InputError
from benchmark.plugin_kinds import KINDS, broken_plugins
from benchmark.scoring import find_clusterings, find_metrics, metrics_of
from benchmark.scoring.declared import scoring_digest
from reducers import plugins as plugin_files

DOC = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text()
_BLOCKS = re.findall(r"```python\n(.*?)```", DOC, re.DOTALL)
EXAMPLES = {
    kind: next(block for block in _BLOCKS if sign in block)
    for kind, sign in {
        "reducer": "(Reducer)", "dataset": "DatasetInfo(", "metric": "@metric", "clustering": "Clustering(",
    }.items()
}  # fmt: skip
NAMES = {
    "reducer": "first-features", "dataset": "moons", "metric": "centroid_accuracy", "clustering": "birch",
}  # fmt: skip
SUITE = "seeds = 1\ncomponents = [1]\n"


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text("\n".join(EXAMPLES.values()))
    return path


def test_the_examples_conform(plugin: Path) -> None:
    check_plugin(plugin)
    for kind, name in NAMES.items():
        assert name not in KINDS[kind].find()
        assert name in KINDS[kind].find([plugin])


@pytest.mark.slow
def test_a_run_measures_and_reports_plugins_of_every_kind(
    plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(SUITE)
    asked = {"suite": "tiny.toml", "name": "mine", "plugins": "mine.py", "clusterings": "birch"}
    run = benchmark.run(["first-features", "pca"], "moons", **asked)
    table = run.table.set_index("reducer")
    assert table["status"].tolist() == ["ok", "ok"], table["error"].tolist()
    assert (table["dataset"] == "moons").all()
    assert table[["centroid_accuracy", "birch_nmi", "birch_ari", "birch_accuracy"]].notna().all(axis=None)
    board = pd.read_csv("results/mine/leaderboard.csv")
    assert {"centroid_accuracy_best_rank", "birch_nmi_ci_low"} <= set(board)
    report = Path("reports/mine/report.md").read_text()
    assert "| centroid |" in report
    assert "BIRCH" in report
    assert "nearest class mean" in report
    # Nothing is measured anew, unless the code of a metric changes.
    jobs = sorted(Path("results/mine/jobs").iterdir())
    benchmark.run(["first-features", "pca"], "moons", **asked)
    assert sorted(Path("results/mine/jobs").iterdir()) == jobs
    # Without the plugin, in a process that has never seen it, the scores go by their bare names.
    report = report_anew()
    assert "| centroid\\_accuracy |" in report
    assert "nearest class mean" not in report
    assert "nearest class mean" in report_anew("--plugin", "mine.py")


def report_anew(*words: str) -> str:
    command = [sys.executable, "-m", "benchmark", "report", "mine", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return Path(done.stdout.strip()).read_text()


def test_lists_have_plugins_too(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind, name in NAMES.items():
        code, out, _ = call_here(capsys, "list", f"{kind}s", "--json", "--plugin", str(plugin))
        assert code == 0
        assert name in {row["name"] for row in json.loads(out)}
        assert name not in call_here(capsys, "list", f"{kind}s", "--json")[1]


def test_a_metric_and_the_metrics_of_a_clustering_are_measured_where_they_are_asked_for(plugin: Path) -> None:
    assert "birch_nmi" in find_metrics([plugin])
    assert "birch_nmi" in metrics_of(["birch"], [plugin])
    assert {"birch_nmi", "centroid_accuracy"} & set(metrics_of(["kmeans"], [plugin])) == {"centroid_accuracy"}
    assert "centroid_accuracy" not in metrics_of(["kmeans"])


def test_scores_of_other_code_are_other_jobs(plugin: Path) -> None:
    before = scoring_digest(["kmeans"], [plugin])
    assert before
    assert scoring_digest(["kmeans"]) == ""
    plugin.write_text(plugin.read_text() + "\n# a comment\n")
    assert scoring_digest(["kmeans"], [plugin]) == before
    plugin.write_text(plugin.read_text().replace("sum(axis=2)", "max(axis=2)"))
    assert scoring_digest(["kmeans"], [plugin]) != before
    plugin.write_text(EXAMPLES["clustering"])
    assert scoring_digest(["kmeans"], [plugin]) == ""
    assert scoring_digest(["birch"], [plugin])


DATA = "from benchmark.datasets import DatasetInfo\nimport numpy as np\nX = np.arange(60.0).reshape(30, 2)\n"
MADE = DATA + "d = DatasetInfo(name='made', summary='s', citation='c', url='u', load=lambda: {})\n"


def test_a_data_set_may_be_a_frame_images_or_four_parts(tmp_path: Path) -> None:
    path = tmp_path / "data.py"
    path.write_text(DATA and MADE.format("__import__('pandas').DataFrame(X, columns=['a', 'b'])"))
    frame = load_dataset("made", plugins=[path])
    assert (frame.feature_names, frame.n_classes, frame.n_train) == (("a", "b"), 0, 24)
    path.write_text(MADE.format("(X.reshape(15, 2, 2), ['u', 'v', 'w'] * 5)"))
    images = load_dataset("made", plugins=[path])
    assert (images.image_shape, images.class_names) == ((2, 2), ("u", "v", "w"))
    path.write_text(MADE.format("(X[:20], [0, 1] * 10, X[20:], [0, 1] * 5)"))
    assert load_dataset("made", plugins=[path]).n_test == 10


# What is wrong: the kind, a text of its example, what stands there instead, and the message.
WRONG = {
    "metric of a name in use": (
        "metric", "centroid_accuracy", "knn_accuracy",
        "Two metrics are named 'knn_accuracy', one built in and one of .*mine.py; rename one",
    ),
    "metric of a reserved name": (
        "metric", "centroid_accuracy", "mine_std", "fails to import: InputError: A metric's name must",
    ),
    "clustering of a name in use": (
        "clustering", '("birch",', '("ward",', "Two clusterings are named 'ward'",
    ),
    "clustering named all": (
        "clustering", '("birch",', '("all",', "must be words of .* and not 'all'; got 'all'",
    ),
    "prefix in use": (
        "clustering", '"BIRCH", "birch"', '"BIRCH", "knn"',
        "needs another prefix than 'knn': knn_accuracy is a metric",
    ),
    "prefix that is no name": (
        "clustering", '"BIRCH", "birch"', '"BIRCH", "b-c"',
        "prefix of the clustering 'birch' must be a Python name",
    ),
    "data set of a name in use": ("dataset", '"moons"', '"iris"', "Two datasets are named 'iris'"),
    "data set of no name": ("dataset", '"moons"', '"../up"', "A data set's name is 1 to 100"),
    "data set without data": (
        "dataset", "load=lambda: make_moons(500, noise=0.1, random_state=0),", "",
        "needs a function as its load, or mirrors",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_plugin_is_one_sentence(
    case: str,
    plugin: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kind, old, new, message = WRONG[case]
    assert old in EXAMPLES[kind]
    plugin.write_text(EXAMPLES[kind].replace(old, new))
    with pytest.raises(InputError, match=message):
        KINDS[kind].find([plugin])
    monkeypatch.chdir(tmp_path)
    code, _, err = call_here(
        capsys, "run", "--reducer", "pca", "--dataset", "iris", "--suite", "quick", "--plugin", "mine.py"
    )
    assert code == 2
    assert re.search(message, err)
    assert err.count("\n") == 1


def test_two_plugins_that_take_one_metric_are_told_apart(plugin: Path) -> None:
    plugin.write_text(EXAMPLES["metric"].replace("centroid_accuracy", "birch_nmi") + EXAMPLES["clustering"])
    with pytest.raises(InputError, match="Two metrics are named 'birch_nmi', one of them that of"):
        find_metrics([plugin])


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--clustering", "brich"], "'birch'"),
        (["--select", "centroid_acuracy"], "'centroid_accuracy'"),
        (["--dataset", "mons"], "'moons'"),
    ],
)
def test_a_misspelt_plugin_is_suggested(
    words: list[str], hint: str, plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    data = [] if "--dataset" in words else ["--dataset", "moons"]
    code, _, err = call_here(capsys, "run", "--reducer", "pca", *data, "--plugin", "mine.py", *words)
    assert code == 2
    assert f"Did you mean {hint}?" in err


def test_a_data_set_that_fails_says_so(tmp_path: Path) -> None:
    path = tmp_path / "data.py"
    for text, message in {
        "1 / 0": "'made' cannot be loaded: ZeroDivisionError",
        "(X, None, X)": r"'made' must return X, \(X, y\), or .*; got 3 values",
        "(X, [1])": "made must have as many labels as samples",
    }.items():
        path.write_text(MADE.format(text))
        with pytest.raises(InputError, match=message):
            load_dataset("made", plugins=[path])


def install(monkeypatch: pytest.MonkeyPatch, place: Path, **targets: str) -> None:
    monkeypatch.syspath_prepend(str(place))
    group = plugin_files.ENTRY_POINT_GROUPS[0]
    points = tuple(EntryPoint(name, target, group) for name, target in targets.items())
    monkeypatch.setattr(plugin_files, "_installed_points", lambda: points)


def test_an_installed_module_brings_every_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "installed_kinds.py").write_text("\n".join(EXAMPLES.values()))
    (tmp_path / "installed_clash.py").write_text(
        EXAMPLES["metric"].replace("centroid_accuracy", "silhouette")
    )
    install(
        monkeypatch, tmp_path, all="installed_kinds", one="installed_kinds:birch", clash="installed_clash",
        none="collections", gone="no_such_module",
    )  # fmt: skip
    for kind, name in NAMES.items():
        assert name in KINDS[kind].find()
    assert "birch_nmi" in find_metrics()
    assert find_metrics()["silhouette"].low == -1
    broken = broken_plugins()
    assert broken.keys() == {"clash", "none", "gone"}
    assert "Two metrics are named 'silhouette', one built in" in broken["clash"]
    assert "must be a subclass of reducers.Reducer, a metric" in broken["none"]
    rows = json.loads(call_here(capsys, "list", "metrics", "--json")[1])
    told = {row["name"]: row["summary"] for row in rows}
    assert told["clash"] == broken["clash"]
    assert "clash" not in call_here(capsys, "list", "clusterings", "--json")[1]


def test_what_a_plugin_imports_of_ours_is_not_its_own(tmp_path: Path) -> None:
    path = tmp_path / "imports.py"
    path.write_text("from benchmark.scoring.clustering import silhouette\n" + EXAMPLES["clustering"])
    assert find_metrics([path])["silhouette"] is find_metrics()["silhouette"]
    assert list(find_clusterings([path]))[-1] == "birch"


@pytest.mark.slow
def test_workers_of_a_cluster_have_plugins_of_every_kind(
    plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(SUITE)
    run = benchmark.run(
        "first-features",
        "moons",
        suite="tiny.toml",
        plugins="mine.py",
        clusterings="birch",
        cluster="local:1",
    )
    assert run.table["status"].tolist() == ["ok"], run.table["error"].tolist()
    assert run.table[["centroid_accuracy", "birch_nmi"]].notna().all(axis=None)


def test_a_score_beyond_its_range_fails_its_job_with_a_reason(
    plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin.write_text(EXAMPLES["metric"].replace("high=1", "high=0.1"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(SUITE)
    with measured_here():
        table = benchmark.run("pca", "iris", suite="tiny.toml", plugins="mine.py").table
    assert table["status"].tolist() == ["failed"]
    assert re.search(
        r"'centroid_accuracy' must return a finite number from 0 to 0\.1, or None; got 0\.", table["error"][0]
    )
