"""What is freed while a network trains serves the next batch, and goes back to the system at the end."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
import torch

from reducers import memory
from reducers.memory import freed_memory_kept

MIB = 2**20
BLOCK = 24 * MIB

on_glibc = pytest.mark.skipif(memory._glibc() is None, reason="the C library is not glibc")


def use_a_block() -> None:
    torch.ones(BLOCK // 4)


def resident() -> int:
    """Return the bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def diverge_with_blocks(count: int) -> None:
    with freed_memory_kept():
        before = resident()
        blocks = [torch.ones(BLOCK // 4) for _ in range(count)]
        del blocks
        assert resident() - before > (count - 2) * BLOCK
        raise RuntimeError("diverged")


@on_glibc
def test_a_freed_block_serves_the_next_one() -> None:
    with freed_memory_kept():
        use_a_block()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(20):
            use_a_block()
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    # Of 20 blocks; where the heap must grow, it does so once or twice.
    assert faults < 4 * BLOCK // resource.getpagesize()


@on_glibc
def test_what_was_kept_is_given_back_also_after_an_error() -> None:
    use_a_block()
    before = resident()
    with pytest.raises(RuntimeError, match="diverged"):
        diverge_with_blocks(8)
    assert resident() - before < 2 * BLOCK


def test_where_the_c_library_is_another_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_glibc", lambda: None)
    with freed_memory_kept():
        use_a_block()
