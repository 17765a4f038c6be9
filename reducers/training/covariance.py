"""Mean and covariance of samples, read a block at a time, on a CPU or on another device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reducers.rows import FloatArray, Rows
from reducers.training.kept_memory import freed_memory_kept

if TYPE_CHECKING:
    from torch import Tensor

    from reducers.training.batches import Batches

Matrix = NDArray[np.float64]

# Values of a block: enough for a product at full speed, 32 MiB in single precision.
_BLOCK_VALUES = 2**23


def covariance(X: FloatArray | Rows) -> tuple[FloatArray, Matrix]:
    """Return the mean (d,) and the covariance (d, d) of samples `X`, of shape (n, d), on the CPU.

    The samples are read once, but for the first block: blocks less the mean of the first are multiplied
    in single precision and summed in double, and what that mean was off by is taken out at the end.
    """
    n, d = X.shape
    rows = min(max(_BLOCK_VALUES // d, 1), n)
    shifted = np.empty((rows, d), dtype=np.float32)
    part = np.empty((d, d), dtype=np.float32)
    with freed_memory_kept():
        shift = X[:rows].mean(axis=0)
        sums, products = np.zeros(d), np.zeros((d, d))
        for start in range(0, n, rows):
            block = X[start : start + rows]
            inner = np.subtract(block, shift, out=shifted[: len(block)])
            sums += inner.sum(axis=0)
            # Of a matrix and its own transpose, numpy computes one triangle and mirrors it.
            products += np.matmul(inner.T, inner, out=part)
    off = sums / n
    products -= n * np.outer(off, off)
    return (shift + off).astype(np.float32), products / max(n - 1, 1)


def covariance_on_device(data: Batches) -> tuple[FloatArray, Matrix]:
    """Return the same of `data` on its device."""
    import torch

    from reducers.training.products import product

    n, d = data.shape
    mean = mean_on_device(data)
    # Where the device has no double precision, the sums are kept on the CPU.
    sums = torch.zeros(d, d, dtype=torch.float64, device=_with_double(data))
    for block in data.blocks():
        centred = block - mean
        sums += product(centred.T, centred).to(sums.device)
    return mean.cpu().numpy(), (sums / max(n - 1, 1)).cpu().numpy()


def mean_on_device(data: Batches) -> Tensor:
    """Return the mean row of `data`, summed in double precision."""
    import torch

    total = torch.zeros(data.shape[1], dtype=torch.float64, device=_with_double(data))
    for block in data.blocks():
        total += block.to(total.device).sum(dim=0, dtype=torch.float64)
    return (total / len(data)).float().to(data.device)


def _with_double(data: Batches) -> Any:
    return "cpu" if data.device.type == "mps" else data.device
