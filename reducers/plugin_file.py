"""Plugin files: importing one, and pickles of its reducers that can be read where it is not."""

from __future__ import annotations

import copyreg
import hashlib
import importlib.util
import sys
from importlib.abc import SourceLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from reducers.registry_error import RegistryError

if TYPE_CHECKING:
    from reducers.base import Reducer


class _Source(SourceLoader):
    """Loads a module from what a plugin file held, wherever that file is now."""

    def __init__(self, path: str, content: bytes) -> None:
        self.path, self.content = path, content

    def get_filename(self, fullname: str) -> str:
        return self.path

    def get_data(self, path: str | bytes) -> bytes:
        if path != self.path:
            raise OSError(f"{path!r} is kept nowhere")
        return self.content


def import_file(path: Path) -> ModuleType:
    """Return the module of a plugin file; an edited file is a new module.

    Raises
    ------
    RegistryError
        It cannot be read or imported.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RegistryError(f"The plugin file {path} cannot be read: {error.strerror}.") from error
    if path.suffix != ".py":
        raise RegistryError(f"A plugin file ends in .py; got {path}.")
    digest = hashlib.sha256(str(path.resolve()).encode() + content).hexdigest()[:12]
    try:
        return _import(f"reducer_plugin_{digest}", str(path), content)
    except Exception as error:
        raise RegistryError(
            f"The plugin file {path} fails to import: {type(error).__name__}: {error}."
        ) from error


def _import(name: str, path: str, content: bytes) -> ModuleType:
    from reducers.base import Reducer

    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_loader(name, _Source(path, content))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Reducer) and value.__module__ == name:
            copyreg.pickle(value, _reduce)
    return module


def _reduce(made: Reducer) -> tuple[Any, ...]:
    """Return how `made` is pickled: with the source of its class, which no other process finds by name."""
    cls = type(made)
    source = sys.modules[cls.__module__].__loader__
    assert isinstance(source, _Source)
    state = made.__getstate__()
    return _restore, (cls.__module__, source.path, source.content, cls.__name__), state


def _restore(name: str, path: str, content: bytes, class_name: str) -> object:
    cls = getattr(_import(name, path, content), class_name)
    return cls.__new__(cls)
