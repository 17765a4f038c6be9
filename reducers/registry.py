"""Find reducers by name: built in, installed plugins, a plugin file, any scikit-learn transformer."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reducers.plugins import Kind, Plugin
from reducers.registry_error import RegistryError as RegistryError
from reducers.registry_error import suggestion

if TYPE_CHECKING:
    from reducers.base import Reducer

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,59}")
_CPU, _ANY = ("cpu",), ("cpu", "cuda", "mps")


@dataclass(frozen=True)
class Entry:
    """A reducer that can be had, described without importing it (importing torch takes a second).

    `target` is a class as ``module:class``: a reducer's, or a transformer's of scikit-learn, made with
    `defaults` in place of its own. `group` is that of ``--group``; plugins have none.
    """

    name: str
    target: str
    summary: str
    devices: tuple[str, ...] = ("cpu",)
    origin: str = "built in"
    group: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    reproducible: bool = True


def _ours(group: str, devices: tuple[str, ...], name: str, target: str, summary: str) -> Entry:
    return Entry(name, f"reducers.methods.{target}", summary, devices, group=group)


# What ``--all`` measures.
BUILT_IN = (
    _ours("classic", _CPU, "raw", "linear:Raw", "the features, unchanged: the baseline"),
    _ours("classic", _CPU, "random-projection", "linear:RandomProjection",
          "Gaussian random projection: the floor"),
    _ours("classic", _ANY, "pca", "linear:PCA", "principal component analysis"),
    _ours("autoencoders", _ANY, "rbm", "boltzmann:RBM", "Bernoulli restricted Boltzmann machine"),
    _ours("autoencoders", _ANY, "dbn", "boltzmann:DBN", "stack of RBMs, unrolled and fine-tuned"),
    _ours("autoencoders", _ANY, "autoencoder", "autoencoders.plain:Plain", "one hidden layer, the code"),
    _ours("autoencoders", _ANY, "undercomplete", "autoencoders.plain:Undercomplete", "linear autoencoder"),
    _ours("autoencoders", _ANY, "stacked", "autoencoders.stacked:Stacked", "deep, pretrained layer by layer"),
    _ours("autoencoders", _ANY, "sparse", "autoencoders.sparse:Sparse", "activity penalty, L1 or KL"),
    _ours("autoencoders", _ANY, "denoising", "autoencoders.stacked:Denoising", "restores corrupted input"),
    _ours("autoencoders", _ANY, "convolutional", "autoencoders.convolutional:Convolutional",
          "convolution + pooling"),
    _ours("neighbours", _CPU, "umap", "manifold:UMAP", "uniform manifold approximation and projection"),
)  # fmt: skip
# What is measured by its name or its group alone.
FURTHER = (
    Entry("nmf", "sklearn.decomposition:NMF", "non-negative matrix factorisation", group="classic"),
    Entry("ica", "sklearn.decomposition:FastICA", "independent component analysis", group="classic"),
    Entry("factor-analysis", "sklearn.decomposition:FactorAnalysis", "a linear Gaussian model with noise of "
          "its own for each feature", group="classic"),
    Entry("kernel-pca", "sklearn.decomposition:KernelPCA", "PCA in the space of a Gaussian kernel",
          group="classic", defaults={"kernel": "rbf", "eigen_solver": "arpack"}),
    _ours("autoencoders", _ANY, "variational", "autoencoders.variational:Variational",
          "code drawn from a Gaussian, beta-VAE"),
    _ours("autoencoders", _ANY, "contractive", "autoencoders.contractive:Contractive",
          "code resists small changes of input"),
    _ours("autoencoders", _ANY, "stacked-denoising", "autoencoders.stacked:StackedDenoising",
          "each layer pretrained on corrupted input"),
    _ours("autoencoders", _ANY, "recurrent", "autoencoders.recurrent:Recurrent",
          "reads rows one by one, GRU or LSTM"),
    Entry("isomap", "sklearn.manifold:Isomap", "distances along a graph of neighbours", group="neighbours"),
    _ours("neighbours", _CPU, "tsne", "tsne:TSNE",
          "t-distributed stochastic neighbour embedding, to 2-D"),
    _ours("neighbours", _CPU, "pacmap", "pacmap:PaCMAP", "pairwise controlled manifold approximation"),
    _ours("deep-clustering", _ANY, "n2d", "deep_clustering.n2d:N2D", "stacked, UMAP, Gaussian mixture"),
    _ours("deep-clustering", _ANY, "dec", "deep_clustering.dec:DEC", "deep embedded clustering"),
    _ours("deep-clustering", _ANY, "idec", "deep_clustering.dec:IDEC", "the same, and it still reconstructs"),
    _ours("deep-clustering", _ANY, "spc", "deep_clustering.spc:SPC", "selective pseudo-label clustering"),
)  # fmt: skip
GROUPS = tuple(dict.fromkeys(entry.group for entry in (*BUILT_IN, *FURTHER)))


def find_reducers(plugins: Sequence[str | Path] = ()) -> dict[str, Entry]:
    """Return every reducer by name: built in and further, installed, and from the plugin files given.

    What is installed and broken is left out; see `reducers.plugins.Kind.broken`.

    Raises
    ------
    RegistryError
        A plugin file cannot be read or takes a name that is in use.
    """
    return REDUCERS.find(plugins)


def load_reducer(name: str, plugins: Sequence[str | Path] = ()) -> type[Reducer]:
    """Return the class of a reducer; of a transformer of scikit-learn, the adapter's.

    Raises
    ------
    RegistryError
        No reducer has that name; the message names the nearest and all there are.
    """
    return _class_of(_find(name, plugins))


def make_reducer(name: str, plugins: Sequence[str | Path] = (), **params: Any) -> Reducer:
    """Return a new reducer by its name, or any scikit-learn transformer by its import path.

    Raises
    ------
    RegistryError
        No reducer has that name, or it has no such parameter.
    """
    entry = Entry("scikit-learn", name, "") if name.startswith("sklearn.") else _find(name, plugins)
    if entry.target.startswith("sklearn."):
        from reducers.adapter import wrap_transformer

        return wrap_transformer(entry.target.replace(":", "."), entry.name, **{**entry.defaults, **params})
    cls = _class_of(entry)
    allowed = cls._get_param_names()
    for given in params:
        if given not in allowed:
            raise RegistryError(
                f"The reducer '{name}' has no parameter {given!r}.{suggestion(given, allowed)} "
                f"It has: {', '.join(allowed)}."
            )
    return cls(**params)


def _find(name: str, plugins: Sequence[str | Path]) -> Entry:
    found, broken = find_reducers(plugins), REDUCERS.broken()
    if name not in found and name in broken:
        raise RegistryError(broken[name])
    if name not in found:
        raise RegistryError(
            f"No reducer is named {name!r}.{suggestion(name, found)} Known: {', '.join(found)}; or a "
            "scikit-learn transformer by its import path, as 'sklearn.decomposition.FastICA'."
        )
    return found[name]


def _class_of(entry: Entry) -> type[Reducer]:
    target = "reducers.adapter:ScikitLearn" if entry.target.startswith("sklearn.") else entry.target
    module, _, attribute = target.partition(":")
    loaded: type[Reducer] = getattr(importlib.import_module(module), attribute)
    return loaded


def describe_reducer(name: str) -> tuple[str, str]:
    """Return what a built-in reducer is, and its reference, read from its source: nothing is imported.

    Both are empty for others.
    """
    entry = next((entry for entry in (*BUILT_IN, *FURTHER) if entry.name == name), None)
    if entry is None or not entry.target.startswith("reducers."):
        return "", ""
    module, _, cls = entry.target.partition(":")
    path = Path(__file__).parents[1].joinpath(*module.split(".")).with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == cls)
    about = " ".join((ast.get_docstring(found) or "").split("\n\n")[0].replace("`", "").split())
    reference = next(
        (ast.literal_eval(node.value) for node in found.body
         if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "reference"),
        "",
    )  # fmt: skip
    return about, reference


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
    return Entry(name, plugin.target, summary, tuple(cls.devices), origin, reproducible=cls.reproducible)


REDUCERS = Kind("reducer", {entry.name: entry for entry in (*BUILT_IN, *FURTHER)}, _describe)
