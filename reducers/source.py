"""A digest of a reducer's code, so that a result is known to belong to the code that made it."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterable
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
    return modules_digest(c.__module__ for c in type(reducer).__mro__ if issubclass(c, Reducer))


def modules_digest(modules: Iterable[str]) -> str:
    """Return a digest of the code of modules, and of those of their packages that they import."""
    found: set[Path] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        path = _path(module)
        if path is not None and path not in found:
            found.add(path)
            waiting += _imports(module, path)
    # Sorted by content: where a package or a plugin file lies does not count.
    code = "".join(sorted(_canonical(path) for path in found))
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def _path(module: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec is not None and spec.origin and spec.origin.endswith(".py") else None


def _imports(module: str, path: Path) -> set[str]:
    """Return the modules of its own package that `module` imports, anywhere in it."""
    root = module.partition(".")[0]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names |= _imported_from(node, package, root)
    return {name for name in names if name.partition(".")[0] == root}


def _imported_from(node: ast.ImportFrom, package: str, root: str) -> set[str]:
    base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
    origin = _path(base) if base.partition(".")[0] == root else None
    # Only a package holds modules; to look for one elsewhere would import what is not needed yet.
    is_package = origin is not None and origin.name == "__init__.py"
    return {base, *(f"{base}.{alias.name}" for alias in node.names if is_package)}


def _canonical(path: Path) -> str:
    tree, documented = ast.parse(path.read_bytes()), (ast.Module, ast.ClassDef, ast.FunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)
