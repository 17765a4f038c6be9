"""The facts a record carries: there, true, JSON-ready, and silent about who and where."""

from __future__ import annotations

import getpass
import json
import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import psutil
import pytest

from benchmark.measure import environment as module
from benchmark.measure.environment import available_devices, environment
from benchmark.results.record import machine_id


@pytest.fixture(scope="module")
def facts() -> dict[str, object]:
    return environment()


def test_every_fact_is_there(facts: dict[str, object]) -> None:
    assert set(facts) == {
        "machine",
        "cpu",
        "architecture",
        "physical_cores",
        "logical_cores",
        "usable_cores",
        "memory_gb",
        "gpus",
        "gpu_driver",
        "cuda",
        "operating_system",
        "blas",
        "versions",
        "git_commit",
    }
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts


def test_versions_are_those_installed(facts: dict[str, object]) -> None:
    versions = facts["versions"]
    assert isinstance(versions, dict)
    assert versions["python"] == platform.python_version()
    assert versions["scikit-learn"] == metadata.version("scikit-learn")
    assert set(versions) == {"python", *module.PACKAGES}


def test_a_package_that_is_not_installed_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACKAGES", ("no-such-distribution",))
    assert environment()["versions"] == {
        "python": platform.python_version(),
        "no-such-distribution": "unknown",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_hardware_is_that_of_this_machine(facts: dict[str, object]) -> None:
    total_kb = int(Path("/proc/meminfo").read_text().split()[1])
    assert facts["memory_gb"] == pytest.approx(total_kb / 2**20, abs=0.1)
    assert facts["logical_cores"] == os.cpu_count()
    assert facts["cpu"]
    physical = facts["physical_cores"]
    assert physical is None or 1 <= int(str(physical)) <= (os.cpu_count() or 1)


@pytest.mark.skipif(shutil.which("lscpu") is None, reason="asks lscpu")
def test_physical_cores_count_hyperthreads_once(facts: dict[str, object]) -> None:
    listed = subprocess.run(["lscpu", "--parse=CORE,SOCKET"], capture_output=True, text=True, check=True)
    cores = {line for line in listed.stdout.splitlines() if not line.startswith("#")}
    assert facts["physical_cores"] == len(cores)


def test_blas_is_named_with_its_version_and_threads(facts: dict[str, object]) -> None:
    libraries = facts["blas"]
    assert isinstance(libraries, list)
    for library in libraries:
        assert set(library) == {"name", "version", "threads"}
        assert library["threads"] >= 1


def test_nothing_names_the_host_the_user_or_a_path(facts: dict[str, object]) -> None:
    strings = [part for part in json.dumps(facts).split('"') if part]
    assert platform.node() not in strings
    assert getpass.getuser() not in strings
    assert not [part for part in strings if part.startswith(("/", "\\\\")) or str(Path.home()) + "/" in part]


def test_a_fact_that_cannot_be_had_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> object:
        raise OSError("broken")

    for name in ("_output", "_torch", "available_threads"):
        monkeypatch.setattr(module, name, broken)
    for name in ("cpu_count", "virtual_memory"):
        monkeypatch.setattr(psutil, name, broken)
    read_text = Path.read_text
    monkeypatch.setattr(
        Path,
        "read_text",
        lambda path, **how: broken() if path.parts[1] == "proc" else read_text(path, **how),
    )
    found = environment()
    unknown = ("cpu", "physical_cores", "usable_cores", "memory_gb", "gpus", "gpu_driver", "git_commit")
    assert {name: found[name] for name in unknown} == dict.fromkeys(unknown)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of its own, with the package in it and one commit."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    code = tmp_path / "benchmark" / "measure" / "environment.py"
    code.parent.mkdir(parents=True)
    (tmp_path / "reducers").mkdir()
    code.write_text("first\n")
    (tmp_path / "reducers" / "linear.py").write_text("first\n")
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", ".")
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    _git(tmp_path, *who, "commit", "-qm", "first")
    monkeypatch.setattr(module, "__file__", str(code))
    return tmp_path


def _git(directory: Path, *arguments: str) -> str:
    command = ["git", "-C", str(directory), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_git_commit_is_that_of_the_checkout(checkout: Path) -> None:
    commit = _git(checkout, "rev-parse", "HEAD")
    (checkout / "results.csv").write_text("not code\n")
    assert environment()["git_commit"] == commit
    (checkout / "reducers" / "linear.py").write_text("second\n")
    assert environment()["git_commit"] == f"{commit}-dirty"


def test_git_commit_of_a_checkout_that_merely_contains_an_installation_is_not_taken(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = checkout / "venv" / "benchmark" / "measure" / "environment.py"
    installed.parent.mkdir(parents=True)
    installed.write_text("first\n")
    monkeypatch.setattr(module, "__file__", str(installed))
    assert environment()["git_commit"] is None


def test_devices_are_those_torch_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    assert available_devices()[0] == "cpu"
    for cuda, mps, expected in (
        (False, False, ("cpu",)),
        (True, False, ("cpu", "cuda")),
        (False, True, ("cpu", "mps")),
    ):
        monkeypatch.setattr(torch.cuda, "is_available", lambda cuda=cuda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda mps=mps: mps)
        assert available_devices() == expected


def test_devices_without_torch_are_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert available_devices() == ("cpu",)


def test_importing_the_module_imports_nothing_heavy() -> None:
    code = (
        "import sys, benchmark.measure.environment;"
        "print({'torch', 'sklearn', 'scipy', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("fact", ["machine", "cpu", "usable_cores", "gpus"])
def test_times_of_another_machine_do_not_belong_in_one_table(facts: dict[str, object], fact: str) -> None:
    assert machine_id(facts) == machine_id(dict(facts))
    assert machine_id(facts) != machine_id({**facts, fact: "another"})
    without = {name: value for name, value in facts.items() if name != "machine"}
    assert machine_id(facts) != machine_id(without)


def test_times_of_another_torch_do_not_belong_in_one_table(facts: dict[str, object]) -> None:
    versions = facts["versions"]
    assert isinstance(versions, dict)
    assert machine_id(facts) != machine_id({**facts, "versions": {**versions, "torch": "0.0.1"}})
    assert machine_id(facts) == machine_id({**facts, "versions": {**versions, "pandas": "0.0.1"}})
