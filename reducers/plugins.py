"""Plugins: what a user's file or an installed package adds to what is built in, of any kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from reducers.plugin_file import import_file
from reducers.registry_error import RegistryError

T = TypeVar("T")
# An entry point names a plugin, or a module that defines some; the second group is the older one.
ENTRY_POINT_GROUPS = ("dimensionality_reduction.plugins", "dimensionality_reduction.reducers")


@dataclass(frozen=True)
class Plugin:
    """An object that is not built in, where it stands as ``module:attribute``, and what brought it."""

    value: Any
    target: str
    origin: str


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A kind of things that plugins add to.

    Attributes
    ----------
    word : str
        What messages call one; objects of this kind bear it as their class's `plugin_kind`.
    built_in : mapping
        What there is without plugins, by name; an object of a plugin that stands here is only imported there.
    describe : callable
        Takes a `Plugin` and returns what to keep of it, which has a `name`, or raises ValueError.
    error : type
        What `find` raises.
    """

    word: str
    built_in: Mapping[str, T]
    describe: Callable[[Plugin], T]
    error: type[ValueError] = RegistryError

    def find(self, plugins: Sequence[str | Path] = ()) -> dict[str, T]:
        """Return everything of this kind by name: built in, installed, and from the plugin files given.

        What is installed and broken is left out; see `broken`. An error is one of a plugin file: it cannot
        be read, or takes a name that is in use.
        """
        found, origins, _ = self._installed()
        try:
            for path in plugins:
                for plugin in plugins_in_file(Path(path)):
                    self._add(plugin, found, origins)
        except RegistryError as error:
            raise self.error(str(error)) from error
        return found

    def broken(self) -> dict[str, str]:
        """Return what is wrong with each installed plugin that cannot be had, by its entry point's name."""
        return self._installed()[2]

    def _installed(self) -> tuple[dict[str, T], dict[str, str], dict[str, str]]:
        found, origins, broken = dict(self.built_in), dict.fromkeys(self.built_in, "built in"), {}
        for point in _installed_points():
            loaded, reason = _load(point)
            for plugin in loaded:
                try:
                    self._add(plugin, found, origins)
                except ValueError as error:
                    reason = f"{type(error).__name__}: {error}".rstrip(".")
            if reason:
                broken[point.name] = f"The installed plugin '{point.name}' is unavailable: {reason}."
        return found, origins, broken

    def _add(self, plugin: Plugin, found: dict[str, T], origins: dict[str, str]) -> None:
        if kind_of(plugin.value) != self.word or any(plugin.value is held for held in found.values()):
            return
        described: Any = self.describe(plugin)
        name = described.name
        if name in found:
            raise RegistryError(
                f"Two {self.word}s are named '{name}', one {origins[name]} and one of {plugin.origin}; "
                "rename one."
            )
        found[name], origins[name] = described, plugin.origin


def kind_of(value: Any) -> str:
    """Return of what kind of plugin an object is: "reducer", "metric", "clustering", "dataset" or ""."""
    if isinstance(value, type):
        from reducers.base import Reducer

        return "reducer" if issubclass(value, Reducer) else ""
    # Of an instance, any attribute may be made up on the spot.
    return str(getattr(type(value), "plugin_kind", ""))


def every_plugin(plugins: Sequence[str | Path] = ()) -> Iterator[Plugin]:
    """Yield what is installed, but for what is broken, and what the files define, of whatever kind."""
    for point in _installed_points():
        yield from _load(point)[0]
    for path in plugins:
        yield from plugins_in_file(Path(path))


def plugins_in_file(path: Path) -> tuple[Plugin, ...]:
    """Return what a plugin file defines.

    Raises
    ------
    RegistryError
        It cannot be read or imported, or defines nothing.
    """
    found = _plugins_in(import_file(path), str(path))
    if not found:
        raise RegistryError(
            f"The plugin file {path} must define a reducer (a subclass of reducers.Reducer), a metric, a "
            "clustering or a dataset; it defines none of these."
        )
    return found


def _plugins_in(module: ModuleType, origin: str) -> tuple[Plugin, ...]:
    # Classes are made to be imported and built upon; those of other modules are not this one's own.
    found = {
        id(value): Plugin(value, f"{module.__name__}:{name}", origin)
        for name, value in vars(module).items()
        if kind_of(value) and not (isinstance(value, type) and value.__module__ != module.__name__)
    }
    return tuple(found.values())


@cache
def _installed_points() -> tuple[EntryPoint, ...]:
    # Looking for them opens a file of every package that is installed.
    points = entry_points()
    return tuple(point for group in ENTRY_POINT_GROUPS for point in points.select(group=group))


@cache
def _load(point: EntryPoint) -> tuple[tuple[Plugin, ...], str]:
    """Return the plugins of an entry point, and what is wrong with it."""
    origin = point.dist.name if point.dist else "plugin"
    try:
        target = point.load()
        if isinstance(target, ModuleType):
            found = _plugins_in(target, origin)
        else:
            found = (Plugin(target, point.value, origin),) if kind_of(target) else ()
        if not found:
            raise TypeError(
                "it must be a subclass of reducers.Reducer, a metric, a clustering or a dataset, or a module "
                "that defines one"
            )
    # One written as a script may call sys.exit.
    except (Exception, SystemExit) as error:
        return (), f"{type(error).__name__}: {error}".rstrip(".")
    return found, ""
