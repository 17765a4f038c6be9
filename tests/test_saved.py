"""Reducers in files: the same codes to the bit, in three forms; one sentence for every file that is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import save_file
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import reducers
from reducers import find_reducers, make_reducer, saved
from reducers.checks import make_data
from reducers.registry_error import RegistryError
from reducers.saved import SavedError, dumps, load, loads, save

TRAINED = {"epochs": 1, "pretrain_epochs": 1, "steps": 5}
X, NEW = make_data(60), make_data(20, seed=1)
PLUGIN = '''
from dataclasses import dataclass

import numpy as np
import torch

from reducers import Reducer


@dataclass
class Shift:
    """A shift."""

    by: np.ndarray


class Odd(Reducer):
    """Keeps values of every kind."""

    name, reference = "odd", "none"

    def _fit(self, X, rng):
        self.columns_ = slice(0, self.n_components)
        self.shift_ = Shift(X.mean(axis=0))
        self.axes_ = np.asfortranarray(rng.normal(size=(X.shape[1], 5)))
        self.kept_ = {"a": (1, None, [np.float32(0.1), np.int64(3)]), "nan": float("nan")}
        self.none_ = np.zeros((0, 3))
        self.names_ = np.array(["é", "b"]), np.array(["c", "d"], dtype=object)
        self.tensor_ = torch.arange(4.0)

    def _transform(self, X):
        return ((X - self.shift_.by) @ self.axes_)[:, self.columns_]
'''


def fitted(name: str, **params: Any) -> Any:
    made = make_reducer(name, n_components=3, **params)
    own = made.get_params()
    return made.set_params(**{n: v for n, v in TRAINED.items() if n in own}).fit(X)


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "odd.py"
    path.write_text(PLUGIN)
    return path


def same_codes(one: Any, other: Any) -> bool:
    if one.supports_inverse:
        codes = one.transform(NEW)
        np.testing.assert_array_equal(one.inverse_transform(codes), other.inverse_transform(codes))
    return np.array_equal(one.transform(NEW), other.transform(NEW))


# What holds an object of another library that only pickle stores, or other reducers.
NOT_STORED = ("umap", "tsne", "pacmap", "n2d", "spc")


@pytest.mark.parametrize("name", [name for name in find_reducers() if name not in NOT_STORED])
def test_every_reducer_gives_the_same_codes_to_the_bit(name: str, tmp_path: Path) -> None:
    made = fitted(name)
    reducers.save(made, tmp_path / "model.safetensors")
    again = reducers.load(tmp_path / "model.safetensors")
    assert type(again) is type(made)
    assert again is not made
    assert same_codes(made, again)
    assert repr(again) == repr(made)
    assert set(vars(again)) == set(vars(made)) - {"_random"}
    assert again.n_parameters_ == made.n_parameters_
    assert getattr(again, "history_", None) == getattr(made, "history_", None)
    # Saved once more, it is the same file; those of skops hold the time.
    assert hasattr(made, "estimator") or dumps(again) == (tmp_path / "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("autoencoder", {"tied": True, "hidden": (8,)}),
        ("sparse", {"penalty": "kl", "activation": "sigmoid"}),
        ("convolutional", {"image_shape": (8, 8), "channels": (3,)}),
        ("pca", {"whiten": True}),
        ("rbm", {"persistent": True}),
    ],
)
def test_variants_give_the_same_codes_too(name: str, params: dict[str, Any]) -> None:
    made = fitted(name, **params)
    assert same_codes(made, loads(dumps(made)))


def test_names_of_columns_and_a_loaded_reducer_that_is_fitted_again(tmp_path: Path) -> None:
    frame = pd.DataFrame(X, columns=[f"p{i}" for i in range(X.shape[1])])
    made = make_reducer("pca", n_components=2).fit(frame)
    save(made, tmp_path / "model")
    again = load(tmp_path / "model")
    assert list(again.feature_names_in_) == list(frame.columns)
    np.testing.assert_array_equal(again.fit(frame).transform(frame), made.transform(frame))
    assert clone(again).get_params() == made.get_params()


def test_weights_alone_go_into_a_reducer_of_the_same_structure(tmp_path: Path) -> None:
    made = fitted("stacked", hidden=(12, 6))
    save(made, tmp_path / "weights", part="weights")
    other = clone(made).set_params(random_state=5).fit(X[:30])
    assert not np.array_equal(other.transform(NEW), made.transform(NEW))
    with pytest.raises(SavedError, match="holds weights alone: give a fitted reducer"):
        load(tmp_path / "weights")
    assert load(tmp_path / "weights", into=other) is other
    assert same_codes(other, made)
    narrow = clone(made).set_params(hidden=(12, 5)).fit(X)
    before = narrow.transform(NEW)
    with pytest.raises(SavedError, match=r"weights are those of another structure, network_\.decoder"):
        load(tmp_path / "weights", into=narrow)
    np.testing.assert_array_equal(narrow.transform(NEW), before)
    save(made, tmp_path / "whole")
    with pytest.raises(SavedError, match="must hold weights to go into a reducer; it holds the whole"):
        load(tmp_path / "whole", into=other)


def test_structure_alone_is_a_reducer_that_has_learned_nothing(tmp_path: Path) -> None:
    made = fitted("denoising", hidden=(12,), level=0.5)
    save(made, tmp_path / "structure", part="structure")
    bare = load(tmp_path / "structure")
    assert bare.get_params() == made.get_params()
    with pytest.raises(NotFittedError):
        bare.transform(NEW)
    assert same_codes(bare.fit(X), made)
    # Nothing need be fitted for it, and everything for the rest.
    assert loads(dumps(clone(made), "structure")).get_params() == made.get_params()
    for part in ("whole", "weights"):
        with pytest.raises(NotFittedError):
            dumps(clone(made), part)
    with pytest.raises(SavedError, match="part must be one of whole, weights, structure; got 'all'"):
        dumps(made, "all")


def test_what_a_plugin_has_learned_is_loaded_where_the_plugin_is_named(plugin: Path, tmp_path: Path) -> None:
    made = make_reducer("odd", [plugin], n_components=2).fit(X)
    save(made, tmp_path / "model")
    with pytest.raises(SavedError, match=r"the reducer 'odd' is not known: name the file that defines it"):
        load(tmp_path / "model")
    with pytest.raises(RegistryError, match=r"The plugin file .*gone\.py cannot be read"):
        load(tmp_path / "model", plugins=[tmp_path / "gone.py"])
    moved = plugin.rename(tmp_path / "elsewhere.py")
    again: Any = load(tmp_path / "model", plugins=[moved])
    assert same_codes(made, again)
    assert again.columns_ == slice(0, 2)
    assert again.kept_["a"][:2] == (1, None)
    assert type(again.kept_["a"][2][0]) is np.float32
    assert np.isnan(again.kept_["nan"])
    assert again.none_.shape == (0, 3)
    assert again.axes_.flags.f_contiguous
    assert [names.tolist() for names in again.names_] == [["é", "b"], ["c", "d"]]
    assert torch.equal(again.tensor_, made.tensor_)


@pytest.mark.parametrize("path", ["sklearn.decomposition.FastICA", "sklearn.decomposition.KernelPCA"])
def test_transformers_of_scikit_learn_are_saved_by_skops(path: str) -> None:
    made = make_reducer(path, n_components=3).fit(X)
    again = loads(dumps(made))
    assert same_codes(made, again)
    assert repr(again.estimator) == repr(made.estimator)


def test_types_that_skops_does_not_know_must_be_trusted_by_name() -> None:
    made = make_reducer("sklearn.preprocessing.FunctionTransformer", func=np.sqrt).fit(X)
    made.estimator_.func = made.estimator.func = make_data
    content = dumps(made)
    with pytest.raises(SavedError, match=r"reducers\.checks\.make_data.*trusted=\[\.\.\.\]"):
        loads(content)
    assert loads(content, trusted=["reducers.checks.make_data"]).estimator_.func is make_data


@pytest.mark.slow
def test_umap_says_that_it_cannot_be_saved() -> None:
    made = fitted("umap", n_epochs=10)
    with pytest.raises(SavedError) as refused:
        dumps(made)
    said = "The reducer 'umap' cannot be saved without pickle: its umap_ holds a umap.umap_.UMAP, "
    assert str(refused.value).startswith(said)
    assert loads(dumps(made, "structure")).get_params() == made.get_params()


def test_what_cannot_be_stored_is_named_by_its_place() -> None:
    made = fitted("pca")
    for value, found in ((np.zeros(2, complex), "an array of complex128"), (open, "a builtins.builtin"),
                         ({1: 2}, "a builtins.dict"), (torch.nn.Linear(2, 2), "a torch.nn")):  # fmt: skip
        made.extra_ = {"deep": [value]}
        with pytest.raises(SavedError, match=rf"its extra_\.deep\.0 holds {found}"):
            dumps(made)


def test_a_device_that_is_not_there_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    made = fitted("autoencoder")
    made.device = "cuda"
    content = dumps(made)
    if not torch.cuda.is_available():
        assert loads(content).device == "auto"
    assert loads(content, device="cpu").device == "cpu"
    with pytest.raises(SavedError, match="needs device to be one of"):
        loads(content, device="tpu")


def altered(header: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    """Return what changes the header of a file, and its checksum with it."""

    def alter(content: bytes) -> bytes:
        said, arrays = saved._read(content, "it")
        header(said)
        said["sha256"] = saved._digest(said, arrays)
        return saved.serialise(arrays, {"reducer": json.dumps(said)})

    return alter


WRONG: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda content: b"", "must be a file that reducers.save wrote, whole"),
    "truncated": (lambda content: content[:-1], "must be a file that reducers.save wrote, whole"),
    "half": (lambda content: content[: len(content) // 2], "must be a file that reducers.save wrote"),
    "altered": (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "was altered after it was saved"),
    "a parameter altered": (lambda content: content.replace(b"whiten", b"whitem"), "was altered"),
    "foreign": (lambda content: b"\x89PNG\r\n" + content, "must be a file that reducers.save wrote"),
    "an archive": (lambda content: b"PK\x03\x04" + content, "cannot be read as a saved reducer"),
    "newer": (altered(lambda said: said.update(format=2)), "is of format 2, and this version reads up to 1"),
    "an unknown reducer": (altered(lambda said: said.update(name="ours")), "the reducer 'ours' is not known"),
    "an unknown parameter": (
        altered(lambda said: said["params"].update(depth=3)), "Invalid parameter 'depth'"),
    "a parameter that is not allowed": (
        altered(lambda said: said["params"].update(n_components=0)), "n_components to be an integer >= 1"),
    "a class of another package": (
        altered(lambda said: said["state"].update(x_={"object": "subprocess:Popen", "fields": {}})),
        "'subprocess:Popen' is no class of data"),
    "a class that is no data": (
        altered(lambda said: said["state"].update(
            x_={"object": "reducers.training.batches:make_batches", "fields": {}})),
        "'reducers.training.batches:make_batches' is no class of data"),
    "an unknown tag": (
        altered(lambda said: said["state"].update(x_={"code": "1"})), "nothing is known of code"),
    "a missing array": (
        altered(lambda said: said["state"].update(x_={"array": "none"})), "cannot be loaded: KeyError"),
    "no state": (altered(lambda said: said.update(state={})), "cannot be loaded: KeyError"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_file_that_is_wrong_is_refused_in_one_sentence(case: str, tmp_path: Path) -> None:
    change, said = WRONG[case]
    path = tmp_path / "model.safetensors"
    path.write_bytes(change(dumps(fitted("pca"))))
    with pytest.raises(SavedError) as refused:
        load(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_files_that_are_not_there_and_tensors_of_somebody_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SavedError, match=r"none\.safetensors cannot be read as a saved reducer: No such"):
        load(tmp_path / "none.safetensors")
    save_file({"weight": np.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(SavedError, match=r"must be a file that reducers\.save wrote"):
        load(tmp_path / "other.safetensors")
    with pytest.raises(SavedError, match="cannot be written: No such file"):
        save(fitted("pca"), tmp_path / "none" / "model")


def test_an_archive_that_unpacks_to_more_than_itself_is_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "packed.npz", model=np.zeros(2**20, np.uint8))
    with pytest.raises(SavedError, match=r"packed\.npz cannot be read .* an archive that unpacks to more"):
        load(tmp_path / "packed.npz")
