"""The stopwatch and the memory gauge, against bodies of known cost."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import InputError
from benchmark.measure.clock import Measurement, measured
from benchmark.measure.threads import available_threads, full_precision, limit_threads

MIB = 2**20
SIZE_MB = 200


def exact_memory(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test in a new process: what other tests made the C library keep would be in its figures."""

    @pytest.mark.skipif(
        not sys.platform.startswith("linux"), reason="resident memory is measured exactly on Linux only"
    )
    @functools.wraps(test)
    def in_a_new_process(**given: object) -> None:
        code = f"import {__name__} as tests; tests.{test.__name__}.__wrapped__(**{given})"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    return in_a_new_process


def allocate(size_mb: int) -> np.ndarray:
    """Return an array whose every page is resident."""
    return np.ones(size_mb * MIB, dtype=np.uint8)


def spin(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


@pytest.mark.slow
@pytest.mark.parametrize("work", [time.sleep, spin])
def test_seconds_are_those_of_the_body(work: object) -> None:
    assert callable(work)
    found = []
    for _ in range(4):  # a busy machine may be late, but not every time
        with measured("cpu") as measurement:
            work(0.3)
        found.append(measurement.seconds)
    assert min(found) == pytest.approx(0.3, rel=0.02)


class Node:
    """Part of a cycle that only the garbage collector can free."""

    def __init__(self) -> None:
        self.itself = self


def test_garbage_of_before_is_collected_and_not_charged() -> None:
    garbage = [Node() for _ in range(300_000)]
    last = weakref.ref(garbage[-1])
    del garbage
    with measured("cpu") as measurement:
        pass
    assert last() is None
    assert measurement.seconds < 0.01


def test_a_body_that_raises_is_still_measured() -> None:
    kept: list[Measurement] = []

    def fail() -> None:
        with measured("cpu") as measurement:
            kept.append(measurement)
            time.sleep(0.05)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert kept[0].seconds >= 0.05
    assert kept[0].peak_memory_mb is not None


@exact_memory
def test_memory_the_body_takes_and_keeps() -> None:
    with measured("cpu") as measurement:
        kept = allocate(SIZE_MB)
    assert measurement.peak_memory_mb == pytest.approx(kept.nbytes / MIB, rel=0.05)


@exact_memory
def test_memory_the_body_frees_counts_in_its_peak() -> None:
    with measured("cpu") as measurement:
        allocate(SIZE_MB)
    assert measurement.peak_memory_mb == pytest.approx(SIZE_MB, rel=0.05)


@exact_memory
def test_memory_of_before_the_body_is_not_counted() -> None:
    allocate(2 * SIZE_MB)
    kept = allocate(SIZE_MB)
    with measured("cpu") as measurement:
        small = allocate(20)
    assert measurement.peak_memory_mb == pytest.approx(small.nbytes / MIB, abs=4)
    assert kept[-1] == 1


@exact_memory
def test_small_blocks_freed_before_the_body_are_not_reused_unseen() -> None:
    blocks = [np.ones(2**14, dtype=np.uint8) for _ in range(6_400)]  # 100 MiB
    del blocks
    with measured("cpu") as measurement:
        blocks = [np.ones(2**14, dtype=np.uint8) for _ in range(6_400)]
    assert measurement.peak_memory_mb == pytest.approx(100, rel=0.1)
    assert len(blocks) == 6_400


@exact_memory
@pytest.mark.parametrize(("peak_before_mb", "expected"), [(20, SIZE_MB), (2 * SIZE_MB, None)])
def test_memory_where_the_peak_cannot_be_reset(peak_before_mb: int, expected: int | None) -> None:
    with measured("cpu"):  # the last true reset
        pass
    allocate(peak_before_mb)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmark.measure.clock._reset_memory_peak", lambda: False)
        with measured("cpu") as measurement:
            allocate(SIZE_MB)
    if expected is None:
        assert measurement.peak_memory_mb is None
    else:
        assert measurement.peak_memory_mb == pytest.approx(expected, rel=0.05)


def test_the_cpu_has_no_device_memory() -> None:
    with measured("cpu") as measurement:
        pass
    assert measurement.peak_device_memory_mb is None


def test_an_unknown_device_is_named() -> None:
    with pytest.raises(InputError, match="'tpu'"), measured("tpu"):
        pass


class FakeCuda:
    """Stands for ``torch.cuda``: work is queued, and done when someone waits for it."""

    def __init__(self) -> None:
        self.queued, self.allocated, self.peak = 0.0, 300 * MIB, 900 * MIB

    def synchronize(self) -> None:
        time.sleep(self.queued)
        self.queued = 0.0

    def reset_peak_memory_stats(self) -> None:
        self.peak = self.allocated

    def memory_allocated(self) -> int:
        return self.allocated

    def max_memory_allocated(self) -> int:
        return self.peak


def test_a_device_is_waited_for_before_each_look_at_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = FakeCuda()
    monkeypatch.setattr("benchmark.measure.clock._torch_backend", lambda device: cuda)
    cuda.queued = 0.3
    with measured("cuda") as measurement:
        cuda.queued = 0.1
        cuda.peak += SIZE_MB * MIB
    assert cuda.queued == 0
    assert 0.1 <= measurement.seconds < 0.3
    assert measurement.peak_device_memory_mb == SIZE_MB


def test_queued_work_on_cuda_is_charged_to_the_body_that_queued_it() -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    matrix = torch.rand(4096, 4096, device="cuda")

    def queue() -> float:
        start = time.perf_counter()
        for _ in range(200):
            matrix @ matrix
        return time.perf_counter() - start

    queue()
    with measured("cuda") as measurement:
        queueing = queue()
    assert measurement.seconds > 2 * queueing


def test_device_memory_on_cuda_is_the_peak_of_the_body() -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    before = torch.ones(300 * MIB, dtype=torch.uint8, device="cuda")
    with measured("cuda") as measurement:
        torch.ones(SIZE_MB * MIB, dtype=torch.uint8, device="cuda")
    assert measurement.peak_device_memory_mb == pytest.approx(SIZE_MB, rel=0.01)
    assert len(before)


def _blas_threads() -> set[int]:
    from threadpoolctl import threadpool_info

    return {library["num_threads"] for library in threadpool_info()}


def test_threads_are_limited_and_restored() -> None:
    torch = pytest.importorskip("torch")
    numba = pytest.importorskip("numba")
    with limit_threads(2):
        before = torch.get_num_threads(), numba.get_num_threads(), _blas_threads()
        with limit_threads(1):
            assert torch.get_num_threads() == 1
            assert numba.get_num_threads() == 1
            assert _blas_threads() == {1}
        assert (torch.get_num_threads(), numba.get_num_threads(), _blas_threads()) == before
    assert before[0] == 2


def test_threads_are_restored_when_the_body_raises() -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError), limit_threads(before + 1):
        raise ZeroDivisionError
    assert torch.get_num_threads() == before


THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def test_libraries_still_to_be_imported_find_the_number_in_the_environment() -> None:
    before = dict(os.environ)
    with limit_threads(3):
        assert [os.environ[name] for name in THREAD_VARIABLES] == ["3"] * 3
    assert dict(os.environ) == before


def test_numba_obeys_when_it_is_first_imported_in_the_body() -> None:
    pytest.importorskip("numba")
    # One more than there are cores, which no library would choose by itself.
    n = available_threads() + 1
    lines = (
        "from benchmark.measure.threads import limit_threads",
        f"with limit_threads({n}):",
        "    import numba",
        "    print(numba.get_num_threads())",
        # A compilation reads the environment anew, and must not find that it has changed.
        "print(numba.njit(lambda x: x + 1)(1))",
        "with limit_threads(1):",
        "    print(numba.get_num_threads())",
        "print(numba.get_num_threads())",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True)
    assert done.stdout.split() == [str(n), "2", "1", str(n)], done.stderr


def test_a_thread_count_below_one_is_refused() -> None:
    with pytest.raises(InputError, match="got 0"), limit_threads(0):
        pass


def _tf32() -> tuple[bool, bool]:
    torch = pytest.importorskip("torch")
    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32


def test_tf32_is_off_on_cuda_only_and_only_in_the_body() -> None:
    before = _tf32()
    with full_precision("cpu"):
        assert _tf32() == before
    with full_precision("cuda"):
        assert _tf32() == (False, False)
    assert _tf32() == before


def test_convolutions_and_products_on_cuda_are_exact_to_single_precision() -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    images = torch.randn(8, 64, 32, 32, device="cuda")
    kernels = torch.randn(64, 64, 3, 3, device="cuda")
    matrix = torch.randn(1024, 1024, device="cuda")
    with full_precision("cuda"):
        found = torch.conv2d(images, kernels), matrix @ matrix
    expected = torch.conv2d(images.double(), kernels.double()), matrix.double() @ matrix.double()
    for one, other in zip(found, expected, strict=True):
        # TF32 keeps 10 bits of each factor: an error of about 3e-4 of the result's size.
        assert (one - other).std() / other.std() < 3e-5


def test_available_threads_obey_the_affinity() -> None:
    assert 1 <= available_threads() <= (os.cpu_count() or 1)
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system has no processor affinity")
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from benchmark.measure.threads import available_threads; print(available_threads())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
