"""What every timing shares: one thread."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmark.measure.threads import limit_threads


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Time on one thread: two machines, or two hours of one, then differ the least."""
    import torch  # noqa: F401  (only libraries that are loaded can be limited)

    with limit_threads(1):
        yield
