"""Finding reducers: built in, in a plugin file, installed, or any of scikit-learn's."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]
import numpy as np
import pytest
from sklearn.base import clone

from reducers import find_reducers, load_reducer, make_reducer, plugins
from reducers.methods.linear import PCA
from reducers.plugins import ENTRY_POINT_GROUPS
from reducers.registry import FURTHER, REDUCERS, RegistryError

PLUGIN = '''
from reducers.base import Reducer


class Half(Reducer):
    """Half of the features."""

    name = "half"
    reference = "none"
    devices = ("cpu", "cuda")

    def _fit(self, X, rng):
        self.n_components_ = X.shape[1] // 2

    def _transform(self, X):
        return X[:, : self.n_components_]
'''
BUILT_IN = [
    "raw", "random-projection", "pca", "rbm", "dbn", "autoencoder", "undercomplete", "stacked", "sparse",
    "denoising", "convolutional", "umap",
]  # fmt: skip
KNOWN = [*BUILT_IN, *(entry.name for entry in FURTHER)]


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "half.py"
    path.write_text(PLUGIN)
    return path


def test_everything_built_in_is_there() -> None:
    found = find_reducers()
    assert list(found) == KNOWN
    for name, entry in found.items():
        made = make_reducer(name)
        assert type(made) is load_reducer(name)
        assert made.name == entry.name == name
        assert made.devices == entry.devices
        assert made.reference
        assert entry.summary
        assert entry.origin == "built in"


def test_only_umap_compiles_for_long() -> None:
    assert [name for name in KNOWN if load_reducer(name).compiles] == ["umap"]


def test_the_package_gives_the_contract_and_the_kit_without_importing_them_before() -> None:
    code = """
import sys, reducers
assert not {"sklearn", "torch", "scipy", "pandas"} & set(sys.modules), sys.modules
from reducers import Reducer
assert Reducer is sys.modules["reducers.base"].Reducer
assert "torch" not in sys.modules
assert reducers.checks.check_reducer
assert not hasattr(reducers, "nothing")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_name_makes_a_reducer_with_parameters() -> None:
    made = make_reducer("pca", n_components=3, whiten=True)
    assert isinstance(made, PCA)
    assert (made.n_components, made.whiten) == (3, True)


@pytest.mark.parametrize(
    ("given", "suggested"), [("PCA", None), ("pcaa", "pca"), ("auto-encoder", "autoencoder"), ("xyz", None)]
)
def test_an_unknown_name_is_an_error_that_helps(given: str, suggested: str | None) -> None:
    with pytest.raises(RegistryError) as caught:
        make_reducer(given)
    message = str(caught.value)
    assert repr(given) in message
    assert f"Did you mean '{suggested}'?" in message if suggested else "Did you mean" not in message
    assert all(name in message for name in KNOWN)


def test_an_unknown_parameter_is_an_error_that_helps() -> None:
    with pytest.raises(
        RegistryError, match=r"'stacked' has no parameter 'epoch'. Did you mean 'epochs'\?"
    ) as caught:
        make_reducer("stacked", epoch=3)
    assert "learning_rate" in str(caught.value)


def test_a_plugin_file_adds_its_reducers(plugin: Path) -> None:
    found = find_reducers([plugin])
    assert list(found) == [*KNOWN, "half"]
    entry = found["half"]
    assert (entry.summary, entry.devices) == ("Half of the features.", ("cpu", "cuda"))
    assert entry.origin == str(plugin)
    made = make_reducer("half", [plugin], n_components=4)
    assert made.fit_transform(np.ones((3, 6))).shape == (3, 3)
    assert load_reducer("half", [str(plugin)]) is type(made)
    with pytest.raises(RegistryError, match="'half' has no parameter 'width'"):
        make_reducer("half", [plugin], width=4)


def test_a_plugin_that_is_edited_is_read_again(plugin: Path) -> None:
    before = load_reducer("half", [plugin])
    plugin.write_text(PLUGIN.replace("Half of", "A half of"))
    after = load_reducer("half", [plugin])
    assert after is not before
    assert find_reducers([plugin])["half"].summary == "A half of the features."


