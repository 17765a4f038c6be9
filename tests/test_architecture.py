"""The plan of the house: who may import whom, and that everything public says what it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("benchmark", "reducers")
HEAVY = {
    "torch", "umap", "sklearn", "scipy", "pandas", "matplotlib", "numba", "pyarrow", "pooch", "joblib",
    "dask", "distributed",
}  # fmt: skip

# A module stands on the floor of the longest name here that it begins with. The package's own
# __init__ offers what the command line offers, so it stands beside it.
FLOORS = {
    "benchmark.__main__": 5,
    "benchmark": 4,
    "benchmark.cli": 4,
    "benchmark.listing": 4,
    "benchmark.options": 4,
    "benchmark.printing": 4,
    "benchmark.execution": 3,
    "benchmark.merge": 3,
    "benchmark.reporting": 3,
    "benchmark.suite": 2,
    "benchmark.analysis": 2,
    "benchmark.datasets": 1,
    "benchmark.scoring": 1,
    "benchmark.results": 1,
    "benchmark.records": 1,
    "benchmark.schema": 1,
    "benchmark.atomic": 1,
    "benchmark.errors": 1,
    "reducers": 1,
}
# What is loaded before any verb has done its work, and by `list`.
LIGHT = (
    "benchmark.__main__", "benchmark.cli", "benchmark.options", "benchmark.printing", "benchmark.listing",
    "benchmark.suite", "benchmark.results",
    "benchmark.errors", "benchmark.datasets", "benchmark.scoring", "reducers.registry",
)  # fmt: skip


@dataclass(frozen=True)
class Import:
    """One import: what is imported, and in which circumstances."""

    name: str
    at_top: bool
    for_types: bool


@cache
def modules() -> dict[str, Path]:
    """Return every module of the packages by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text(encoding="utf-8"))


def imports(module: str) -> list[Import]:
    """Return what `module` imports anywhere; `from package import module` is an import of the module."""
    return list(_imports_in(tree(module), module, at_top=True, for_types=False))


def _imports_in(node: ast.AST, module: str, *, at_top: bool, for_types: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            for name in _names(child, module):
                yield Import(name, at_top, for_types)
        inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
        yield from _imports_in(child, module, at_top=at_top and not inside, for_types=for_types or types)


def _names(node: ast.Import | ast.ImportFrom, module: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        is_package = modules()[module].name == "__init__.py"
        parts = module.split(".")
        above = parts[: len(parts) - node.level + is_package]
        base = ".".join([*above, *([base] if base else [])])
    whole = [f"{base}.{alias.name}" for alias in node.names]
    return [name if name in modules() else base for name in whole]


def floor(module: str) -> int:
    """Return the floor of `module`; one that the plan does not know is an error."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        if prefix in FLOORS and (prefix != "benchmark" or module == "benchmark"):
            return FLOORS[prefix]
    raise AssertionError(f"{module} stands on no floor of the plan")


def own(module: str) -> list[Import]:
    """Return the imports of `module` from these packages."""
    return [imported for imported in imports(module) if imported.name in modules()]


def test_the_scan_sees_the_house() -> None:
    assert {"benchmark.cli", "benchmark.execution.runner", "reducers.base"} <= set(modules())
    assert Import("benchmark.suite", True, False) in own("benchmark.execution.plan")
    assert Import("benchmark.execution.runner", False, False) in own("benchmark")
    assert Import("benchmark.datasets", True, True) in own("benchmark.execution.job")


@pytest.mark.parametrize("module", modules())
def test_no_import_goes_upward(module: str) -> None:
    here = floor(module)
    upward = [imported.name for imported in own(module) if floor(imported.name) > here]
    assert upward == [], f"{module} on floor {here}"


@pytest.mark.parametrize("module", [name for name in modules() if name.startswith("reducers")])
def test_reducers_know_nothing_of_the_benchmark(module: str) -> None:
    assert [i.name for i in imports(module) if i.name.partition(".")[0] == "benchmark"] == []


@pytest.mark.parametrize("module", [name for name in modules() if name.startswith("benchmark.reporting")])
def test_reporting_knows_results_only(module: str) -> None:
    allowed = (
        "benchmark.reporting",
        "benchmark.analysis",
        "benchmark.results",
        "benchmark.atomic",
        "benchmark.scoring",
        "benchmark.errors",
    )
    assert [i.name for i in own(module) if not i.name.startswith(allowed)] == []


def reachable(start: str, graph: dict[str, set[str]]) -> set[str]:
    """Return what can be reached from `start` in one step or more."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        steps = graph[waiting.pop()] - found
        found |= steps
        waiting += steps
    return found


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {module: {i.name for i in own(module) if not i.for_types} - {module} for module in modules()}
    circles = {module: sorted(graph[module]) for module in graph if module in reachable(module, graph)}
    assert circles == {}


def light_modules() -> list[str]:
    packages = {module.rpartition(".")[0] for module in LIGHT}
    return [m for m in modules() if m in packages or any(m == x or m.startswith(f"{x}.") for x in LIGHT)]


@pytest.mark.parametrize("module", light_modules())
def test_the_command_line_starts_without_heavy_libraries(module: str) -> None:
    heavy = [
        i.name for i in imports(module) if i.at_top and not i.for_types and i.name.split(".")[0] in HEAVY
    ]
    assert heavy == []


def public_definitions(module: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield every public function, class and method of `module`, and the module itself."""
    yield module, tree(module)
    waiting: list[tuple[str, ast.AST]] = [(module, tree(module))]
    while waiting:
        prefix, node = waiting.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)) and not child.name.startswith("_"):
                yield f"{prefix}.{child.name}", child
                if isinstance(child, ast.ClassDef):
                    waiting.append((f"{prefix}.{child.name}", child))


@pytest.mark.parametrize("module", modules())
def test_everything_public_says_what_it_is(module: str) -> None:
    silent = [
        name
        for name, node in public_definitions(module)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and not ast.get_docstring(node)
    ]
    assert silent == []
