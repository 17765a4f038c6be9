"""Find reducers by name: built in, installed plugins, a plugin file, any scikit-learn transformer."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reducers.plugins import Kind, Plugin
from reducers.registry_error import RegistryError as RegistryError
from reducers.suggestion import suggestion

if TYPE_CHECKING:
    from reducers.base import Reducer

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,59}")
_ANY_DEVICE = ("cpu", "cuda", "mps")


@dataclass(frozen=True)
class Entry:
    """A reducer that can be had, described without importing it (importing torch takes a second)."""

    name: str
    target: str
    summary: str
    devices: tuple[str, ...] = ("cpu",)
    origin: str = "built in"
    reproducible: bool = True


BUILT_IN = tuple(
    Entry(name, f"reducers.methods.{target}", summary, devices)
    for name, target, summary, devices in (
        ("raw", "linear:Raw", "the features, unchanged: the baseline", ("cpu",)),
        ("random-projection", "linear:RandomProjection", "Gaussian random projection: the floor", ("cpu",)),
        ("pca", "linear:PCA", "principal component analysis", _ANY_DEVICE),
        ("rbm", "boltzmann:RBM", "Bernoulli restricted Boltzmann machine", _ANY_DEVICE),
        ("dbn", "boltzmann:DBN", "stack of RBMs, unrolled and fine-tuned", _ANY_DEVICE),
        ("autoencoder", "autoencoders.plain:Plain", "one hidden layer, the code", _ANY_DEVICE),
        ("undercomplete", "autoencoders.plain:Undercomplete", "linear autoencoder", _ANY_DEVICE),
        ("stacked", "autoencoders.stacked:Stacked", "deep, pretrained layer by layer", _ANY_DEVICE),
        ("sparse", "autoencoders.sparse:Sparse", "activity penalty, L1 or KL", _ANY_DEVICE),
        ("denoising", "autoencoders.denoising:Denoising", "restores corrupted input", _ANY_DEVICE),
        ("convolutional", "autoencoders.convolutional:Convolutional", "convolution + pooling", _ANY_DEVICE),
        ("umap", "manifold:UMAP", "uniform manifold approximation and projection", ("cpu",)),
    )
)


def find_reducers(plugins: Sequence[str | Path] = ()) -> dict[str, Entry]:
    """Return every reducer by name: built in, installed, and from the plugin files given.

    What is installed and broken is left out; see `reducers.plugins.Kind.broken`.

    Raises
    ------
    RegistryError
        A plugin file cannot be read or takes a name that is in use.
    """
    return REDUCERS.find(plugins)


def load_reducer(name: str, plugins: Sequence[str | Path] = ()) -> type[Reducer]:
    """Return the class of a reducer.

    Raises
    ------
    RegistryError
        No reducer has that name; the message names the nearest and all there are.
    """
    found, broken = find_reducers(plugins), REDUCERS.broken()
    if name not in found and name in broken:
        raise RegistryError(broken[name])
    if name not in found:
        raise RegistryError(
            f"No reducer is named {name!r}.{suggestion(name, found)} Known: {', '.join(found)}; or a "
            "scikit-learn transformer by its import path, as 'sklearn.decomposition.FastICA'."
        )
    module, _, attribute = found[name].target.partition(":")
    loaded: type[Reducer] = getattr(importlib.import_module(module), attribute)
    return loaded


def make_reducer(name: str, plugins: Sequence[str | Path] = (), **params: Any) -> Reducer:
    """Return a new reducer by its name, or any scikit-learn transformer by its import path.

    Raises
    ------
    RegistryError
        No reducer has that name, or it has no such parameter.
    """
    if name.startswith("sklearn."):
        from reducers.adapter import wrap_transformer

        return wrap_transformer(name, **params)
    cls = load_reducer(name, plugins)
    _check_names(cls, name, params)
    return cls(**params)


def _check_names(cls: type[Reducer], name: str, params: dict[str, Any]) -> None:
    allowed = cls._get_param_names()
    for given in params:
        if given not in allowed:
            raise RegistryError(
                f"The reducer '{name}' has no parameter {given!r}.{suggestion(given, allowed)} "
                f"It has: {', '.join(allowed)}."
            )


def _describe(plugin: Plugin) -> Entry:
    cls, origin = plugin.value, plugin.origin
    name = getattr(cls, "name", None)
    if not isinstance(name, str) or not name:
        raise RegistryError(f"The class {cls.__name__} of {origin} needs a class attribute 'name', a string.")
    if not _NAME.fullmatch(name) or name.startswith("sklearn."):
        raise RegistryError(
            f"The class {cls.__name__} of {origin} needs a name of 1 to 60 letters, digits, spaces, '.', "
            f"'_', '+' or '-' that begins with a letter or digit, and not with 'sklearn.'; got {name!r}."
        )
    summary = (inspect.getdoc(cls) or "").split("\n")[0]
    # A dataclass without a docstring gets its signature as one; the citation says more.
    if summary.startswith(f"{cls.__name__}("):
        summary = getattr(cls, "reference", "")
    return Entry(name, plugin.target, summary, tuple(cls.devices), origin, cls.reproducible)


REDUCERS = Kind("reducer", {entry.name: entry for entry in BUILT_IN}, _describe)
