"""Facts of the hardware and the software that every record carries; nothing that names a person or a host."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import psutil

from benchmark.measure.threads import available_threads

T = TypeVar("T")

DISTRIBUTION = "dimensionality-reduction-benchmark"
_GPU_DRIVER = ("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
PACKAGES = ("torch", "scikit-learn", "numpy", "scipy", "pandas", "umap-learn", "numba", DISTRIBUTION)


def environment() -> dict[str, object]:
    """Return JSON-ready facts of this machine and this installation; a fact that cannot be had is None."""
    return {
        "machine": _fact(_machine),
        "cpu": _fact(_cpu_model),
        "architecture": platform.machine() or None,
        "physical_cores": _fact(lambda: psutil.cpu_count(logical=False)),
        "logical_cores": os.cpu_count(),
        "usable_cores": _fact(available_threads),
        "memory_gb": _fact(lambda: round(psutil.virtual_memory().total / 2**30, 1)),
        "gpus": _fact(_gpus),
        "gpu_driver": _fact(lambda: _output(*_GPU_DRIVER).splitlines()[0]),
        "cuda": _fact(lambda: _torch().version.cuda),  # the one that torch was built for
        "operating_system": _fact(_operating_system),
        "blas": _fact(_blas_libraries),
        "versions": {"python": platform.python_version()}
        | {name: installed_version(name) for name in PACKAGES},
        "git_commit": _fact(_git_commit),
    }


def available_devices() -> tuple[str, ...]:
    """Return the devices this machine offers: "cpu", and "cuda" or "mps" where torch sees them."""
    seen = {
        "cuda": _fact(lambda: _torch().cuda.is_available()),
        "mps": _fact(lambda: _torch().backends.mps.is_available()),
    }
    return ("cpu", *(device for device, is_there in seen.items() if is_there))


def _fact(find: Callable[[], T]) -> T | None:
    """Return what `find` finds, or None: no fact is worth the loss of a measurement."""
    try:
        return find()
    except Exception:
        return None


def _torch() -> Any:
    import torch

    return torch


def _machine() -> str:
    """Return eight digits that tell this machine from others, and nothing else about it."""
    machine_id = Path("/etc/machine-id")
    text = machine_id.read_text().strip() if machine_id.is_file() else ""
    node = uuid.getnode()
    # A node with this bit is drawn at random where no network card has an address.
    card = "" if node >> 40 & 1 else f"{node:x}"
    if not text + card:
        raise OSError("nothing identifies this machine")
    return hashlib.sha256(f"{DISTRIBUTION}:{text}:{card}".encode()).hexdigest()[:8]


def _cpu_model() -> str | None:
    if sys.platform == "darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string")
    cpuinfo = Path("/proc/cpuinfo").read_text() if sys.platform == "linux" else ""
    found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return found.group(1).strip() if found else platform.processor() or None


def _gpus() -> list[dict[str, object]]:
    cuda = _torch().cuda
    cards = [cuda.get_device_properties(i) for i in range(cuda.device_count() if cuda.is_available() else 0)]
    return [{"name": card.name, "memory_gb": round(card.total_memory / 2**30, 1)} for card in cards]


def _operating_system() -> str:
    """Return name and version, without the suffix that a vendor or a host gave its kernel."""
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    release = re.match(r"[\d.]+", platform.release())
    parts = [platform.system(), release.group() if release else "", *platform.libc_ver()]
    return " ".join(part for part in parts if part)


def _blas_libraries() -> list[dict[str, Any]]:
    import numpy  # noqa: F401  (its BLAS must be loaded to be seen)
    from threadpoolctl import threadpool_info

    facts = {"name": "internal_api", "version": "version", "threads": "num_threads"}
    libraries: list[dict[str, Any]] = []
    for library in threadpool_info():
        entry = {fact: library[key] for fact, key in facts.items()}
        if library["user_api"] == "blas" and entry not in libraries:
            libraries.append(entry)
    return libraries


def installed_version(distribution: str) -> str:
    """Return the version of an installed distribution, "unknown" where there is none."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "unknown"


def _git_commit() -> str | None:
    """Return the commit of the checkout this file is tracked in, "-dirty" where the code differs from it."""
    here, benchmark, checkout = Path(__file__).parents[:3]
    git = partial(_output, "git", "-C", str(here))
    # An environment within someone else's checkout is not a checkout of this package.
    git("ls-files", "--error-unmatch", Path(__file__).name)
    changed = git("status", "--porcelain", "--", str(benchmark), str(checkout / "reducers"))
    return git("rev-parse", "HEAD") + ("-dirty" if changed else "")


def _output(*command: str) -> str:
    """Return what `command` prints; raise where it is missing, fails or hangs."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=10, stdin=subprocess.DEVNULL
    )
    return done.stdout.strip()
