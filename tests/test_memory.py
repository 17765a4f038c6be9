"""What is freed while a network trains serves the next batch, and goes back to the system at the end."""

from __future__ import annotations

import resource
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from reducers.training import device as memory
from reducers.training.device import freed_memory_kept

MIB = 2**20
BLOCK = 24 * MIB

on_glibc = pytest.mark.skipif(memory._glibc() is None, reason="the C library is not glibc")


def use_blocks(count: int = 6) -> None:
    """Take up more than the library would keep by itself, and free it."""
    blocks = [torch.ones(BLOCK // 4) for _ in range(count)]
    del blocks


def faults_of(rounds: int) -> int:
    """Return how many pages were fetched anew while blocks were used so often."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(rounds):
        use_blocks()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def resident() -> int:
    """Return the bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def diverge_with_blocks(kept: list[int]) -> None:
    with freed_memory_kept():
        use_blocks(8)
        kept.append(resident())
        raise RuntimeError("diverged")


@on_glibc
def test_freed_blocks_serve_the_next_batch() -> None:
    pages = BLOCK // resource.getpagesize()
    with freed_memory_kept():
        # The heap grows until all fit.
        faults_of(20)
        assert faults_of(10) < pages
    assert faults_of(10) > pages


@on_glibc
def test_what_was_kept_is_given_back_also_after_an_error() -> None:
    kept: list[int] = []
    with pytest.raises(RuntimeError, match="diverged"):
        diverge_with_blocks(kept)
    assert kept[0] - resident() > 4 * BLOCK


def test_where_the_c_library_is_another_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(memory, "_glibc", memory._glibc.__wrapped__)
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: SimpleNamespace(malloc_trim=told.append))
    with freed_memory_kept():
        use_blocks()
    assert told == []