ELSEWHERE = """
import sys, joblib
(made, X, Z), (again, *_) = (joblib.load(sys.argv[1]) for _ in range(2))
assert type(again) is type(made)
assert made.kept_.factor == 2.0
assert (made.transform(X) == Z).all()
assert made.fit(X) is made
"""


def test_a_reducer_of_a_plugin_file_is_loaded_where_the_file_is_not(plugin: Path, tmp_path: Path) -> None:
    """Complaint 11: what joblib stored of it was for the process that had read the plugin file."""
    kept = "class Kept:\n    factor = 2.0\n\n"
    plugin.write_text(kept + PLUGIN)
    made = make_reducer("half", [plugin], n_components=4)
    made.fit(X := np.random.default_rng(0).random((5, 6)))
    made.kept_ = sys.modules[type(made).__module__].Kept()  # type: ignore[attr-defined]
    joblib.dump((made, X, made.transform(X)), tmp_path / "made.joblib")
    plugin.unlink()
    assert clone(made).get_params() == copy.deepcopy(made).get_params() == made.get_params()
    (tmp_path / "elsewhere").mkdir()
    subprocess.run(
        [sys.executable, "-c", ELSEWHERE, "../made.joblib"], cwd=tmp_path / "elsewhere", check=True
    )


def test_a_plugin_without_a_docstring_is_described_by_its_reference(plugin: Path) -> None:
    plugin.write_text(
        PLUGIN.replace('"""Half of the features."""', "").replace('"none"', '"A. Author (2001)"')
    )
    assert find_reducers([plugin])["half"].summary == "A. Author (2001)"


def test_what_a_plugin_imports_is_not_its_own(plugin: Path) -> None:
    plugin.write_text("from reducers.methods.linear import PCA, Raw\n" + PLUGIN)
    assert list(find_reducers([plugin])) == [*KNOWN, "half"]


WRONG_PLUGINS = {
    "syntax": ("def f(:", "fails to import: SyntaxError"),
    "import": ("import a_module_that_is_not_there", "ModuleNotFoundError: No module named 'a_module_that"),
    "raises": ("1 / 0", "ZeroDivisionError: division by zero"),
    "nothing": ("x = 1", r"must define a reducer .*; it defines none of these"),
    "nameless": (PLUGIN.replace('name = "half"', ""), "class Half of .* needs a class attribute 'name'"),
    "taken": (PLUGIN.replace('"half"', '"pca"'), "Two reducers are named 'pca'.*built in.*; rename one"),
    "twice": (PLUGIN + PLUGIN.replace("class Half", "class Other"), "Two reducers are named 'half'"),
}


@pytest.mark.parametrize("case", WRONG_PLUGINS)
def test_a_wrong_plugin_says_what_is_wrong(case: str, plugin: Path) -> None:
    text, message = WRONG_PLUGINS[case]
    plugin.write_text(text)
    modules = set(sys.modules)
    for _ in range(2):  # the second time must not find half a module
        with pytest.raises(RegistryError, match=message) as caught:
            find_reducers([plugin])
        assert plugin.name in str(caught.value)
    if "import" in message:
        assert not [name for name in set(sys.modules) - modules if name.startswith("reducer_plugin")]


def test_a_plugin_that_is_no_python_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"none\.py cannot be read: No such file"):
        find_reducers([tmp_path / "none.py"])
    with pytest.raises(RegistryError, match="cannot be read"):
        find_reducers([tmp_path])
    (tmp_path / "plugin.txt").write_text(PLUGIN)
    with pytest.raises(RegistryError, match=r"A plugin file ends in \.py; got .*plugin\.txt"):
        find_reducers([tmp_path / "plugin.txt"])


def install(monkeypatch: pytest.MonkeyPatch, **targets: str) -> None:
    points = tuple(EntryPoint(name, target, ENTRY_POINT_GROUPS[0]) for name, target in targets.items())
    monkeypatch.setattr(plugins, "_installed_points", lambda: points)


