"""Training data on a device: shuffled mini-batches of what fits there, or streamed from a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reducers.rows import FloatArray, Rows

BLOCK_ROWS = 2048
# Streamed data are shuffled twice: the order of chunks of neighbouring rows, which are read in one
# go, and then the rows of as many chunks as the buffer holds.
_CHUNK_ROWS = 1024
_BUFFER_BYTES = 64 * 2**20


class Batches(Protocol):
    """Samples of shape (n, n_features), given as float32 tensors on one device."""

    shape: tuple[int, int]
    device: torch.device

    def __len__(self) -> int: ...

    def epoch(self, size: int, generator: torch.Generator) -> Iterator[Tensor]:
        """Yield every sample once, shuffled anew, in batches of `size`; the last may be smaller."""

    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[Tensor]:
        """Yield every sample in order."""

    def sample(self, size: int, generator: torch.Generator) -> Tensor:
        """Return at most `size` samples, drawn without replacement."""

    def mapped(self, function: Callable[[Tensor], Tensor]) -> Batches:
        """Return what `function` makes of the samples; it maps batches to batches."""


def make_batches(X: FloatArray | Rows, device: torch.device) -> Batches:
    """Return `X` on `device`: as bytes where it is stored so, streamed where it lies in a file."""
    if not isinstance(X, Rows):
        return Resident(to_tensor(X, device))
    if X.mapped:
        return Streamed(X, device)
    if X.compact:
        return Resident(to_tensor(X.array, device), X.scale)
    return Resident(to_tensor(np.asarray(X), device))


def to_tensor(X: NDArray[Any], device: torch.device) -> Tensor:
    """Return an array on `device`."""
    # A read-only array (memory-mapped, say) cannot be wrapped without a copy.
    return torch.from_numpy(X if X.flags.writeable else X.copy()).to(device)


class Resident:
    """Samples that lie on the device: float32, or bytes that are divided by `scale` when used."""

    def __init__(self, data: Tensor, scale: float = 1.0) -> None:
        self.data, self.scale = data, scale
        self.shape = (data.shape[0], data.shape[1])
        self.device = data.device

    def __len__(self) -> int:
        return self.shape[0]

    def epoch(self, size: int, generator: torch.Generator) -> Iterator[Tensor]:
        """Yield shuffled batches; see `Batches`."""
        order = torch.randperm(len(self), generator=generator, device=self.device)
        for index in order.split(size):
            yield self._values(self.data[index])

    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[Tensor]:
        """Yield every sample in order."""
        return map(self._values, self.data.split(size))

    def sample(self, size: int, generator: torch.Generator) -> Tensor:
        """Return at most `size` samples, drawn without replacement."""
        order = torch.randperm(len(self), generator=generator, device=self.device)
        return self._values(self.data[order[:size]])

    def mapped(self, function: Callable[[Tensor], Tensor]) -> Resident:
        """Return what `function` makes of the samples, computed now."""
        with torch.no_grad():
            return Resident(torch.cat([function(block).float() for block in self.blocks()]))

    def _values(self, stored: Tensor) -> Tensor:
        return stored if stored.dtype == torch.float32 else stored.float().div_(self.scale)


class Streamed:
    """Samples that stay in their file; only a buffer of them is in memory at a time."""

    def __init__(
        self, rows: Rows, device: torch.device, function: Callable[[Tensor], Tensor] | None = None
    ) -> None:
        self.rows, self.device, self.function = rows, device, function
        width = rows.shape[1] if function is None else self._width(function)
        self.shape = (len(rows), width)

    def __len__(self) -> int:
        return self.shape[0]

    def epoch(self, size: int, generator: torch.Generator) -> Iterator[Tensor]:
        """Yield batches shuffled within a buffer of randomly chosen chunks; see `Batches`."""
        left = torch.empty(0, self.rows.shape[1])
        for buffer in self._buffers(generator):
            mixed = torch.cat([left, buffer]) if len(left) else buffer
            order = torch.randperm(len(mixed), generator=generator, device=self.device).cpu()
            whole = len(mixed) - len(mixed) % size
            for index in order[:whole].split(size):
                yield self._given(mixed[index])
            left = mixed[order[whole:]]
        if len(left):
            yield self._given(left)

    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[Tensor]:
        """Yield every sample in order."""
        return (self._given(torch.from_numpy(block)) for block in self.rows.blocks(size))

    def sample(self, size: int, generator: torch.Generator) -> Tensor:
        """Return at most `size` samples, drawn without replacement."""
        order = torch.randperm(len(self), generator=generator, device=self.device)
        chosen = np.sort(order[:size].cpu().numpy())
        return self._given(torch.from_numpy(self.rows[chosen]))

    def mapped(self, function: Callable[[Tensor], Tensor]) -> Streamed:
        """Return what `function` makes of the samples, computed anew whenever they are read."""
        inner = self.function
        both = function if inner is None else lambda x: function(inner(x))
        return Streamed(self.rows, self.device, both)

    def _buffers(self, generator: torch.Generator) -> Iterator[Tensor]:
        starts = torch.arange(0, len(self), _CHUNK_ROWS)
        shuffled = starts[torch.randperm(len(starts), generator=generator, device=self.device).cpu()]
        chunks = max(_BUFFER_BYTES // (4 * self.rows.shape[1] * _CHUNK_ROWS), 1)
        for group in shuffled.split(chunks):
            parts = [self.rows[start : start + _CHUNK_ROWS] for start in group.tolist()]
            yield torch.from_numpy(np.concatenate(parts))

    def _given(self, stored: Tensor) -> Tensor:
        values = stored.to(self.device)
        if self.function is None:
            return values
        with torch.no_grad():
            return self.function(values).float()

    def _width(self, function: Callable[[Tensor], Tensor]) -> int:
        with torch.no_grad():
            return int(function(torch.from_numpy(self.rows[:1]).to(self.device)).shape[1])
