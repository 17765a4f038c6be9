"""What SECURITY.md promises of the code: no call that runs what a file says, and no unchecked download."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reducers.registry import RegistryError, make_reducer

ROOT = Path(__file__).parents[2]
FILES = sorted(path for package in ("benchmark", "reducers") for path in (ROOT / package).rglob("*.py"))
[DOWNLOADER] = [path for path in FILES if path.name == "download.py"]
# Whoever calls one of these runs code that the caller did not write, or can.
RUNS_CODE = {
    "eval", "exec", "compile", "__import__", "pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal",
    "joblib.load", "os.system", "os.popen", "os.startfile", "os.execv", "os.execvp", "os.spawnv",
    "os.spawnvp", "pty.spawn", "runpy", "code.interact", "yaml.load", "yaml.unsafe_load", "yaml.full_load",
    "jsonpickle",
    "pandas.read_pickle", "pd.read_pickle", "pandas.eval", "pd.eval", "torch.hub", "torch.jit.load",
    "numpy.f2py", "skops.io.load", "skops.io.loads", "xml.etree", "xml.dom", "xml.sax",
}  # fmt: skip
METHODS_THAT_RUN_CODE = {"read_pickle", "to_pickle", "query", "eval", "exec_module", "execute", "extractall"}
ALLOWED = {
    ("reducers/plugin_file.py", "exec_module"),  # a plugin is code, and its file is imported
    ("reducers/checks.py", "pickle"),  # reads back what it wrote in the same breath
    ("reducers/state.py", "skops.io.loads"),  # makes the types that skops or the user trusts, and no others
}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def dotted(node: ast.expr) -> str:
    """Return ``a.b.c`` of such an expression; what is no name is a question mark."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def known(name: str, names: set[str]) -> list[str]:
    """Return which of `names` a dotted name is, or lies in."""
    return [one for one in names if name == one or name.startswith(f"{one}.")]


def argument(call: ast.Call, name: str) -> object:
    """Return the constant given for a keyword; None where it is not given, or no constant."""
    for keyword in call.keywords:
        if keyword.arg == name and isinstance(keyword.value, ast.Constant):
            return keyword.value.value
    return None


def running_code(path: Path) -> Iterator[str]:
    """Yield what in a file runs code that it did not bring along."""
    for name in imported(path):
        yield from known(name, RUNS_CODE)
    for name, call in calls(path):
        yield from known(name, RUNS_CODE)
        if name.rpartition(".")[2] in METHODS_THAT_RUN_CODE and name != "eval":
            yield name.rpartition(".")[2]
        if argument(call, "shell") is True:
            yield "a shell"


def unpickling(path: Path) -> Iterator[str]:
    """Yield the calls that load arrays or weights, and could load objects."""
    for name, call in calls(path):
        numpy = name in ("np.load", "numpy.load", "np.lib.format.read_array", "np.lib.format.open_memmap")
        torch = name in ("torch.load", "torch.serialization.load")
        if (numpy and argument(call, "allow_pickle") is not False) or (
            torch and argument(call, "weights_only") is not True
        ):
            yield f"{name} in line {call.lineno}"


def test_the_search_sees_what_it_looks_for(tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    path.write_text(
        "from pickle import loads\nimport os, torch, numpy as np\nos.system('x')\nnp.load('a')\neval('1')\n"
        "frame.query('x')\nrun('x', shell=True)\ntorch.load('a', weights_only=False)\n"
    )
    assert sorted(running_code(path)) == ["a shell", "eval", "os.system", "pickle", "query"]
    assert sorted(unpickling(path)) == ["np.load in line 4", "torch.load in line 8"]
    assert len(FILES) > 50


def test_nothing_runs_what_a_file_says() -> None:
    found = {(str(path.relative_to(ROOT)), name) for path in FILES for name in running_code(path)}
    assert found - ALLOWED == set()


def test_arrays_and_weights_are_loaded_without_pickle() -> None:
    found = {str(path.relative_to(ROOT)): list(unpickling(path)) for path in FILES}
    assert {where: what for where, what in found.items() if what} == {}


def test_a_reducer_of_scikit_learn_is_an_estimator_and_no_function(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("")
    with pytest.raises(RegistryError, match="it is no estimator"):
        make_reducer("sklearn.datasets.clear_data_home", data_home=str(tmp_path))
    assert (tmp_path / "precious").exists()


def joins_processes_alone(path: Path) -> bool:
    """Whether a file's sockets are pairs, whose ends are those of a process and its child."""
    made = {name for name, _ in calls(path) if name.startswith("socket")}
    reaching = {name.rpartition(".")[2] for name, _ in calls(path)} & {"connect", "bind", "listen", "sendto"}
    return made == {"socketpair"} and not reaching


def test_only_the_downloader_speaks_to_the_network() -> None:
    network = {"requests", "urllib.request", "http.client", "httpx", "aiohttp", "ftplib", "pooch", "socket"}
    speaking = [
        path
        for path in FILES
        if any(known(name, network) for name in imported(path))
        and "cluster" not in path.parts
        and not joins_processes_alone(path)
    ]
    assert speaking == [DOWNLOADER]


def test_one_place_alone_asks_scikit_learn_to_fetch() -> None:
    fetching = [
        path for path in FILES if any(name.partition(".")[0].startswith("fetch_") for name, _ in calls(path))
    ]
    assert fetching == [DOWNLOADER.with_name("openml.py")]


def test_every_download_is_checked_before_it_is_used() -> None:
    """By pooch, which is given the checksum in the same call; the files at hand by `verify`."""
    fetching = [call for name, call in calls(DOWNLOADER) if name == "pooch.retrieve"]
    assert fetching
    for call in fetching:
        checksum = call.args[1]
        assert isinstance(checksum, ast.JoinedStr)
        assert ast.unparse(checksum).startswith("f'sha256:{")
    others = ("requests.get", "urlretrieve", "urlopen")
    assert [name for name, _ in calls(DOWNLOADER) if name.endswith(others)] == []


def test_parquet_libraries_are_newer_than_their_code_execution_flaw() -> None:
    """PyArrow before 14.0.1 ran pickles of extension types (CVE-2023-47248)."""
    import tomllib

    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [arrow] = [text for text in content["project"]["dependencies"] if text.startswith("pyarrow")]
    assert int(arrow.partition(">=")[2].split(".")[0]) >= 15


def test_security_policy_and_reliability_page_name_tests_that_exist() -> None:
    security = re.findall(r"`(tests/[^`]+\.py)`", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    reliability = [f"tests/{path}" for path in re.findall(r"`((?:\w+/)?\w+\.py)`", page)]
    assert (len(security) > 3, len(reliability) > 20) == (True, True)
    assert [path for path in security + reliability if not (ROOT / path).exists()] == []
