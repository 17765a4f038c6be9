"""Weights while they are trained: one flat master copy in single precision, and what the network sees."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import torch
from torch import Tensor


class MasterWeights:
    """Lends a network weights in a `dtype` of its own while one flat tensor of them is optimised.

    Micikevicius et al. (2018), Mixed precision training: products in half precision, updates in
    single. All parameters lie in one tensor, so the optimiser makes one pass over memory and the
    cast to the working copy is one more; autocast would cast every weight and every gradient anew.

    Parameters
    ----------
    parameters : sequence of torch.nn.Parameter
        On one device, float32. They are float32 again, and contiguous, when the context ends.
    dtype : torch.dtype
        Of the weights the network computes with: float32 or bfloat16.

    Attributes
    ----------
    master : torch.nn.Parameter of shape (number of weights,)
        To be given to the optimiser; its gradient is set by `collect_gradients`.
    """

    def __init__(self, parameters: Sequence[torch.nn.Parameter], dtype: torch.dtype) -> None:
        self.parameters = list(parameters)
        self.dtype = dtype
        flat = torch.cat([p.detach().reshape(-1) for p in self.parameters]).float()
        self.master = torch.nn.Parameter(flat)
        self.master.grad = torch.zeros_like(flat)
        self._working = flat if dtype == torch.float32 else flat.to(dtype)
        self._gradients = self._views(self.master.grad)

    def __enter__(self) -> Self:
        for parameter, view in zip(self.parameters, self._views(self._working), strict=True):
            parameter.data = view
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for parameter, view in zip(self.parameters, self._views(self.master.detach()), strict=True):
            parameter.grad = None
            parameter.data = view.clone()

    def forget_gradients(self) -> None:
        """Let the next backward pass write gradients anew instead of adding to them."""
        for parameter in self.parameters:
            parameter.grad = None

    def collect_gradients(self) -> None:
        """Copy the parameters' gradients to the master's; 0 where a parameter has none."""
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in self.parameters]
        torch._foreach_copy_(self._gradients, gradients)

    def publish(self) -> None:
        """Give the network the master's present values."""
        if self._working.dtype != torch.float32:
            self._working.copy_(self.master.detach())

    def _views(self, flat: Tensor) -> list[Tensor]:
        sizes = [parameter.numel() for parameter in self.parameters]
        pieces = flat.split(sizes)
        return [piece.view(p.shape) for piece, p in zip(pieces, self.parameters, strict=True)]
