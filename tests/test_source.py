"""A result belongs to the code that made it: the digest sees every change that could matter, and no other."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reducers import find_reducers, make_reducer
from reducers.source import source_digest

MAIN = '''
"""A method."""

from reducers.base import Reducer
{imports}


class Mine(Reducer):
    """A reducer."""

    name = "mine"
    reference = "none"

    def _fit(self, X, rng):
        """Learn nothing."""
        self.scale_ = 2.0  # twice

    def _transform(self, X):
        return X[:, : self.n_components] * self.scale_
'''
HELPER = "def double(x):\n    return 2 * x\n"
IMPORTS = {
    "absolute": "from {package}.helper import double",
    "module": "import {package}.helper",
    "from package": "from {package} import helper",
    "relative": "from .helper import double",
    "relative module": "from . import helper",
    "indirect": "from {package}.between import double",
    "in a function": "def late():\n    from {package}.helper import double\n    return double",
}

Edit = Callable[[str, Callable[[str], str]], str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Edit:
    """A package of a reducer; return a function that edits one of its files and returns the digest."""
    name = f"package_{abs(hash(request.node.name)) % 10**9}"
    imports = getattr(request, "param", "").format(package=name)
    directory = tmp_path / name
    directory.mkdir()
    for file, text in {
        "__init__": "",
        "main": MAIN.format(imports=imports),
        "helper": HELPER,
        "between": f"from {name}.helper import double\n",
        "stranger": "x = 1\n",
    }.items():
        (directory / f"{file}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))

    def digest_after(file: str, edit: Callable[[str], str]) -> str:
        path = directory / f"{file}.py"
        path.write_text(edit(path.read_text()))
        for loaded in [module for module in sys.modules if module.partition(".")[0] == name]:
            del sys.modules[loaded]
        importlib.invalidate_caches()
        made: Any = importlib.import_module(f"{name}.main").Mine()
        return source_digest(made)

    return digest_after


def unchanged(text: str) -> str:
    return text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # twice", ""),
        ('"""A method."""', '"""Another text."""'),
        ('"""A reducer."""', '"""Another text, in\n\n    two lines."""'),
        ('        """Learn nothing."""\n', ""),
        ("X[:, : self.n_components]", "X[:,  :self.n_components]"),
        ("\n\n\nclass", "\n# a comment\n\nclass"),
    ],
)
def test_words_and_layout_do_not_count(old: str, new: str, package: Edit) -> None:
    before = package("main", unchanged)
    assert package("main", lambda text: text.replace(old, new)) == before


@pytest.mark.parametrize(("old", "new"), [("2.0", "3.0"), ("* self", "/ self"), ('"mine"', '"yours"')])
def test_code_counts(old: str, new: str, package: Edit) -> None:
    before = package("main", unchanged)
    assert package("main", lambda text: text.replace(old, new)) != before
    assert package("main", lambda text: text.replace(new, old)) == before


@pytest.mark.parametrize("package", IMPORTS.values(), indirect=True, ids=IMPORTS)
def test_what_the_package_imports_of_itself_counts(package: Edit) -> None:
    before = package("main", unchanged)
    assert package("helper", lambda text: text.replace("2 *", "3 *")) != before
    assert package("helper", lambda text: text.replace("3 *", "2 *")) == before


def test_what_is_not_imported_does_not_count(package: Edit) -> None:
    before = package("main", unchanged)
    assert package("stranger", lambda text: text.replace("1", "2")) == before


def test_a_plugin_file_has_a_digest_of_its_content(tmp_path: Path) -> None:
    text = MAIN.format(imports="")
    digests = []
    for file, content in (("a.py", text), ("b.py", text), ("c.py", text.replace("2.0", "3.0"))):
        (tmp_path / file).write_text(content)
        digests.append(source_digest(make_reducer("mine", [tmp_path / file])))
    assert digests[0] == digests[1] != digests[2]


def test_every_reducer_has_a_digest_of_its_own_code() -> None:
    digests = {name: source_digest(make_reducer(name)) for name in find_reducers()}
    assert digests == {name: source_digest(make_reducer(name, n_components=3)) for name in find_reducers()}
    # These stand in different modules.
    assert len({digests[name] for name in ("pca", "umap", "stacked", "sparse", "convolutional", "rbm")}) == 6


def test_scikit_learn_is_known_by_its_version() -> None:
    import sklearn

    digest = source_digest(make_reducer("sklearn.decomposition.PCA"))
    assert sklearn.__version__ in digest
    assert digest != source_digest(make_reducer("sklearn.decomposition.FastICA"))
