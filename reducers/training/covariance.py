"""Mean and covariance of samples, read a block at a time, on a CPU or on another device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reducers.rows import FloatArray, Rows
from reducers.training.batches import Batches
from reducers.training.products import product

Matrix = NDArray[np.float64]

# Values of a block: enough for a product at full speed, 32 MiB in single precision.
_BLOCK_VALUES = 2**23


@dataclass(frozen=True)
class Scatter:
    """The number of samples, their mean (d,) and the sum of products of their deviations from it (d, d)."""

    n: int
    mean: Matrix
    products: Matrix

    def __add__(self, other: Scatter) -> Scatter:
        """Return that of both samples together (Chan, Golub and LeVeque 1983, Am. Statistician 37)."""
        n, shift = self.n + other.n, other.mean - self.mean
        between = np.outer(shift, shift) * (self.n * other.n / n)
        return Scatter(n, self.mean + shift * (other.n / n), self.products + other.products + between)

    @property
    def covariance(self) -> Matrix:
        """The covariance, (d, d)."""
        return self.products / max(self.n - 1, 1)


def scatter(X: FloatArray | Rows) -> Scatter:
    """Return the scatter of samples `X`, of shape (n, d), on the CPU.

    Blocks are multiplied in single precision, less the mean, and summed in double.
    """
    n, d = X.shape
    rows = max(_BLOCK_VALUES // d, 1)
    blocks = [slice(start, start + rows) for start in range(0, n, rows)]
    sums, products = np.zeros(d), np.zeros((d, d))
    for block in blocks:
        sums += X[block].sum(axis=0, dtype=np.float64)
    mean = (sums / n).astype(np.float32)
    for block in blocks:
        centred = X[block] - mean
        # Of a matrix and its own transpose, numpy computes one triangle and mirrors it.
        products += centred.T @ centred
    return Scatter(n, mean.astype(np.float64), products)


def scatter_on_device(data: Batches) -> Scatter:
    """Return the same of `data` on its device."""
    n, d = data.shape
    mean = mean_on_device(data)
    sums = torch.zeros(d, d, dtype=torch.float64, device=_with_double(data))
    for block in data.blocks():
        centred = block - mean
        sums += product(centred.T, centred).to(sums.device)
    return Scatter(n, mean.cpu().double().numpy(), sums.cpu().numpy())


def mean_on_device(data: Batches) -> Tensor:
    """Return the mean row of `data`, summed in double precision."""
    total = torch.zeros(data.shape[1], dtype=torch.float64, device=_with_double(data))
    for block in data.blocks():
        total += block.to(total.device).sum(dim=0, dtype=torch.float64)
    return (total / len(data)).float().to(data.device)


def _with_double(data: Batches) -> Any:
    # Where the device has no double precision, sums are kept on the CPU.
    return "cpu" if data.device.type == "mps" else data.device
