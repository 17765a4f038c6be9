"""Training data on a device: shuffled mini-batches of what fits there, or streamed from a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

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


def make_batches(X: FloatArray | Rows, device: torch.device) -> Batches:
    """Return `X` on `device`: as bytes where it is stored so, streamed where it lies in a file."""
    if isinstance(X, Rows) and X.mapped:
        return Streamed(X, device)
    if isinstance(X, Rows) and X.compact:
        return Batches(to_tensor(X.array, device), X.scale)
    return Batches(to_tensor(np.asarray(X), device))


def to_tensor(X: NDArray[Any], device: torch.device) -> Tensor:
    """Return an array on `device`."""
    # A read-only array (memory-mapped, say) cannot be wrapped without a copy.
    return torch.from_numpy(X if X.flags.writeable else X.copy()).to(device)


def row_numbers(n: int, device: torch.device) -> Batches:
    """Return the numbers below `n`, of shape (n, 1), for a loss that looks up what belongs to a row.

    A batch of them, ``[:, 0].long()``, is exact below 2**24.
    """
    return Batches(torch.arange(n, device=device).unsqueeze(1))


class Batches:
    """Samples of shape (n, n_features) on a device, given as float32 tensors.

    Parameters
    ----------
    data : Tensor
        The samples: float32, or bytes that are divided by `scale` when used.
    """

    def __init__(self, data: Tensor, scale: float = 1.0) -> None:
        self.data: Any = data
        self.scale, self.device, self.shape = scale, data.device, tuple(data.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def epoch(self, size: int, generator: torch.Generator) -> Iterator[Tensor]:
        """Yield every sample once, shuffled anew, in batches of `size`; the last may be smaller."""
        for index in self._shuffled(len(self), generator).split(size):
            yield self._values(self.data[index])

    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[Tensor]:
        """Yield every sample in order."""
        return (self._values(self.data[start : start + size]) for start in range(0, len(self), size))

    def sample(self, size: int, generator: torch.Generator) -> Tensor:
        """Return at most `size` samples, drawn without replacement."""
        return self._values(self.data[self._shuffled(len(self), generator)[:size]])

    def mapped(self, function: Callable[[Tensor], Tensor]) -> Batches:
        """Return what `function`, which maps batches to batches, makes of the samples; computed now."""
        with torch.no_grad():
            return Batches(torch.cat([function(block).float() for block in self.blocks()]))

    def _shuffled(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.randperm(n, generator=generator, device=self.device)

    def _values(self, stored: Any) -> Tensor:
        values: Tensor = stored if stored.dtype == torch.float32 else stored.float().div_(self.scale)
        return values


class Streamed(Batches):
    """Samples that stay in their file, `function` of them; only a buffer is in memory at a time."""

    def __init__(
        self, rows: Rows, device: torch.device, function: Callable[[Tensor], Tensor] = torch.Tensor.float
    ) -> None:
        self.data, self.device, self.function = rows, device, function
        self.shape = (len(rows), self._values(rows[:1]).shape[1])

    def epoch(self, size: int, generator: torch.Generator) -> Iterator[Tensor]:
        """Yield batches shuffled within a buffer of randomly chosen chunks; see `Batches`."""
        left = np.empty((0, self.data.shape[1]), dtype=np.float32)
        for buffer in self._buffers(generator):
            mixed = np.concatenate([left, buffer]) if len(left) else buffer
            order = self._shuffled(len(mixed), generator).cpu().numpy()
            whole = len(mixed) - len(mixed) % size
            for start in range(0, whole, size):
                yield self._values(mixed[order[start : start + size]])
            left = mixed[order[whole:]]
        if len(left):
            yield self._values(left)

    def sample(self, size: int, generator: torch.Generator) -> Tensor:
        """See `Batches`."""
        order = self._shuffled(len(self), generator)
        return self._values(self.data[np.sort(order[:size].cpu().numpy())])

    def mapped(self, function: Callable[[Tensor], Tensor]) -> Streamed:
        """Return what `function` makes of the samples, computed anew whenever they are read."""
        inner = self.function
        return Streamed(self.data, self.device, lambda x: function(inner(x)))

    def _buffers(self, generator: torch.Generator) -> Iterator[FloatArray]:
        starts = np.arange(0, len(self), _CHUNK_ROWS)
        shuffled = starts[self._shuffled(len(starts), generator).cpu().numpy()]
        chunks = max(_BUFFER_BYTES // (4 * self.data.shape[1] * _CHUNK_ROWS), 1)
        for first in range(0, len(shuffled), chunks):
            group = shuffled[first : first + chunks]
            yield np.concatenate([self.data[start : start + _CHUNK_ROWS] for start in group])

    def _values(self, stored: FloatArray) -> Tensor:
        with torch.no_grad():
            return self.function(torch.from_numpy(stored).to(self.device)).float()
