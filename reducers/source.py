"""A digest of a reducer's code, so that a result is known to belong to the code that made it."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
from pathlib import Path

from reducers.base import Reducer


def source_digest(reducer: Reducer) -> str:
    """Return a digest of the code that `reducer` runs.

    It covers the module of its class and every module of the same package that this one imports,
    directly or not. Comments, docstrings and layout do not count. For a scikit-learn transformer
    it is the version of scikit-learn.
    """
    estimator = getattr(reducer, "estimator", None)
    if estimator is not None:
        import sklearn

        return f"sklearn-{sklearn.__version__}-{type(estimator).__qualname__}"
    digest = hashlib.sha256()
    for path in sorted(_sources(type(reducer))):
        digest.update(_canonical(path).encode())
    return digest.hexdigest()[:16]


def _sources(cls: type) -> set[Path]:
    found: set[Path] = set()
    waiting = [c.__module__ for c in cls.__mro__ if issubclass(c, Reducer)]
    while waiting:
        module = waiting.pop()
        path = _path(module)
        if path is not None and path not in found:
            found.add(path)
            waiting += [name for name in _imports(path) if name.partition(".")[0] == module.partition(".")[0]]
    # A plugin file is loaded from a path, not found by name.
    found.add(Path(inspect.getfile(cls)))
    return found


def _path(module: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec is not None and spec.origin and spec.origin.endswith(".py") else None


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def _canonical(path: Path) -> str:
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:]
    return ast.dump(tree)