def test_an_installed_package_adds_its_reducers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "installed_plugin.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    install(monkeypatch, half="installed_plugin:Half")
    assert list(find_reducers()) == [*KNOWN, "half"]
    assert type(make_reducer("half")).__module__ == "installed_plugin"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("a_module_that_is_not_there:X", r"installed plugin 'mine' is unavailable: ModuleNotFoundError"),
        ("reducers.methods.linear:Nothing", r"installed plugin 'mine' is unavailable: AttributeError"),
        ("collections:OrderedDict", "TypeError: it must be a subclass of reducers.Reducer, a metric"),
        ("reducers.methods.linear:PCA", "Two reducers are named 'pca', one built in"),
    ],
)
def test_an_installed_package_that_is_broken_stops_nothing_else(
    target: str, reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Complaint 10: one broken plugin stopped every command."""
    (tmp_path / "installed_plugin.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    install(monkeypatch, mine=target, half="installed_plugin:Half")
    assert list(find_reducers()) == [*KNOWN, "half"]
    assert load_reducer("pca") is PCA
    ((name, problem),) = REDUCERS.broken().items()
    assert name == "mine"
    assert re.search(reason, problem)
    with pytest.raises(RegistryError, match=reason):
        load_reducer("mine")


def test_any_transformer_of_scikit_learn_is_a_reducer() -> None:
    X = np.random.default_rng(0).random((40, 6)).astype(np.float32)
    made = make_reducer(
        "sklearn.decomposition.FastICA", n_components=2, random_state=1, whiten="unit-variance"
    )
    again = make_reducer(
        "sklearn.decomposition.FastICA", n_components=2, random_state=1, whiten="unit-variance"
    )
    codes = made.fit_transform(X)
    assert codes.shape == (40, 2)
    assert made.supports_inverse
    assert made.inverse_transform(codes).shape == X.shape
    np.testing.assert_array_equal(codes, again.fit_transform(X))
    # One that decides its own width and has no inverse is taken as it is.
    leaves = make_reducer("sklearn.ensemble.RandomTreesEmbedding", n_estimators=2, sparse_output=False)
    assert leaves.fit(X).transform(X).shape == (40, leaves.n_components_)
    assert not leaves.supports_inverse


def test_an_inverse_that_a_fit_did_not_prepare_is_none() -> None:
    """Complaint 11: KernelPCA failed for want of an inverse."""
    X = np.random.default_rng(0).random((30, 5))
    plain, prepared = (
        make_reducer("sklearn.decomposition.KernelPCA", n_components=2, fit_inverse_transform=prepare).fit(X)
        for prepare in (False, True)
    )
    assert (plain.supports_inverse, prepared.supports_inverse) == (False, True)
    assert prepared.inverse_transform(prepared.transform(X)).shape == X.shape
    assert not hasattr(plain, "inverse_transform")
    with pytest.raises(AttributeError, match="has no attribute 'inverse_transform'"):
        plain.inverse_transform(plain.transform(X))


@pytest.mark.parametrize(
    ("path", "params", "message"),
    [
        ("sklearn.decomposition.FastIca", {}, "'sklearn.decomposition.FastIca' cannot be made"),
        ("sklearn.nothing.PCA", {}, "'sklearn.nothing.PCA' cannot be made: No module named"),
        ("sklearn.decomposition.PCA", {"whitening": True}, "cannot be made: .*'whitening'"),
        ("sklearn.linear_model.Ridge", {}, "Ridge has neither transform nor fit_transform"),
        ("sklearn.cluster", {}, "'sklearn.cluster' cannot be made"),
        ("sklearn.decomposition.FastICA", {"fun": "tan"}, "'fun' parameter of FastICA must be .*'cube'"),
    ],
)
def test_what_is_no_transformer_is_refused(path: str, params: dict[str, Any], message: str) -> None:
    with pytest.raises(RegistryError, match=message):
        make_reducer(path, **params)
